#include "agent/twin_merge.h"

#include <algorithm>
#include <utility>

#include "agent/twin_parts.h"
#include "agent/twin_traits.h"

namespace doorward {
namespace {

using twins::kHostLogs;
using twins::kSuspectsMax;
using twins::kTracesMax;
using twins::logs_in;
using twins::Traits;
using twins::traits_of;

/// A step back in time by more than this is the clock being set, not a log that is behind.
constexpr TimeUs kClockSetUs = 3600 * kSecondUs;

/// Suspects are looked at again when event time has gone on by this.
constexpr TimeUs kReviewUs = kSecondUs;

/// So many failures are guessing, which a rule wants to see before the success that ends it. Fewer
/// stay for their twin, which is seldom late.
constexpr std::size_t kGuessingMin = 5;

constexpr std::int32_t kNone = TwinIndex::kNone;

}  // namespace

/// By process the first in order, since a process makes its attempts one after the other; by name,
/// where several processes may be in it, the nearest in time. `traits` gives those of a slot.
template <class TraitsOf>
std::int32_t TwinMerge::find_slot(const TwinIndex& index, const Keys& keys, const Event& event,
                                  TimeUs time_max, TraitsOf traits) {
  const Traits mine = traits_of(event);
  const auto distance = [&](std::int32_t slot) {
    const Traits other = traits(slot);
    return twins::are_twins(other, mine, time_max) ? twins::distance(other, mine) : INT64_MAX;
  };
  std::int32_t slot = index.first(keys.process, distance);
  if (slot == kNone) slot = index.nearest(keys.user_without_pid, distance);
  if (slot == kNone && keys.process == 0) slot = index.nearest(keys.user_with_pid, distance);
  return slot;
}

TwinMerge::TwinMerge(EventSink& next) : next_(next) {}
TwinMerge::~TwinMerge() = default;

void TwinMerge::expect(Told both) {
  expected_ = twins::common(both, kHostLogs);
  const bool merging = logs_in(expected_) >= 2;
  if (merging_ && !merging) finish();
  merging_ = merging;
  if (merging && has(expected_, Told::auditd) && !absence_) {
    absence_ = std::make_unique<TwinAbsence>();
  }
  if (merging && !waiting_) make_tables();
}

void TwinMerge::make_tables() {
  waiting_ = std::make_unique<Waiting[]>(kHeldEventsMax);
  waiting_index_ = std::make_unique<TwinIndex>(kHeldEventsMax);
  traces_ = std::make_unique<Trace[]>(kTracesMax);
  trace_index_ = std::make_unique<TwinIndex>(kTracesMax);
  heap_.reserve(kHeldEventsMax);
  leaving_.reserve(kHeldEventsMax);
  free_.reserve(kHeldEventsMax);
  suspects_.reserve(kSuspectsMax);
  for (std::size_t slot = kHeldEventsMax; slot-- > 0;) {
    free_.push_back(static_cast<std::int32_t>(slot));
  }
}

void TwinMerge::on_event(const Event& event) {
  if (!merging_) {
    next_.on_event(event);
    return;
  }
  const Keys keys(event);
  // One line that stands for many attempts ("message repeated 5 times", "3 incorrect password
  // attempts") gives events of one time, that of the last: the others were made before.
  const bool copy = event.time == last_time_ && event.told == last_told_ &&
                    keys.user == last_user_ && event.pid == last_pid_ &&
                    event.outcome == Outcome::failure;
  last_time_ = event.time;
  last_told_ = event.told;
  last_user_ = keys.user;
  last_pid_ = event.pid;
  Waiting* const twin = find_waiting(event, keys);
  const bool told =
      twin == nullptr && was_told(event, keys, copy ? kAttemptTimeMaxUs : kTwinTimeMaxUs);
  if (twin != nullptr) {
    ++merged_;
    merge(*twin, event);
  } else if (told) {
    ++merged_;
    ++late_;
  } else {
    hold(event, keys);
  }
}

TwinMerge::Waiting* TwinMerge::find_waiting(const Event& event, const Keys& keys) {
  const std::int32_t slot =
      find_slot(*waiting_index_, keys, event, kTwinTimeMaxUs, [this](std::int32_t other) {
        return traits_of(waiting_[static_cast<std::size_t>(other)].held.event());
      });
  return slot == kNone ? nullptr : &waiting_[static_cast<std::size_t>(slot)];
}

bool TwinMerge::was_told(const Event& event, const Keys& keys, TimeUs time_max) {
  const std::int32_t slot = find_slot(
      *trace_index_, keys, event, time_max,
      [this](std::int32_t other) { return traces_[static_cast<std::size_t>(other)].traits(); });
  if (slot == kNone) return false;
  // One twin of each log: this one is not matched by that log again.
  Trace& trace = traces_[static_cast<std::size_t>(slot)];
  trace.told = trace.told | event.told;
  return true;
}

void TwinMerge::hold(const Event& event, const Keys& keys) {
  if (free_.empty()) {
    ++pushed_out_;
    hand_on(take_earliest(), false);
  }
  const std::int32_t slot = free_.back();
  free_.pop_back();
  Waiting& waiting = waiting_[static_cast<std::size_t>(slot)];
  waiting.held.keep(event);
  waiting.arrival = arrivals_++;
  waiting.suspect = false;
  waiting_index_->insert(slot, keys.process, keys.user);
  heap_.push_back(slot);
  sift_up(heap_.size() - 1);
}

void TwinMerge::merge(Waiting& first, const Event& second) {
  const Event& held = first.held.event();
  const bool second_leads = has(held.told, Told::auditd) && !has(second.told, Told::auditd);
  Event event = second_leads ? second : held;
  const Event& other = second_leads ? held : second;
  // sshd's audit record has one word for accounts that do not exist and those that may not log on;
  // the other logs tell them apart.
  const std::string_view account = event[Field::account];
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (event.text[i].empty()) event.text[i] = other.text[i];
  }
  if (!has(event.told, Told::auditd)) event[Field::account] = account;
  if (event[Field::user_name] == twins::kHiddenName && !other[Field::user_name].empty()) {
    event[Field::user_name] = other[Field::user_name];
  }
  if (!event.ip.valid()) event.ip = other.ip;
  if (event.pid == 0) event.pid = other.pid;
  if (event.port == 0) event.port = other.port;
  event.time = std::min(held.time, second.time);
  const TimeUs until = std::max(held.time, second.time);
  event.told = held.told | second.told;
  const bool both = has(held.told, Told::auditd) != has(second.told, Told::auditd);
  if (absence_ && both && event.outcome == Outcome::success) {
    absence_->told_by_both(event, (second_leads ? held : second)[Field::original]);
  }
  scratch_.keep(event);
  std::swap(scratch_, first.held);
  const auto slot = static_cast<std::int32_t>(&first - waiting_.get());
  if (first.suspect) {
    suspects_.erase(std::find(suspects_.begin(), suspects_.end(), slot));
  } else if (!keep_order_ && told_by_all(event.told)) {
    leave_heap(first.position);
  } else {
    sift_up(first.position);
    return;
  }
  const Event& whole = first.held.event();
  if (whole.outcome == Outcome::success && whole.ip.valid()) {
    hand_on_failures_before(whole, until);
  }
  hand_on(slot, false);
}

bool TwinMerge::told_by_all(Told told) const {
  return twins::common(told, expected_) == expected_;
}

/// In the order of time. `until`: the later time of the success, since one log's seconds are cut.
void TwinMerge::hand_on_failures_before(const Event& success, TimeUs until) {
  leaving_.clear();
  for (const std::int32_t slot : heap_) {
    const Event& event = waiting_[static_cast<std::size_t>(slot)].held.event();
    if (event.outcome == Outcome::failure && event.time <= until && event.ip == success.ip) {
      leaving_.push_back(slot);
    }
  }
  if (leaving_.size() < kGuessingMin) return;
  std::sort(leaving_.begin(), leaving_.end(),
            [this](std::int32_t a, std::int32_t b) { return before(a, b); });
  for (const std::int32_t slot : leaving_) {
    leave_heap(waiting_[static_cast<std::size_t>(slot)].position);
    hand_on(slot, false);
  }
}

void TwinMerge::advance(TimeUs now) {
  if (!merging_ || now == kNoTime) return;
  if (now_ == kNoTime || now > now_ || now_ - now > kClockSetUs) now_ = now;
  while (!heap_.empty()) {
    const TimeUs time = waiting_[static_cast<std::size_t>(heap_.front())].held.event().time;
    // What is ahead by hours was written before the clock was set.
    const bool ahead = time > now_ && time - now_ > kClockSetUs;
    if (!ahead && now_ - time <= kTwinTimeMaxUs) break;
    hand_on_earliest(!ahead);
  }
  const bool due = reviewed_ == kNoTime || now_ < reviewed_ || now_ - reviewed_ >= kReviewUs;
  if (due && !suspects_.empty()) review_suspects(false);
}

void TwinMerge::finish() {
  review_suspects(true);
  while (!heap_.empty()) hand_on_earliest(false);
}

bool TwinMerge::lacks_audit(const Event& event) const {
  return absence_ && event.outcome == Outcome::success && has(expected_, Told::auditd) &&
         !has(event.told, Told::auditd);
}

/// `may_wait`: the audit log may still show whether it was being written.
void TwinMerge::hand_on_earliest(bool may_wait) {
  const std::int32_t slot = take_earliest();
  Waiting& waiting = waiting_[static_cast<std::size_t>(slot)];
  const Event& event = waiting.held.event();
  const TwinAbsence::Verdict verdict =
      lacks_audit(event) ? absence_->judge(event) : TwinAbsence::Verdict::excused;
  if (verdict != TwinAbsence::Verdict::wait || !may_wait) {
    hand_on(slot, verdict == TwinAbsence::Verdict::missing);
    return;
  }
  if (suspects_.size() == kSuspectsMax) {
    const std::int32_t oldest = suspects_.front();
    suspects_.erase(suspects_.begin());
    hand_on(oldest, false);
  }
  waiting.suspect = true;
  suspects_.push_back(slot);
}

/// `last`: nothing more will be heard.
void TwinMerge::review_suspects(bool last) {
  reviewed_ = now_;
  std::size_t kept = 0;
  for (const std::int32_t slot : suspects_) {
    const Event& event = waiting_[static_cast<std::size_t>(slot)].held.event();
    const TwinAbsence::Verdict verdict = absence_->judge(event);
    const bool silent = now_ - event.time > TwinAbsence::kSilenceMaxUs || now_ < event.time;
    if (verdict == TwinAbsence::Verdict::wait && !last && !silent) {
      suspects_[kept++] = slot;
      continue;
    }
    if (verdict == TwinAbsence::Verdict::wait && silent) absence_->fell_silent(event);
    hand_on(slot, verdict == TwinAbsence::Verdict::missing);
  }
  suspects_.resize(kept);
}

std::int32_t TwinMerge::take_earliest() {
  const std::int32_t slot = heap_.front();
  leave_heap(0);
  return slot;
}

void TwinMerge::leave_heap(std::size_t position) {
  const std::int32_t last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  place(position, last);
  sift_down(position);
  sift_up(waiting_[static_cast<std::size_t>(last)].position);
}

void TwinMerge::hand_on(std::int32_t slot, bool missing) {
  const Waiting& waiting = waiting_[static_cast<std::size_t>(slot)];
  waiting_index_->erase(slot);
  if (!told_by_all(waiting.held.event().told)) remember(waiting.held.event());
  free_.push_back(slot);
  if (!missing) {
    next_.on_event(waiting.held.event());
    return;
  }
  ++missing_;
  Event event = waiting.held.event();
  event[Field::twin] = kMissingTwin;
  next_.on_event(event);
}

void TwinMerge::remember(const Event& event) {
  const auto slot = static_cast<std::int32_t>(next_trace_);
  Trace& trace = traces_[next_trace_];
  next_trace_ = (next_trace_ + 1) % kTracesMax;
  if (trace.used) trace_index_->erase(slot);
  trace.used = true;
  trace.told = event.told;
  trace.pid = event.pid;
  trace.time = event.time;
  trace.ip = event.ip;
  trace.user.set(event[Field::user_name]);
  trace.effective.set(event[Field::user_effective_name]);
  trace.method.set(event[Field::method]);
  trace.address.set(event[Field::source_address]);
  trace.host.set(event[Field::host_name]);
  const Keys keys(event);
  trace_index_->insert(slot, keys.process, keys.user);
}

bool TwinMerge::before(std::int32_t a, std::int32_t b) const {
  const Waiting& x = waiting_[static_cast<std::size_t>(a)];
  const Waiting& y = waiting_[static_cast<std::size_t>(b)];
  const TimeUs x_time = x.held.event().time;
  const TimeUs y_time = y.held.event().time;
  return x_time != y_time ? x_time < y_time : x.arrival < y.arrival;
}

void TwinMerge::place(std::size_t position, std::int32_t slot) {
  heap_[position] = slot;
  waiting_[static_cast<std::size_t>(slot)].position = position;
}

void TwinMerge::sift_up(std::size_t position) {
  const std::int32_t slot = heap_[position];
  while (position != 0 && before(slot, heap_[(position - 1) / 2])) {
    place(position, heap_[(position - 1) / 2]);
    position = (position - 1) / 2;
  }
  place(position, slot);
}

void TwinMerge::sift_down(std::size_t position) {
  const std::int32_t slot = heap_[position];
  for (std::size_t child = 2 * position + 1; child < heap_.size(); child = 2 * position + 1) {
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], slot)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, slot);
}

}  // namespace doorward
