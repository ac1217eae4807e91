// What the records of a process add up to: attempts, each told once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sources/auditd/attempts.h"
#include "plugins/sources/auditd/names.h"
#include "plugins/sources/auditd/record.h"
#include "plugins/sources/auditd/sessions.h"
#include "plugins/sources/source.h"

namespace doorward::auditd {

/// How long a guess waits for sshd's own word on it, which names the pid that auth.log names too,
/// in event time. PAM's delay after a wrong password is 2 to 4 seconds by default. Then it is told
/// alone.
inline constexpr TimeUs kGuessTimeMaxUs = 15'000'000;

/// How long a process that has ended without a guess waits for records that are late. In a log that
/// is in order there are none; the failure is told this much later, well before TwinMerge gives up
/// on it.
inline constexpr TimeUs kEndingTimeMaxUs = 2'500'000;

/// Processes that are looked at for one whose word and guess came from different pids.
inline constexpr int kAddressStepsMax = 64;

/// Takes the records of logons in the order of the log, which need not quite be that of time, and
/// gives one event an attempt (design.md 3.1).
///
/// sshd asks PAM in the process that auth.log names, or, for keyboard-interactive, in a child of it
/// that lives for one guess. In both cases PAM's USER_AUTH is the guess, and sshd's USER_LOGIN
/// (failed) follows it from the process that auth.log names, but bears no real name when sshd
/// refuses the name. So a guess waits for that word: of its own process, else of one with the same
/// peer address and the same name or none. Processes that only have USER_LOGIN (keys refused, hung
/// up at the prompt) are one failure when they end.
class Logons {
 public:
  Logons(std::string host_name, SourceCounters& counters);

  /// `newest`: the newest event time of the source.
  void take(const Record& record, TimeUs newest, EventSink& sink);

  /// Event time at which expire() has something to do; INT64_MAX when it has not.
  [[nodiscard]] TimeUs due() const { return due_; }
  void expire(TimeUs newest, EventSink& sink);
  void finish(EventSink& sink);

  void save(StateWriter& out) const;
  /// Takes up what save() wrote, before the first take(); nothing after a mistake.
  void load(StateReader& in);

 private:
  // logons.cc: the life of an attempt.
  Attempt* attempt_of(const Record& record);
  [[nodiscard]] static bool is_next_life(const Attempt& attempt, const Record& record);
  void take_login(const Record& record);
  void note_details(Attempt& attempt, const Record& record);
  void note_user(Attempt& attempt, const Record& record);
  void close(Attempt& attempt);
  void reckon_due();

  // logon_rules.cc: what records mean.
  void apply(Attempt& attempt, const Record& record);
  void take_auth(Attempt& attempt, const Record& record);
  void take_own_word(Attempt& attempt, const Record& record);
  void take_failed_login(Attempt& attempt, const Record& record);
  void take_account(Attempt& attempt, const Record& record);
  void take_command(Attempt& attempt, const Record& record);
  void take_end(Attempt& attempt, const Record& record);
  void refused_by_program(Attempt& attempt, const Record& record);
  bool claim_guess(Attempt& speaker, const Record& record);
  bool was_spoken_of(Attempt& guess);
  void open_session(Attempt& attempt, const Record& record);
  void run_as(Attempt& attempt, const Record& record);
  void ask_who_agreed(Attempt& attempt, const Record& record);

  // logon_telling.cc: events.
  Event event_of(Attempt& attempt, Outcome outcome, const Record& record);
  void pend(Attempt& attempt, Pending pending, const Record& record);
  void drop_pending(Attempt& attempt);
  void tell_pending(Attempt& attempt, std::uint32_t pid = 0, std::string_view method = {});
  void tell(Attempt& attempt, Outcome outcome, const Record& record);
  std::string_view user_of(const Attempt& attempt);
  std::string_view name_of(std::uint64_t host, std::uint32_t uid);

  std::string host_name_;
  SourceCounters& counters_;
  AttemptTable attempts_;
  UidNames names_;
  Sessions sessions_;
  RecentAuths recent_;
  std::array<char, 10> number_{};
  EventSink* sink_ = nullptr;  ///< during a call
  TimeUs newest_ = kNoTime;
  TimeUs due_ = INT64_MAX;
};

/// Hash of a host's name; 0 for none.
std::uint64_t host_hash(std::string_view node);

}  // namespace doorward::auditd
