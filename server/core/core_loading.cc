// How the core comes to know what the log holds: at the start, and what others append.
#include <sodium.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "plugins/program_log.h"
#include "server/core/core_thread.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

Baselines::Options baselines_options(const ServerSettings& settings) {
  Baselines::Options options;
  options.bytes = static_cast<std::size_t>(settings.memory_mib) << 20U;
  return options;
}

/// Up to kCatchUpEntries entries after a place. They are read before anything is done with them:
/// who hears of one may want to read the log.
Result<std::vector<LogEntry>> some_after(OrderedLog& log, std::uint64_t place) {
  std::vector<LogEntry> out;
  const Status read = log.read(place, std::nullopt, [&out](const LogEntry& entry) {
    out.push_back(entry);
    return out.size() < kCatchUpEntries;
  });
  if (!read) return read.error();
  return out;
}

}  // namespace

CoreThread::CoreThread(const ServerSettings& settings, Store store)
    : settings_(settings),
      store_(std::move(store)),
      baselines_(std::make_unique<Baselines>(baselines_options(settings))) {}

Status CoreThread::load(const std::function<void(double)>& progress) {
  if (!store_.warning.empty()) program_log::warning(store_.warning);
  std::uint64_t snapshot_place = 0;
  Result<std::optional<OrderedLog::Snapshot>> kept = store_.log->snapshot(kBaselinesSnapshot);
  if (!kept) return kept.error();
  if (kept.value()) {
    const Result<std::uint64_t> last = store_.log->last();
    if (!last) return last.error();
    Status loaded = Error{"", "it is of a later place than the log"};
    if (kept.value()->place <= last.value()) loaded = baselines_->load(kept.value()->bytes);
    if (loaded.ok()) {
      snapshot_place = kept.value()->place;
    } else {
      program_log::warning("the snapshot of the baselines is not used, all is folded anew: " +
                           loaded.error().message());
      baselines_ = std::make_unique<Baselines>(baselines_options(settings_));
    }
  }
  if (Status folded = fold_all(snapshot_place, progress); !folded) return folded;
  upkeep_ = std::make_unique<Upkeep>(
      *store_.log, *store_.alerts, *baselines_, snapshot_place,
      [this](std::vector<LogEntry> entries) -> Status {
        const auto committed = commit(entries);
        return committed ? Status() : Status(committed.error());
      },
      [this](const std::string& group) { return connected(group); });
  if (Status caught_up = catch_up_alerts(); !caught_up) return caught_up;
  return first_entries();
}

std::size_t CoreThread::connected(const std::string& group) const {
  return static_cast<std::size_t>(std::count_if(live_.begin(), live_.end(), [&](const auto& one) {
    const AgentRecord* record = one.second.connected ? state_.agent(one.first) : nullptr;
    return record != nullptr && record->group == group;
  }));
}

Status CoreThread::fold_all(std::uint64_t snapshot_place,
                            const std::function<void(double)>& progress) {
  const Result<std::uint64_t> last = store_.log->last();
  if (!last) return last.error();
  std::uint64_t seen = 0;
  // A fold in order is right as long as nothing has moved or gone: contributions stand at the place
  // of their last delta, and a drop reaches back.
  bool in_order = true;
  std::map<std::string, std::uint64_t> rounds;
  const Status read = store_.log->read(0, std::nullopt, [&](const LogEntry& entry) {
    state_.fold(entry);
    const bool moved = entry.kind == EntryKind::contribution || entry.kind == EntryKind::drop;
    if (moved && entry.place > snapshot_place) in_order = false;
    // Without a snapshot all rounds are needed, and old ones go.
    if (entry.kind == EntryKind::round && snapshot_place == 0) {
      std::uint64_t& round = rounds[entry.subject];
      if (entry.number != round + 1) in_order = false;
      round = entry.number;
    }
    if (entry.place > snapshot_place) baselines_->fold(entry);
    folded_ = entry.place;
    if (progress && ++seen % kCatchUpEntries == 0 && last.value() > 0) {
      progress(static_cast<double>(entry.place) / static_cast<double>(last.value()));
    }
    return true;
  });
  if (!read) return read;
  if (!in_order) {
    if (Status folded = baselines_->refold(*store_.log, nullptr); !folded) return folded;
  }
  if (progress) progress(1);
  return {};
}

Status CoreThread::first_entries() {
  std::vector<LogEntry> entries;
  if (state_.key_number() == 0) {
    LogEntry key;
    key.kind = EntryKind::fleet_key;
    key.number = 1;
    key.data.resize(sizeof(HashKey::bytes));
    randombytes_buf(key.data.data(), key.data.size());
    entries.push_back(std::move(key));
  }
  if (state_.group(kDefaultGroup) == nullptr) {
    log::GroupT table;
    table.by = "local";
    entries.push_back(packed_entry(EntryKind::group, kDefaultGroup, 1, 0, table));
  }
  const Result<std::vector<Committed>> committed = commit(entries);
  return committed ? Status() : Status(committed.error());
}

Status CoreThread::catch_up() {
  const Result<std::uint64_t> last = store_.log->last();
  if (!last) return last.error();
  while (folded_ < last.value()) {
    Result<std::vector<LogEntry>> entries = some_after(*store_.log, folded_);
    if (!entries) return entries.error();
    if (entries.value().empty()) break;
    fold(entries.value());
  }
  return alerts_behind_ ? catch_up_alerts() : Status();
}

Status CoreThread::catch_up_alerts() {
  alerts_behind_ = true;
  for (std::uint64_t place = store_.alerts->folded(); place < folded_;) {
    const Result<std::vector<LogEntry>> entries = some_after(*store_.log, place);
    if (!entries) return entries.error();
    if (entries.value().empty()) break;
    if (Status folded = store_.alerts->fold(entries.value()); !folded) return folded;
    place = entries.value().back().place;
  }
  alerts_behind_ = false;
  return {};
}

}  // namespace doorward
