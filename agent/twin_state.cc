// What the merging of twins remembers, as bytes.
#include <algorithm>
#include <cmath>

#include "agent/twin_absence.h"
#include "agent/twin_merge.h"
#include "agent/twin_parts.h"
#include "plugins/state_fields.h"

namespace doorward {
namespace {

constexpr std::uint8_t kMergeVersion = 1;
constexpr std::uint8_t kAbsenceVersion = 1;

std::uint16_t read_count(StateReader& in, std::size_t max) {
  std::uint16_t count = 0;
  in.between(count, std::uint16_t{0}, static_cast<std::uint16_t>(max));
  return count;
}

/// The entries in use, each behind its place, which grows. `archive_entry` takes those after the
/// head.
template <class Entry, class ArchiveEntry>
void save_table(StateWriter& out, const EntityTable<Entry>& table, ArchiveEntry archive_entry) {
  const std::span<const Entry> entries = table.entries();
  out(static_cast<std::uint16_t>(std::count_if(entries.begin(), entries.end(),
                                               [](const Entry& entry) { return entry.key != 0; })));
  for (std::size_t place = 0; place < entries.size(); ++place) {
    const Entry& entry = entries[place];
    if (entry.key == 0) continue;
    out(static_cast<std::uint16_t>(place), entry.key, entry.newest, entry.rank);
    archive_entry(out, entry);
  }
}

template <class Entry, class ArchiveEntry>
void load_table(StateReader& in, const EntityTable<Entry>& table, ArchiveEntry archive_entry) {
  const std::span<Entry> entries = table.entries();
  const auto last = static_cast<std::uint16_t>(entries.size() - 1);
  std::uint32_t least = 0;
  for (std::uint16_t count = read_count(in, entries.size()); count != 0 && in.ok(); --count) {
    std::uint16_t place = 0;
    in.between(place, std::uint16_t{0}, last);
    if (place < least) in.fail();
    least = place + 1U;
    Entry entry;
    in(entry.key, entry.newest, entry.rank);
    if (entry.key == 0) in.fail();
    archive_entry(in, entry);
    if (in.ok()) entries[place] = entry;
  }
}

void archive_sum(StateWriter& out, double sum) {
  out(sum);
}
void archive_sum(StateReader& in, double& sum) {
  in(sum);
  if (!std::isfinite(sum) || sum < 0) in.fail();
}

}  // namespace

template <class Archive, class AnyNode>
void TwinAbsence::archive_node(Archive& a, AnyNode& node) {
  archive_time(a, node.first);
  archive_time(a, node.last);
  archive_sum(a, node.squares);
  archive_sum(a, node.seconds);
  a(node.gaps);
  const std::size_t known = std::min<std::size_t>(node.gaps, kGapsMax);
  for (std::size_t i = 0; i < known; ++i) {
    archive_time(a, node.gap[i].from);
    archive_time(a, node.gap[i].to);
  }
}

template <class Archive, class AnyProgram>
void TwinAbsence::archive_program(Archive& a, AnyProgram& program) {
  a(program.node.low, program.node.high, program.silent);
  archive_time(a, program.since);
}

void TwinAbsence::save(StateWriter& out) const {
  static_assert(kNodesMax <= UINT16_MAX && kProgramsMax <= UINT16_MAX);
  out.version(kAbsenceVersion);
  save_table(out, nodes_, [](auto& a, auto& node) { archive_node(a, node); });
  save_table(out, programs_, [](auto& a, auto& program) { archive_program(a, program); });
}

void TwinAbsence::load(StateReader& in) {
  in.version(kAbsenceVersion);
  load_table(in, nodes_, [](auto& a, auto& node) { archive_node(a, node); });
  load_table(in, programs_, [](auto& a, auto& program) { archive_program(a, program); });
  if (in.ok()) return;
  std::fill_n(node_memory_.get(), kNodesMax, Node{});
  std::fill_n(program_memory_.get(), kProgramsMax, Program{});
}

template <class Archive, class AnyMerge>
void TwinMerge::archive_numbers(Archive& a, AnyMerge& merge) {
  a(merge.expected_);
  archive_time_if_any(a, merge.now_);
  archive_time_if_any(a, merge.reviewed_);
  a(merge.merged_, merge.late_, merge.pushed_out_, merge.missing_);
  archive_time_if_any(a, merge.last_time_);
  a(merge.last_told_, merge.last_user_, merge.last_pid_);
}

void TwinMerge::save(StateWriter& out) const {
  out.version(kMergeVersion);
  archive_numbers(out, *this);
  const bool tables = waiting_ != nullptr;
  out(tables);
  if (tables) save_tables(out);
  const bool absence = absence_ != nullptr;
  out(absence);
  if (absence) absence_->save(out);
}

/// What waits is written in the order of its arrival, which is that of its index as well. Its keys
/// are those it had then: a merge may have added a pid or a name.
void TwinMerge::save_tables(StateWriter& out) const {
  std::vector<std::int32_t> slots = heap_;
  slots.insert(slots.end(), suspects_.begin(), suspects_.end());
  std::sort(slots.begin(), slots.end(), [this](std::int32_t a, std::int32_t b) {
    return waiting_[static_cast<std::size_t>(a)].arrival <
           waiting_[static_cast<std::size_t>(b)].arrival;
  });
  out(static_cast<std::uint16_t>(slots.size()));
  for (const std::int32_t slot : slots) {
    out(waiting_index_->key(slot), waiting_index_->other_key(slot));
    waiting_[static_cast<std::size_t>(slot)].held.save(out);
  }
  out(static_cast<std::uint16_t>(suspects_.size()));
  for (const std::int32_t slot : suspects_) {
    out(static_cast<std::uint16_t>(std::find(slots.begin(), slots.end(), slot) - slots.begin()));
  }

  const auto known = std::count_if(traces_.get(), traces_.get() + twins::kTracesMax,
                                   [](const Trace& trace) { return trace.used; });
  out(static_cast<std::uint16_t>(known));
  for (std::size_t i = 0; i < twins::kTracesMax; ++i) {
    const std::size_t at = (next_trace_ + i) % twins::kTracesMax;  // oldest first
    const Trace& trace = traces_[at];
    if (!trace.used) continue;
    const auto slot = static_cast<std::int32_t>(at);
    out(trace_index_->key(slot), trace_index_->other_key(slot), trace.told, trace.pid);
    archive_time(out, trace.time);
    archive_ip(out, trace.ip);
    trace.user.save(out);
    trace.effective.save(out);
    trace.method.save(out);
    trace.address.save(out);
    trace.host.save(out);
  }
}

void TwinMerge::load(StateReader& in) {
  const Told expected = expected_;
  reset();
  in.version(kMergeVersion);
  archive_numbers(in, *this);
  if (twins::common(expected_, twins::kHostLogs) != expected_) in.fail();
  merging_ = twins::logs_in(expected_) >= 2;
  bool tables = false;
  in(tables);
  if (merging_ && !tables) in.fail();
  if (tables) load_tables(in);
  bool absence = false;
  in(absence);
  if (merging_ && has(expected_, Told::auditd) && !absence) in.fail();
  if (!suspects_.empty() && !absence) in.fail();
  if (absence) {
    absence_ = std::make_unique<TwinAbsence>();
    absence_->load(in);
  }
  if (in.ok()) return;
  reset();
  expect(expected);
}

void TwinMerge::load_tables(StateReader& in) {
  make_tables();
  const std::uint16_t count = read_count(in, merging_ ? kHeldEventsMax : 0);
  for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
    const std::int32_t slot = free_.back();
    free_.pop_back();
    Waiting& waiting = waiting_[static_cast<std::size_t>(slot)];
    std::uint64_t key = 0;
    std::uint64_t other_key = 0;
    in(key, other_key);
    waiting.held.load(in);
    waiting.arrival = arrivals_++;
    waiting_index_->insert(slot, key, other_key);
    leaving_.push_back(slot);  // in the order of arrival
  }
  for (std::uint16_t left = read_count(in, std::min<std::size_t>(count, twins::kSuspectsMax));
       left != 0 && in.ok(); --left) {
    std::uint16_t place = 0;
    in.between(place, std::uint16_t{0}, static_cast<std::uint16_t>(count - 1));
    if (!in.ok()) break;
    Waiting& waiting = waiting_[static_cast<std::size_t>(leaving_[place])];
    if (waiting.suspect) in.fail();
    waiting.suspect = true;
    suspects_.push_back(leaving_[place]);
  }
  for (const std::int32_t slot : leaving_) {
    if (waiting_[static_cast<std::size_t>(slot)].suspect) continue;
    heap_.push_back(slot);
    waiting_[static_cast<std::size_t>(slot)].position = heap_.size() - 1;
    sift_up(heap_.size() - 1);
  }
  leaving_.clear();

  for (std::uint16_t left = read_count(in, twins::kTracesMax); left != 0 && in.ok(); --left) {
    const auto slot = static_cast<std::int32_t>(next_trace_);
    Trace& trace = traces_[next_trace_];
    next_trace_ = (next_trace_ + 1) % twins::kTracesMax;
    trace.used = true;
    std::uint64_t key = 0;
    std::uint64_t other_key = 0;
    in(key, other_key, trace.told, trace.pid);
    archive_time(in, trace.time);
    archive_ip(in, trace.ip);
    trace.user.load(in);
    trace.effective.load(in);
    trace.method.load(in);
    trace.address.load(in);
    trace.host.load(in);
    trace_index_->insert(slot, key, other_key);
  }
}

void TwinMerge::reset() {
  expected_ = Told::none;
  merging_ = false;
  now_ = reviewed_ = kNoTime;
  arrivals_ = merged_ = late_ = pushed_out_ = missing_ = 0;
  waiting_.reset();
  waiting_index_.reset();
  traces_.reset();
  trace_index_.reset();
  absence_.reset();
  free_.clear();
  heap_.clear();
  suspects_.clear();
  leaving_.clear();
  next_trace_ = 0;
  last_time_ = kNoTime;
  last_told_ = Told::none;
  last_user_ = 0;
  last_pid_ = 0;
}

}  // namespace doorward
