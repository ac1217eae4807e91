// What each record means for its attempt.
#include <algorithm>
#include <utility>

#include "plugins/sources/auditd/logons.h"

namespace doorward::auditd {
namespace {

constexpr std::string_view kInteractive = "keyboard-interactive";

std::uint64_t auth_key(const Attempt& attempt) {
  std::uint64_t key = host_hash(attempt.user.view()) ^ attempt.host;
  for (const std::uint8_t byte : attempt.ip.bytes) key = (key ^ byte) * 0x100000001B3;
  return key ^ key >> 32;
}

bool is_agent(Program program) {
  return program == Program::su || program == Program::sudo;
}

/// The login screen's own session is nobody's logon.
bool is_greeter(const Attempt& attempt) {
  const std::string_view user = attempt.user.view();
  return attempt.program == Program::gdm &&
         (user == "gdm" || user == "gdm3" || user == "Debian-gdm" || user == "gnome-initial-setup");
}

}  // namespace

void Logons::apply(Attempt& attempt, const Record& record) {
  switch (record.type) {
    case RecordType::user_auth:
      return record.of_pam ? take_auth(attempt, record) : take_own_word(attempt, record);
    case RecordType::user_acct:
      return take_account(attempt, record);
    case RecordType::user_cmd:
      return take_command(attempt, record);
    case RecordType::cred_acq:
    case RecordType::cred_refr:
      if (record.success) attempt.fresh = true;
      if (record.success && attempt.pending == Pending::command) tell_pending(attempt);
      return;
    case RecordType::user_start:
      if (!record.success) return;
      return is_agent(attempt.program) ? run_as(attempt, record) : open_session(attempt, record);
    case RecordType::user_login:
      return record.success ? open_session(attempt, record) : take_failed_login(attempt, record);
    case RecordType::user_err:
      // PAM's handle was closed without having been asked: nothing more comes of this connection,
      // but what is read late.
      if (attempt.program != Program::sshd) return;
      attempt.ended_at = std::max(attempt.ended_at, record.time);
      if (attempt.pending == Pending::complaint) return attempts_.hold(attempt, newest_);
      return tell_pending(attempt);
    case RecordType::user_end:
    case RecordType::user_logout:
    case RecordType::cred_disp:
      return take_end(attempt, record);
    case RecordType::login:
    case RecordType::other:
      return;
  }
}

void Logons::take_auth(Attempt& attempt, const Record& record) {
  const bool refused_later = attempt.pending == Pending::refused &&
                             attempt.told->event().time >= record.time;  // read too early
  if (attempt.pending == Pending::guess ||
      (attempt.pending == Pending::refused && !refused_later)) {
    tell_pending(attempt);
  }
  attempt.own_auth = true;
  if (!refused_later) attempt.last_auth_ok = record.success;
  // root's su asks for nothing.
  const bool asked = record.grantors != "pam_rootok";
  if (asked) attempt.method = "password";
  if (record.success) {
    attempt.fresh = true;
    if (attempt.program == Program::sshd) {
      recent_.note(auth_key(attempt), record.time, attempt.pid);
    }
    const bool decided = attempt.decided_at != kNoTime && record.time <= attempt.decided_at;
    if (is_agent(attempt.program) && attempt.success_at == kNoTime && !decided && !refused_later) {
      pend(attempt, Pending::authorized, record);
    }
    return;
  }
  if (attempt.said_alone != 0) {  // RHEL's sshd said so before PAM did
    --attempt.said_alone;
    return;
  }
  // login asks PAM once more when the terminal hangs up at the next prompt: nobody was named.
  if (attempt.program == Program::login && record.acct.empty()) return;
  ++attempt.guesses;
  if (attempt.program != Program::sshd) {
    drop_pending(attempt);
    return tell(attempt, Outcome::failure, record);
  }
  pend(attempt, Pending::guess, record);
  was_spoken_of(attempt);
}

/// RHEL's sshd writes USER_AUTH for every method besides what PAM writes: op=password after a wrong
/// password, op=pubkey_auth or op=key with the key, op=success and more.
void Logons::take_own_word(Attempt& attempt, const Record& record) {
  const std::string_view op = record.op;
  const bool key = op.starts_with("pubkey") || op == "key";
  const bool interactive = op == "challenge-response" || op.starts_with(kInteractive);
  if (record.success) {
    if (key) {
      attempt.method = "publickey";
      attempt.fresh = true;
      if (record.rport != 0) attempt.port = record.rport;
      if (!record.fingerprint.empty() && !attempt.fingerprint.set(record.fingerprint)) {
        ++counters_.cut_fields;
      }
    } else if (op.starts_with("hostbased") || op.starts_with("gssapi")) {
      attempt.method = op.starts_with("hostbased") ? "hostbased" : "gssapi-with-mic";
      attempt.fresh = true;
    }
    return;
  }
  if (key) return take_failed_login(attempt, record);
  if (op != "password" && !interactive) return;
  if (attempt.pending == Pending::guess || attempt.pending == Pending::refused) {
    ++attempt.guesses_said;
    return tell_pending(attempt, 0, interactive ? kInteractive : std::string_view());
  }
  if (attempt.guesses_said < attempt.guesses) {
    ++attempt.guesses_said;
    return;
  }
  if (claim_guess(attempt, record)) return;
  drop_pending(attempt);
  ++attempt.guesses;
  ++attempt.guesses_said;
  ++attempt.said_alone;
  attempt.method = interactive ? kInteractive : std::string_view("password");
  tell(attempt, Outcome::failure, record);
}

/// The program's own word on a failure: for a guess, and also for refused keys and names.
void Logons::take_failed_login(Attempt& attempt, const Record& record) {
  if (attempt.pending == Pending::guess || attempt.pending == Pending::refused) {
    ++attempt.guesses_said;
    return tell_pending(attempt);
  }
  if (attempt.guesses_said < attempt.guesses) {
    ++attempt.guesses_said;
    return;
  }
  if (attempt.program == Program::sshd && claim_guess(attempt, record)) return;
  attempt.complained = std::max(attempt.complained, record.time);
  if (attempt.guesses == 0 && attempt.success_at == kNoTime && !attempt.complaint_told &&
      attempt.pending == Pending::nothing) {
    pend(attempt, Pending::complaint, record);
  }
}

/// Keyboard-interactive: the guess was made in another process of the same connection. Takes the
/// oldest one that nobody has spoken of, and tells it under the pid that auth.log has too.
bool Logons::claim_guess(Attempt& speaker, const Record& record) {
  Attempt* guess = attempts_.oldest_guess(speaker.host, speaker.ip);
  for (int steps = 0; guess != nullptr && steps < kAddressStepsMax;
       ++steps, guess = attempts_.newer_at_address(*guess)) {
    if (guess->host != speaker.host || !(guess->ip == speaker.ip) || guess == &speaker) continue;
    // Another process that sshd spoke of itself is no child of this one, nor is an older one.
    // (Where pids began again in between, the word stays a complaint of its own.)
    if (guess->complained != kNoTime || guess->guesses_said != 0) continue;
    if (guess->pid < speaker.pid) continue;
    const TimeUs time = guess->told->event().time;
    if (time > record.time) continue;
    // sshd refused the name, and does not say it: then it refused it before the guess.
    const bool same_user =
        speaker.user.empty() ? speaker.opened <= time : speaker.user.view() == guess->user.view();
    if (!same_user) continue;
    speaker.user.set(guess->user.view());
    if (speaker.pending == Pending::complaint) drop_pending(speaker);
    ++speaker.guesses;
    ++speaker.guesses_said;
    ++guess->guesses_said;
    guess->invalid_user = speaker.invalid_user;
    if (speaker.complaint_told) {
      speaker.complaint_told = false;
      drop_pending(*guess);  // its failure has been told, as the speaker's
    } else {
      tell_pending(*guess, speaker.pid, kInteractive);
    }
    return true;
  }
  return false;
}

/// The same when the records come in the other order: the word on this guess, from another process,
/// was read before it. In a log that is in order no word is newer than the record that is read.
bool Logons::was_spoken_of(Attempt& guess) {
  Attempt* speaker = attempts_.newest_complaint(guess.host, guess.ip);
  for (int steps = 0; speaker != nullptr && steps < kAddressStepsMax;
       ++steps, speaker = attempts_.older_at_address(*speaker)) {
    if (speaker->host != guess.host || !(speaker->ip == guess.ip) || speaker == &guess) continue;
    if (speaker->own_auth || speaker->complained <= guess.told->event().time) continue;
    if (guess.complained != kNoTime || guess.pid < speaker->pid) continue;
    if (!speaker->user.empty() && speaker->user.view() != guess.user.view()) continue;
    const bool told = std::exchange(speaker->complaint_told, false);
    speaker->user.set(guess.user.view());
    drop_pending(*speaker);
    ++speaker->guesses;
    ++speaker->guesses_said;
    ++guess.guesses_said;
    guess.invalid_user = speaker->invalid_user;
    if (told) {
      drop_pending(guess);  // its failure has been told, as the speaker's
    } else {
      tell_pending(guess, speaker->pid, kInteractive);
    }
    return true;
  }
  return false;
}

/// An account check that fails ends the attempt, unless all that is wrong is an old password that
/// the session will have changed: then the session opens.
void Logons::take_account(Attempt& attempt, const Record& record) {
  if (record.success) {
    attempt.fresh = true;
    return;
  }
  if (attempt.success_at != kNoTime) return;
  if (attempt.pending == Pending::guess) tell_pending(attempt);
  attempt.last_auth_ok = false;
  ++attempt.guesses;
  pend(attempt, Pending::refused, record);
}

/// sudo's word on the command: also after the last wrong password, when it only repeats PAM's.
void Logons::take_command(Attempt& attempt, const Record& record) {
  if (attempt.program != Program::sudo || attempt.success_at != kNoTime) return;
  attempt.decided_at = record.time;
  if (record.success) return pend(attempt, Pending::command, record);
  if (attempt.pending == Pending::refused) return tell_pending(attempt);
  if (attempt.guesses != 0 && !attempt.last_auth_ok) return;
  drop_pending(attempt);
  ++attempt.guesses;
  attempt.last_auth_ok = false;
  tell(attempt, Outcome::failure, record);
}

void Logons::take_end(Attempt& attempt, const Record& record) {
  const bool session = record.type == RecordType::user_end && record.success;
  if (session && attempt.success_at == kNoTime && attempt.fresh) {
    // A session that ends was opened: its own record was lost.
    is_agent(attempt.program) ? run_as(attempt, record) : open_session(attempt, record);
  }
  attempt.ended_at = std::max(attempt.ended_at, record.time);
  // Complaints and refusals wait: a session's own records may be read after its end.
  if (attempt.pending == Pending::guess || attempt.pending == Pending::command) {
    tell_pending(attempt);
  }
}

void Logons::run_as(Attempt& attempt, const Record& record) {
  if (attempt.success_at != kNoTime) return;
  if (attempt.pending == Pending::command) return tell_pending(attempt);
  drop_pending(attempt);
  tell(attempt, Outcome::success, record);
}

void Logons::open_session(Attempt& attempt, const Record& record) {
  if (is_agent(attempt.program) || attempt.success_at != kNoTime) return;
  if (sessions_.known(attempt.host, record.ses, record.serial, record.time, attempt.fresh)) {
    attempt.success_at = newest_;  // a further channel
    return;
  }
  if (attempt.pending == Pending::guess) tell_pending(attempt);
  drop_pending(attempt);
  sessions_.note(attempt.host, record.ses, record.serial, record.time);
  if (is_greeter(attempt)) {
    attempt.success_at = newest_;
    return;
  }
  if (attempt.program == Program::sshd) ask_who_agreed(attempt, record);
  if (!attempt.user.empty()) names_.learn(attempt.host, attempt.auid, attempt.user.view());
  tell(attempt, Outcome::success, record);
}

/// sshd: a yes of PAM that was given in another process is keyboard-interactive; without any, the
/// method is not known (a key, mostly: Debian's sshd does not say).
void Logons::ask_who_agreed(Attempt& attempt, const Record& record) {
  const RecentAuths::Row row = recent_.take(auth_key(attempt), record.time);
  if (row.pid == 0 || row.pid == attempt.pid) return;
  if (attempt.own_auth || !attempt.method.empty()) {
    recent_.note(auth_key(attempt), row.time, row.pid);  // somebody else's
    return;
  }
  attempt.method = kInteractive;
  Attempt* child = attempts_.find(attempt.host, row.pid, Program::sshd);
  if (child != nullptr && child->pending == Pending::refused) drop_pending(*child);
}

}  // namespace doorward::auditd
