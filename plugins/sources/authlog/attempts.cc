#include "plugins/sources/authlog/attempts.h"

#include <cassert>

#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

/// Twice the attempts, a power of two: probes stay short.
constexpr std::size_t kSlots = 2 * kOpenAttemptsMax;
constexpr std::size_t kSlotMask = kSlots - 1;
static_assert((kSlots & kSlotMask) == 0);
static_assert(kOpenAttemptsMax < UINT16_MAX);

}  // namespace

std::uint64_t process_key(const Record& record, std::string_view person) {
  if (record.pid == 0) return person_key(record, person);
  const std::uint64_t process =
      static_cast<std::uint64_t>(record.pid) << 8 | static_cast<std::uint64_t>(record.program);
  return mix(hash_of(record.host), process);
}

std::uint64_t person_key(const Record& record, std::string_view person) {
  const std::uint64_t key = mix(hash_of(record.host), static_cast<std::uint64_t>(record.program));
  return person.empty() ? key : mix(key, hash_of(person));
}

AttemptTable::AttemptTable(Emitter& out)
    : out_(out), attempts_(kOpenAttemptsMax), slots_(kSlots, 0) {
  free_attempts_.reserve(kOpenAttemptsMax);
  for (std::size_t i = kOpenAttemptsMax; i > 0; --i) {
    free_attempts_.push_back(static_cast<std::uint16_t>(i));
  }
  pool_.reserve(kOpenAttemptsMax);
  free_held_.reserve(kOpenAttemptsMax);
}

Attempt* AttemptTable::find(std::uint64_t key) {
  for (std::size_t slot = key & kSlotMask; slots_[slot] != 0; slot = (slot + 1) & kSlotMask) {
    Attempt& attempt = attempts_[slots_[slot] - 1U];
    if (attempt.key == key) return &attempt;
  }
  return nullptr;
}

Attempt& AttemptTable::open(std::uint64_t key, TimeUs time) {
  if (Attempt* known = find(key)) return *known;
  if (free_attempts_.empty()) make_room();
  const std::uint16_t index = free_attempts_.back();
  free_attempts_.pop_back();
  std::size_t slot = key & kSlotMask;
  while (slots_[slot] != 0) slot = (slot + 1) & kSlotMask;
  slots_[slot] = index;
  ++size_;
  Attempt& attempt = attempts_[index - 1U];
  attempt = Attempt{};
  attempt.key = key;
  attempt.since = time;
  append(idle_, attempt);
  return attempt;
}

void AttemptTable::restart(Attempt& attempt, TimeUs time) {
  release(attempt);
  attempt.source = 0;
  attempt.port = 0;
  attempt.told = false;
  attempt.kinds = 0;
  touch(attempt, time);
}

void AttemptTable::tell(Attempt& attempt, TimeUs time) {
  drop(attempt);
  attempt.told = true;
  touch(attempt, time);
}

void AttemptTable::remove(Attempt& attempt) {
  release(attempt);
  unlink(idle_, attempt);
  erase_slot(attempt.key);
  free_attempts_.push_back(index_of(attempt));
  --size_;
}

void AttemptTable::hold(Attempt& attempt, Event& event) {
  assert(attempt.held == 0);
  HeldEvent& held = give_held(attempt);
  attempt.since = event.time;
  out_.cut(event);
  held.keep(event);
}

/// One for the attempt to fill, which makes it the youngest of those that hold one.
HeldEvent& AttemptTable::give_held(Attempt& attempt) {
  unlink(idle_, attempt);
  if (free_held_.empty()) {
    pool_.push_back(std::make_unique<HeldEvent>());
    free_held_.push_back(static_cast<std::uint32_t>(pool_.size()));
  }
  attempt.held = free_held_.back();
  free_held_.pop_back();
  append(holding_, attempt);
  return held(attempt);
}

void AttemptTable::release(Attempt& attempt) {
  if (attempt.held == 0) return;
  out_.emit(held(attempt).event(), 1);
  free_held(attempt);
  attempt.told = true;
}

void AttemptTable::drop(Attempt& attempt) {
  if (attempt.held != 0) free_held(attempt);
}

void AttemptTable::expire(TimeUs now) {
  while (holding_.first != 0) {
    Attempt& oldest = attempts_[holding_.first - 1U];
    if (now - oldest.since <= kAttemptTimeMaxUs) break;
    release(oldest);
    touch(oldest, now);
  }
  while (idle_.first != 0) {
    Attempt& oldest = attempts_[idle_.first - 1U];
    if (now - oldest.since <= kToldKeptUs) break;
    remove(oldest);
  }
}

void AttemptTable::clear() {
  while (holding_.first != 0) remove(attempts_[holding_.first - 1U]);
  while (idle_.first != 0) remove(attempts_[idle_.first - 1U]);
}

std::uint16_t AttemptTable::index_of(const Attempt& attempt) const {
  return static_cast<std::uint16_t>(&attempt - attempts_.data() + 1);
}

void AttemptTable::append(List& list, Attempt& attempt) {
  const std::uint16_t index = index_of(attempt);
  attempt.before = list.last;
  attempt.after = 0;
  if (list.last != 0) {
    attempts_[list.last - 1U].after = index;
  } else {
    list.first = index;
  }
  list.last = index;
}

void AttemptTable::unlink(List& list, Attempt& attempt) {
  if (attempt.before != 0) {
    attempts_[attempt.before - 1U].after = attempt.after;
  } else {
    list.first = attempt.after;
  }
  if (attempt.after != 0) {
    attempts_[attempt.after - 1U].before = attempt.before;
  } else {
    list.last = attempt.before;
  }
}

void AttemptTable::free_held(Attempt& attempt) {
  unlink(holding_, attempt);
  free_held_.push_back(attempt.held);
  attempt.held = 0;
  append(idle_, attempt);
}

void AttemptTable::touch(Attempt& attempt, TimeUs time) {
  attempt.since = time;
  if (attempt.after == 0) return;  // already the youngest
  List& list = list_of(attempt);
  unlink(list, attempt);
  append(list, attempt);
}

void AttemptTable::erase_slot(std::uint64_t key) {
  std::size_t hole = key & kSlotMask;
  while (attempts_[slots_[hole] - 1U].key != key) hole = (hole + 1) & kSlotMask;
  // Later entries of the same run move up, so that no probe ever meets a hole before its entry.
  for (std::size_t slot = (hole + 1) & kSlotMask; slots_[slot] != 0;
       slot = (slot + 1) & kSlotMask) {
    const std::size_t home = attempts_[slots_[slot] - 1U].key & kSlotMask;
    if (((slot - home) & kSlotMask) >= ((slot - hole) & kSlotMask)) {
      slots_[hole] = slots_[slot];
      hole = slot;
    }
  }
  slots_[hole] = 0;
}

void AttemptTable::make_room() {
  if (idle_.first != 0) {
    remove(attempts_[idle_.first - 1U]);
    return;
  }
  ++out_.counters().closed_early;
  remove(attempts_[holding_.first - 1U]);
}

}  // namespace doorward::authlog
