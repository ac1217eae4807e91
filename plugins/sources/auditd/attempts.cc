#include "plugins/sources/auditd/attempts.h"

#include <cassert>

namespace doorward::auditd {
namespace {

std::size_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return static_cast<std::size_t>(value ^ (value >> 31));
}

std::size_t hash(std::uint64_t host, std::uint32_t pid, Program program) {
  return mix(host ^ (std::uint64_t{pid} << 8 | static_cast<std::uint64_t>(program)));
}

std::size_t address_hash(std::uint64_t host, const IpAddress& ip) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, ip.bytes.data(), sizeof high);
  std::memcpy(&low, ip.bytes.data() + sizeof high, sizeof low);
  return mix(host ^ high ^ mix(low)) % kOpenAttemptsMax;
}

}  // namespace

AttemptTable::AttemptTable()
    : attempts_(std::make_unique<Attempt[]>(kOpenAttemptsMax)),
      told_(std::make_unique<HeldEvent[]>(kOpenAttemptsMax)) {
  index_.fill(kNoSlot);
  free_.reserve(kOpenAttemptsMax);
  free_told_.reserve(kOpenAttemptsMax);
  for (std::size_t slot = kOpenAttemptsMax; slot-- > 0;) {
    free_.push_back(static_cast<Slot>(slot));
    free_told_.push_back(&told_[slot]);
  }
}

Attempt* AttemptTable::find(std::uint64_t host, std::uint32_t pid, Program program) {
  for (std::size_t i = hash(host, pid, program) % kIndexSize; index_[i] != kNoSlot;
       i = (i + 1) % kIndexSize) {
    Attempt* attempt = at(index_[i]);
    if (attempt->pid == pid && attempt->host == host && attempt->program == program) return attempt;
  }
  return nullptr;
}

Attempt& AttemptTable::open(std::uint64_t host, std::uint32_t pid, Program program) {
  assert(!full());
  const Slot slot = free_.back();
  free_.pop_back();
  Attempt& attempt = *at(slot);
  attempt.host = host;
  attempt.pid = pid;
  attempt.program = program;
  attempt.pending = Pending::nothing;
  attempt.fresh = attempt.own_auth = attempt.last_auth_ok = attempt.complaint_told = false;
  attempt.invalid_user = false;
  attempt.guesses = attempt.guesses_said = attempt.said_alone = 0;
  attempt.opened = attempt.complained = attempt.named_at = attempt.decided_at = kNoTime;
  attempt.success_at = attempt.ended_at = kNoTime;
  attempt.seen = attempt.pending_since = kNoTime;
  attempt.uid = attempt.auid = kNoUid;
  attempt.port = 0;
  attempt.ip = IpAddress{};
  attempt.method = {};
  attempt.user.clear();
  attempt.effective.clear();
  attempt.address.clear();
  attempt.host_name.clear();
  attempt.fingerprint.clear();
  std::size_t i = hash(host, pid, program) % kIndexSize;
  while (index_[i] != kNoSlot) i = (i + 1) % kIndexSize;
  index_[i] = slot;
  append(age_, &Attempt::age, attempt);
  return attempt;
}

void AttemptTable::close(Attempt& attempt) {
  forget(attempt);
  leave_address(attempt);
  let_go(attempt);
  remove(age_, &Attempt::age, attempt);
  unindex(attempt);
  free_.push_back(slot_of(attempt));
}

bool AttemptTable::keep(Attempt& attempt, const Event& event) {
  if (attempt.told == nullptr) {
    attempt.told = free_told_.back();
    free_told_.pop_back();
  }
  return attempt.told->keep(event);
}

void AttemptTable::forget(Attempt& attempt) {
  if (attempt.told == nullptr) return;
  free_told_.push_back(attempt.told);
  attempt.told = nullptr;
}

void AttemptTable::touch(Attempt& attempt, TimeUs seen) {
  attempt.seen = seen;
  remove(age_, &Attempt::age, attempt);
  append(age_, &Attempt::age, attempt);
}

void AttemptTable::hold(Attempt& attempt, TimeUs since) {
  let_go(attempt);
  attempt.pending_since = since;
  attempt.held_as_guess = attempt.pending != Pending::complaint;
  append(attempt.held_as_guess ? held_guesses_ : held_complaints_, &Attempt::hold, attempt);
}

void AttemptTable::let_go(Attempt& attempt) {
  if (!attempt.hold.linked) return;
  remove(attempt.held_as_guess ? held_guesses_ : held_complaints_, &Attempt::hold, attempt);
}

AttemptTable::List& AttemptTable::chain_of(const Attempt& attempt) {
  Chains& chains = attempt.address_is_guess ? guesses_ : complaints_;
  return chains[address_hash(attempt.host, attempt.ip)];
}

void AttemptTable::wait_at_address(Attempt& attempt) {
  leave_address(attempt);
  if (!attempt.ip.valid()) return;
  attempt.address_is_guess = attempt.pending != Pending::complaint;
  append(chain_of(attempt), &Attempt::address_links, attempt);
}

void AttemptTable::leave_address(Attempt& attempt) {
  if (attempt.address_links.linked) remove(chain_of(attempt), &Attempt::address_links, attempt);
}

Attempt* AttemptTable::oldest_guess(std::uint64_t host, const IpAddress& ip) {
  return at(guesses_[address_hash(host, ip)].first);
}

Attempt* AttemptTable::newest_complaint(std::uint64_t host, const IpAddress& ip) {
  return at(complaints_[address_hash(host, ip)].last);
}

void AttemptTable::append(List& list, Links Attempt::*links, Attempt& attempt) {
  const Slot slot = slot_of(attempt);
  (attempt.*links) = {list.last, kNoSlot, true};
  if (list.last == kNoSlot) {
    list.first = slot;
  } else {
    (at(list.last)->*links).next = slot;
  }
  list.last = slot;
}

void AttemptTable::remove(List& list, Links Attempt::*links, Attempt& attempt) {
  const Links was = attempt.*links;
  if (was.previous == kNoSlot) {
    list.first = was.next;
  } else {
    (at(was.previous)->*links).next = was.next;
  }
  if (was.next == kNoSlot) {
    list.last = was.previous;
  } else {
    (at(was.next)->*links).previous = was.previous;
  }
  attempt.*links = {};
}

void AttemptTable::unindex(const Attempt& attempt) {
  std::size_t hole = hash(attempt.host, attempt.pid, attempt.program) % kIndexSize;
  while (index_[hole] != slot_of(attempt)) hole = (hole + 1) % kIndexSize;
  // Moves up what would no longer be found behind the hole.
  for (std::size_t i = (hole + 1) % kIndexSize; index_[i] != kNoSlot; i = (i + 1) % kIndexSize) {
    const Attempt& other = *at(index_[i]);
    const std::size_t home = hash(other.host, other.pid, other.program) % kIndexSize;
    const std::size_t distance_home = (i - home) % kIndexSize;
    const std::size_t distance_hole = (i - hole) % kIndexSize;
    if (distance_home >= distance_hole) {
      index_[hole] = index_[i];
      hole = i;
    }
  }
  index_[hole] = kNoSlot;
}

}  // namespace doorward::auditd
