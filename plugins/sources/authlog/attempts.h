// The attempts that are open, one a process: what their lines have told so far.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plugins/held_event.h"
#include "plugins/limits.h"
#include "plugins/sources/authlog/emitter.h"
#include "plugins/sources/authlog/record.h"

namespace doorward::authlog {

/// How long an attempt whose outcome is told is remembered so that its later lines tell nothing
/// twice. sshd's LoginGraceTime is two minutes unless somebody sets it to more.
inline constexpr TimeUs kToldKeptUs = 3'600 * kSecondUs;

/// What is known of one process. At most one event is held: a failure that later lines of the same
/// process may still tell better.
struct Attempt {
  std::uint64_t key = 0;
  TimeUs since = 0;          ///< time of the held event, or of the last touch when none is held
  std::uint64_t source = 0;  ///< hash of the client's address; 0: not known yet
  std::uint32_t held = 0;    ///< index + 1 of the held event; 0: none
  std::uint16_t port = 0;    ///< the client's port; 0: not known yet
  std::uint16_t before = 0;  ///< neighbours in the list of its kind, index + 1
  std::uint16_t after = 0;
  bool told = false;       ///< an event of this attempt has gone out
  std::uint8_t kinds = 0;  ///< which kinds of line have come; what a bit means is its program's
};

/// A table of fixed size: open addressing over kOpenAttemptsMax attempts, and two lists in order of
/// arrival, one of attempts that hold an event and one of those that do not. Every operation is
/// O(1). At the limit the oldest attempt that holds nothing is forgotten; when all hold one, the
/// oldest is closed early: its event goes out and is counted. Allocates at construction and for the
/// first use of each held event, never afterwards. Pointers stay good until remove(), expire() or
/// open().
class AttemptTable {
 public:
  explicit AttemptTable(Emitter& out);

  /// The attempt of a process; nullptr when it has none.
  Attempt* find(std::uint64_t key);
  /// The attempt of a process, a fresh one if it has none.
  Attempt& open(std::uint64_t key, TimeUs time);
  /// Makes the attempt as if fresh; a held event goes out. For a pid that is used again.
  void restart(Attempt& attempt, TimeUs time);
  /// Marks an attempt told, at `time`. A held event is dropped: what told the outcome replaces it.
  void tell(Attempt& attempt, TimeUs time);
  /// Forgets the attempt; a held event goes out.
  void remove(Attempt& attempt);

  /// Holds a copy of `event` until tell(), release(), remove() or its time limit. The attempt must
  /// not hold one.
  void hold(Attempt& attempt, Event& event);
  /// Lets a held event go out, now certain. Nothing happens when none is held.
  void release(Attempt& attempt);
  /// Drops a held event, since another line tells of it. Nothing happens when none is held.
  void drop(Attempt& attempt);
  /// The held event. The attempt must hold one.
  HeldEvent& held(const Attempt& attempt) { return *pool_[attempt.held - 1]; }

  /// Closes what is overdue at `now`: held events after kAttemptTimeMaxUs, told attempts after
  /// kToldKeptUs.
  void expire(TimeUs now);
  /// Closes everything.
  void clear();
  /// Makes the table empty; no held event goes out.
  void forget_all();

  [[nodiscard]] std::size_t size() const { return size_; }

  /// Writes all attempts with their held events, in their order.
  void save(StateWriter& out) const;
  /// Takes up what save() wrote; the table must be empty, and is so after a mistake.
  void load(StateReader& in);

 private:
  struct List {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
  };

  [[nodiscard]] std::uint16_t index_of(const Attempt& attempt) const;
  List& list_of(const Attempt& attempt) { return attempt.held != 0 ? holding_ : idle_; }
  HeldEvent& give_held(Attempt& attempt);
  void append(List& list, Attempt& attempt);
  void unlink(List& list, Attempt& attempt);
  void free_held(Attempt& attempt);
  void touch(Attempt& attempt, TimeUs time);
  void erase_slot(std::uint64_t key);
  void make_room();

  Emitter& out_;
  std::vector<Attempt> attempts_;
  std::vector<std::uint16_t> slots_;  // index + 1 into attempts_, 0 for an empty slot
  std::vector<std::uint16_t> free_attempts_;
  std::vector<std::unique_ptr<HeldEvent>> pool_;
  std::vector<std::uint32_t> free_held_;
  List holding_;
  List idle_;
  std::size_t size_ = 0;
};

/// The process that wrote a record. Where the log gives no pid, `person` tells two users' sudo
/// apart.
std::uint64_t process_key(const Record& record, std::string_view person = {});
/// As if the log gave no pid: for programs whose lines of one attempt come from more than one
/// process.
std::uint64_t person_key(const Record& record, std::string_view person);

}  // namespace doorward::authlog
