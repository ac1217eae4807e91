// The processes that are logging somebody on at the moment, in a table of fixed size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "plugins/held_event.h"
#include "plugins/limits.h"
#include "plugins/sources/auditd/record.h"

namespace doorward::auditd {

/// A short text that is copied into the object, cut to Size.
template <std::size_t Size>
class ShortText {
 public:
  /// False when `text` had to be cut.
  bool set(std::string_view text) {
    size_ = static_cast<std::uint16_t>(text.size() < Size ? text.size() : Size);
    if (size_ != 0) std::memcpy(bytes_, text.data(), size_);
    return text.size() <= Size;
  }
  void clear() { size_ = 0; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }

 private:
  std::uint16_t size_ = 0;
  char bytes_[Size];
};

/// What an attempt will say when nothing else comes. Held because a later record decides.
enum class Pending : std::uint8_t {
  nothing,
  guess,       ///< PAM refused: a failure. sshd's own word, which names the right pid, may follow
  refused,     ///< the account check failed: a failure, unless the session opens all the same
  complaint,   ///< only the program's own word so far: one failure, unless PAM tells of guesses
  authorized,  ///< su, sudo: PAM agreed: a success, unless the command is refused
  command,     ///< sudo: the command was allowed: a success; whom it ran as may follow
};

using Slot = std::int32_t;
inline constexpr Slot kNoSlot = -1;

struct Links {
  Slot previous = kNoSlot;
  Slot next = kNoSlot;
  bool linked = false;
};

struct Attempt {
  // Which process.
  std::uint64_t host = 0;  ///< hash of node=
  std::uint32_t pid = 0;
  Program program = Program::none;

  // What has been seen of it.
  Pending pending = Pending::nothing;
  bool fresh = false;     ///< records that only stand at the start of a logon
  bool own_auth = false;  ///< PAM's authentication ran in this very process
  bool last_auth_ok = false;
  bool complaint_told = false;
  bool invalid_user = false;       ///< sshd itself called the name an invalid user
  std::uint32_t guesses = 0;       ///< failures that PAM told of
  std::uint32_t guesses_said = 0;  ///< those that the program has spoken of as well
  std::uint32_t said_alone = 0;    ///< told on the program's word, whose PAM record may follow
  TimeUs opened = kNoTime;
  TimeUs complained = kNoTime;  ///< the last complaint
  TimeUs named_at = kNoTime;    ///< login: when `user` was set
  TimeUs decided_at = kNoTime;  ///< sudo: time of its word on the command
  TimeUs success_at = kNoTime;
  TimeUs ended_at = kNoTime;
  TimeUs seen = kNoTime;           ///< newest event time of the source when it was last touched
  TimeUs pending_since = kNoTime;  ///< the same when `pending` was set
  std::uint32_t uid = kNoUid;
  std::uint32_t auid = kNoUid;
  std::uint16_t port = 0;
  IpAddress ip;
  std::string_view method;  ///< a literal

  ShortText<256> user;
  ShortText<256> effective;
  ShortText<64> address;
  ShortText<256> host_name;
  ShortText<128> fingerprint;
  HeldEvent* told = nullptr;  ///< what is pending, and null else; see AttemptTable::keep()

  Links age;   ///< all, by `seen`
  Links hold;  ///< sshd's guesses, and complaints whose process ended, by `pending_since`
  bool held_as_guess = false;
  bool address_is_guess = false;
  Links address_links;  ///< sshd's guesses and complaints, by peer address
};

/// Finds an attempt by (host, pid, program), the oldest one, the one pending longest, and those of
/// sshd that wait at an address; all in O(1), the last as a chain. After construction it
/// allocates only the text of what is pending, once for as many as were ever pending at a time.
class AttemptTable {
 public:
  AttemptTable();

  Attempt* find(std::uint64_t host, std::uint32_t pid, Program program);
  [[nodiscard]] bool full() const { return free_.empty(); }
  /// A cleared attempt; the table must not be full and must not have this one.
  Attempt& open(std::uint64_t host, std::uint32_t pid, Program program);
  /// Takes it out of every list. The reference is dead.
  void close(Attempt& attempt);

  /// Copies `event` as what is pending. Gives false when a field was cut. The copy lives until
  /// forget(), or rather until the next keep() of any attempt, so that it may be told after it was
  /// forgotten.
  bool keep(Attempt& attempt, const Event& event);
  void forget(Attempt& attempt);

  /// Notes that a record of it was seen; `seen` never goes back.
  void touch(Attempt& attempt, TimeUs seen);
  [[nodiscard]] Attempt* oldest() { return at(age_.first); }

  /// Pending ones that are told after a time of their own, guesses and complaints apart.
  void hold(Attempt& attempt, TimeUs since);
  void let_go(Attempt& attempt);
  [[nodiscard]] Attempt* longest_held_guess() { return at(held_guesses_.first); }
  [[nodiscard]] Attempt* longest_held_complaint() { return at(held_complaints_.first); }

  /// Guesses (or complaints, by `pending`) that wait for a word from another process with the same
  /// peer address. Oldest first and then next_at_address(), or newest first and then the other way.
  /// Chains hold strangers as well: compare host and address.
  void wait_at_address(Attempt& attempt);
  void leave_address(Attempt& attempt);
  [[nodiscard]] Attempt* oldest_guess(std::uint64_t host, const IpAddress& ip);
  [[nodiscard]] Attempt* newest_complaint(std::uint64_t host, const IpAddress& ip);
  [[nodiscard]] Attempt* newer_at_address(const Attempt& attempt) {
    return at(attempt.address_links.next);
  }
  [[nodiscard]] Attempt* older_at_address(const Attempt& attempt) {
    return at(attempt.address_links.previous);
  }

  /// Writes all attempts, what is pending, and the order of every list.
  void save(StateWriter& out) const;
  /// Takes up what save() wrote; the table must be empty, and is so after a mistake.
  void load(StateReader& in);

 private:
  static constexpr std::size_t kIndexSize = 2 * kOpenAttemptsMax;
  static_assert((kIndexSize & (kIndexSize - 1)) == 0, "the index is a power of two");

  struct List {
    Slot first = kNoSlot;
    Slot last = kNoSlot;
  };
  Attempt* at(Slot slot) {
    return slot == kNoSlot ? nullptr : &attempts_[static_cast<std::size_t>(slot)];
  }
  [[nodiscard]] Slot slot_of(const Attempt& attempt) const {
    return static_cast<Slot>(&attempt - attempts_.get());
  }
  [[nodiscard]] const Attempt* at(Slot slot) const {
    return slot == kNoSlot ? nullptr : &attempts_[static_cast<std::size_t>(slot)];
  }
  void load_attempt(StateReader& in);
  void load_lists(StateReader& in, const std::vector<Attempt*>& by_age);
  List& chain_of(const Attempt& attempt);
  void append(List& list, Links Attempt::*links, Attempt& attempt);
  void remove(List& list, Links Attempt::*links, Attempt& attempt);
  void unindex(const Attempt& attempt);

  std::unique_ptr<Attempt[]> attempts_;
  std::vector<Slot> free_;
  std::unique_ptr<HeldEvent[]> told_;
  std::vector<HeldEvent*> free_told_;   ///< used as a stack: few are ever touched
  std::array<Slot, kIndexSize> index_;  ///< open addressing, linear probing
  using Chains = std::array<List, kOpenAttemptsMax>;
  Chains guesses_{};  ///< by peer address
  Chains complaints_{};
  List age_;
  List held_guesses_;
  List held_complaints_;
};

}  // namespace doorward::auditd
