#include "server/core/core.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/clock.h"
#include "plugins/program_log.h"
#include "server/core/core_thread.h"

namespace doorward {

Result<std::unique_ptr<Core>> Core::open(const ServerSettings& settings, Store store,
                                         const std::function<void(double)>& progress) {
  auto core = std::make_unique<CoreThread>(settings, std::move(store));
  if (Status loaded = core->load(progress); !loaded) return loaded.error();
  return std::unique_ptr<Core>(std::move(core));
}

CoreThread::~CoreThread() {
  stop();
}

FleetView CoreThread::view() {
  return {state_, *store_.alerts, *baselines_, live_, *store_.log, settings_, clock_now()};
}

void CoreThread::put(Item item) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(item));
    waiting_.fetch_add(1);
  }
  wake_.notify_one();
}

void CoreThread::ask(Question question) {
  put({std::move(question), {}, {}});
}

void CoreThread::change(Propose propose, Done done) {
  put({{}, std::move(propose), std::move(done)});
}

void CoreThread::reload(const ServerSettings& settings) {
  ask([this, settings](FleetView&) { settings_ = settings; });
}

void CoreThread::start() {
  thread_ = std::thread([this] { run(); });
}

void CoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  wake_.notify_one();
  if (!thread_.joinable()) return;
  thread_.join();
  if (const Status kept = upkeep_->keep_snapshot(folded_); !kept) {
    program_log::warning("no snapshot of the baselines, the next start takes longer: " +
                         kept.error().message());
  }
}

void CoreThread::run_pending() {
  while (turn()) {
  }
}

std::string CoreThread::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void CoreThread::set_trouble(const Status& status) {
  const std::string text = status.ok() ? std::string() : status.error().message();
  {
    const std::lock_guard lock(mutex_);
    if (text == trouble_) return;
    trouble_ = text;
  }
  if (text.empty()) {
    program_log::info("the store takes changes again");
  } else {
    program_log::error("the store takes no changes: " + text);
  }
}

void CoreThread::run() {
  auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (;;) {
    bool ends = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, next,
                       [this] { return stopping_ || !queue_.empty() || !deferred_.empty(); });
      ends = stopping_;
    }
    const bool busy = turn();
    if (ends && !busy) return;
    if (std::chrono::steady_clock::now() >= next) {
      next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
      beat();
    }
  }
}

void CoreThread::beat() {
  Status status = catch_up();
  if (status.ok()) status = upkeep_->second(settings_, clock_now(), folded_);
  set_trouble(status);
  FleetView now = view();
  for (const Question& work : work_) work(now);
}

bool CoreThread::turn() {
  std::vector<Item> items = std::move(deferred_);
  deferred_.clear();
  {
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && items.size() < kTurnMax) {
      items.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  if (items.empty()) return false;
  run_items(items);
  return true;
}

void CoreThread::run_items(std::vector<Item>& items) {
  std::vector<Slot> slots(items.size());
  std::vector<LogEntry> entries;
  claims_.clear();
  audits_ = state_.audits();
  bool proposed = false;
  bool full = false;
  std::size_t bytes = 0;
  FleetView before = view();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].question) {
      // One asked after a change has to see it, so it waits for the commit.
      if (proposed || full) continue;
      items[i].question(before);
      slots[i].is = Slot::Is::answered;
      continue;
    }
    if (full || !propose(items[i], slots[i], entries, before)) {
      slots[i].is = Slot::Is::deferred;
      continue;
    }
    proposed = true;
    for (std::size_t e = slots[i].begin; e < slots[i].end; ++e) bytes += entries[e].data.size();
    full = entries.size() >= kTurnEntriesMax || bytes >= kTurnBytesMax;
  }
  const Result<std::vector<Committed>> all = commit(entries);
  FleetView after = view();
  std::size_t finished = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Slot& slot = slots[i];
    if (slot.is == Slot::Is::deferred) {
      deferred_.push_back(std::move(items[i]));
      continue;
    }
    ++finished;
    if (slot.is == Slot::Is::answered) continue;
    if (slot.is == Slot::Is::asked) {
      items[i].question(after);
      continue;
    }
    if (!items[i].done) continue;
    if (slot.is == Slot::Is::failed) {
      items[i].done(slot.error, after);
    } else if (slot.begin == slot.end) {
      items[i].done(std::vector<Committed>(), after);
    } else if (!all) {
      items[i].done(all.error(), after);
    } else {
      const auto first = all.value().begin();
      items[i].done(std::vector<Committed>(first + static_cast<std::ptrdiff_t>(slot.begin),
                                           first + static_cast<std::ptrdiff_t>(slot.end)),
                    after);
    }
  }
  waiting_.fetch_sub(finished);
}

bool CoreThread::propose(Item& item, Slot& slot, std::vector<LogEntry>& entries, FleetView& view) {
  Result<std::vector<LogEntry>> made = item.propose(view);
  if (!made) {
    slot.is = Slot::Is::failed;
    slot.error = made.error();
    return true;
  }
  if (!claim(made.value())) return false;
  for (LogEntry& entry : made.value()) {
    if (entry.kind == EntryKind::audit && entry.number == 0) entry.number = ++audits_;
  }
  slot.is = Slot::Is::proposed;
  slot.begin = entries.size();
  std::move(made.value().begin(), made.value().end(), std::back_inserter(entries));
  slot.end = entries.size();
  return true;
}

/// Two proposals of one turn cannot see each other: the second of those who chose the same number
/// is asked again in the next turn. Who sends a delta or an alert twice finds it there.
bool CoreThread::claim(const std::vector<LogEntry>& entries) {
  std::vector<Claim> mine;
  for (const LogEntry& entry : entries) {
    if (entry.kind == EntryKind::delta || entry.kind == EntryKind::alert) continue;
    if (entry.kind == EntryKind::audit && entry.number == 0) continue;
    mine.emplace_back(entry.kind, entry.subject, entry.number);
    if (claims_.contains(mine.back())) return false;
  }
  for (Claim& one : mine) claims_.insert(std::move(one));
  return true;
}

Result<std::vector<Committed>> CoreThread::commit(std::vector<LogEntry>& entries) {
  std::vector<Committed> out(entries.size());
  if (entries.empty()) return out;
  const TimeUs now = clock_now();
  for (LogEntry& entry : entries) {
    if (entry.at == 0) entry.at = now;
  }
  const Result<std::vector<std::optional<std::uint64_t>>> places = store_.log->append(entries);
  if (!places) {
    set_trouble(places.error());
    return places.error();
  }
  set_trouble({});
  assert(places.value().size() == entries.size());
  bool in_order = true;
  bool repeats = false;
  std::uint64_t expected = folded_;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out[i].place = places.value()[i];
    if (!out[i].place) {
      repeats = true;
      continue;
    }
    in_order = in_order && *out[i].place == ++expected;
    entries[i].place = *out[i].place;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
  // Another server, or the command line, wrote in between: everything in its order.
  if (in_order) fold(entries);
  // So that who tries another number sees by whom this one was taken.
  if (!in_order || repeats) set_trouble(catch_up());
  return out;
}

void CoreThread::fold(std::vector<LogEntry>& entries) {
  if (entries.empty()) return;
  bool alerts = false;
  for (const LogEntry& entry : entries) {
    assert(entry.place > folded_);
    state_.fold(entry);
    baselines_->fold(entry);
    folded_ = entry.place;
    alerts = alerts || entry.kind == EntryKind::alert || entry.kind == EntryKind::verdict;
  }
  if (alerts && !alerts_behind_) {
    // What finds no room on the disk now is folded from the log later.
    alerts_behind_ = !store_.alerts->fold(entries).ok();
  }
  FleetView now = view();
  for (const LogEntry& entry : entries) {
    for (const Listener& listener : listeners_) listener(entry, now);
  }
}

}  // namespace doorward
