// sshd, sshd-session, sshd-auth.
//
// Every message is told by its first words, which sshd writes before anything of the client's, so
// no name can begin a message of another kind. Names are read as sshd_tail.h says.
#include "plugins/sources/authlog/messages.h"
#include "plugins/sources/authlog/sshd_tail.h"
#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

constexpr std::string_view kProcess = "sshd";
constexpr std::string_view kAction = "ssh_login";

/// Attempt::kinds: the held failure was told by a PAM error. The next PAM error is another try.
constexpr std::uint8_t kPamError = 1;
/// The account exists but may not log on: sshd calls it "invalid user" from here on, like one that
/// does not exist.
constexpr std::uint8_t kNotAllowed = 2;

/// A line that names another client than the attempt's own comes from a later process that got the
/// same pid. What is not known (0) fits everything.
bool is_client_of(const Attempt& attempt, const SshdTail& tail) {
  if (attempt.port != 0 && tail.port != 0 && attempt.port != tail.port) return false;
  return attempt.source == 0 || tail.address.empty() || attempt.source == hash_of(tail.address);
}

/// The attempt that the line belongs to, told who its client is.
Attempt& attempt_of(const Record& record, const SshdTail& tail, Desk& desk) {
  Attempt& attempt = desk.attempts.open(process_key(record), record.time);
  if (!is_client_of(attempt, tail)) desk.attempts.restart(attempt, record.time);
  if (attempt.source == 0 && !tail.address.empty()) attempt.source = hash_of(tail.address);
  if (attempt.port == 0) attempt.port = tail.port;
  return attempt;
}

Event ssh_event(const Record& record, const SshdTail& tail, Outcome outcome) {
  Event event = begin_event(record, kProcess, kAction, outcome);
  event[Field::user_name] = tail.name;
  set_source(event, tail.address);
  event.port = tail.port;
  return event;
}

/// Field::account of an attempt whose line does or does not say "invalid user".
std::string_view account_of(const Attempt& attempt, const SshdTail& tail) {
  return tail.invalid_user && (attempt.kinds & kNotAllowed) == 0 ? kInvalidAccount
                                                                 : std::string_view();
}

/// Holds a failure that later lines of the process may tell better.
void hold_failure(Attempt& attempt, const Record& record, const SshdTail& tail,
                  std::string_view method, Desk& desk) {
  Event event = ssh_event(record, tail, Outcome::failure);
  event[Field::account] = account_of(attempt, tail);
  event[Field::method] = method;
  if (event.port == 0) event.port = attempt.port;
  desk.attempts.hold(attempt, event);
}

/// Takes "METHOD for " off the front. Other sentences of sshd that begin with the same word
/// ("Accepted certificate ID ...", "Failed to allocate ...") have no "for" in that place.
bool take_method(std::string_view& text, std::string_view& method) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0) return false;
  method = text.substr(0, space);
  std::string_view rest = text.substr(space);
  if (!take(rest, " for ")) return false;
  text = rest;
  return true;
}

SshdClient known_client(const Record& record, Desk& desk) {
  const Attempt* attempt = desk.attempts.find(process_key(record));
  if (attempt == nullptr) return {};
  return {attempt->source, attempt->port};
}

/// "Accepted METHOD for ..." and "Failed METHOD for ...".
Reading read_verdict(const Record& record, std::string_view text, Outcome outcome, Desk& desk) {
  std::string_view method;
  if (!take_method(text, method)) return Reading::other;
  SshdTail tail;
  // Known clients only matter in doubt; certificates and the like are the lines with "ssh2: ".
  const SshdClient known = text.ends_with("ssh2") ? SshdClient{} : known_client(record, desk);
  if (!read_sshd_tail(text, method, known, tail)) return Reading::malformed;

  Attempt& attempt = attempt_of(record, tail, desk);
  if (outcome == Outcome::failure && method == "none") return Reading::used;
  // A held failure is the same try as the Failed line that follows it, but never as a success.
  if (outcome == Outcome::success) desk.attempts.release(attempt);
  desk.attempts.tell(attempt, record.time);
  attempt.kinds &= kNotAllowed;

  Event event = ssh_event(record, tail, outcome);
  event[Field::account] = account_of(attempt, tail);
  event[Field::method] = method.substr(0, method.find('/'));  // "keyboard-interactive/pam"
  if (outcome == Outcome::success && (method == "publickey" || method == "hostbased")) {
    event[Field::key_fingerprint] = fingerprint_of(tail.extra);
  }
  desk.out.emit(event, record.times);
  return Reading::used;
}

/// "Postponed METHOD for ..." and "Partial METHOD for ...": the attempt goes on.
Reading read_step(const Record& record, std::string_view text, Desk& desk) {
  std::string_view method;
  SshdTail tail;
  if (!take_method(text, method)) return Reading::other;
  if (!read_sshd_tail(text, method, known_client(record, desk), tail)) return Reading::malformed;
  attempt_of(record, tail, desk);
  return Reading::used;
}

/// An account that is not there or may not log on. sshd goes on asking for a password, so the
/// failure is held until Failed lines tell it, or the connection ends without any.
void refuse(const Record& record, const SshdTail& tail, Desk& desk) {
  Attempt& attempt = attempt_of(record, tail, desk);
  if (attempt.held != 0) {
    if (desk.attempts.held(attempt).event()[Field::user_name] == tail.name) return;
    desk.attempts.restart(attempt, record.time);
  } else if (attempt.told) {
    // The same connection, told before (lines out of order); without a port it cannot be the same.
    if (attempt.port != 0 && attempt.port == tail.port) return;
    desk.attempts.restart(attempt, record.time);
  }
  if (attempt.source == 0 && !tail.address.empty()) attempt.source = hash_of(tail.address);
  if (attempt.port == 0) attempt.port = tail.port;
  hold_failure(attempt, record, tail, {}, desk);
}

/// "Invalid user NAME from ADDRESS[ port N]". The end is sshd's: the name cannot forge it.
Reading read_invalid(const Record& record, std::string_view text, Desk& desk) {
  SshdTail tail;
  if (!read_name_from_address(text, tail)) return Reading::malformed;
  tail.invalid_user = true;
  refuse(record, tail, desk);
  return Reading::used;
}

/// "User NAME from HOST not allowed because REASON". NAME is an account of this host; only HOST may
/// come from outside (a reverse DNS name, in which sshd allows no spaces).
Reading read_not_allowed(const Record& record, std::string_view text, Desk& desk) {
  const std::size_t end = text.find(" not allowed because ");
  if (end == std::string_view::npos) return Reading::other;
  SshdTail tail;
  if (!read_name_from_address(text.substr(0, end), tail)) return Reading::malformed;
  SshdTail client = tail;
  if (!IpAddress::parse(tail.address)) client.address = {};  // its other lines have the address
  Attempt& attempt = attempt_of(record, client, desk);
  attempt.kinds |= kNotAllowed;
  if (attempt.held == 0 && !attempt.told) hold_failure(attempt, record, tail, {}, desk);
  return Reading::used;
}

/// "PAM: REASON for [illegal user ]NAME from HOST": one failed round of keyboard-interactive. sshd
/// writes the Failed line of a round behind it, but for accounts that exist only from the third
/// round on, so each of these is a failure unless its Failed line follows.
Reading read_pam_error(const Record& record, std::string_view text, Desk& desk) {
  // REASON is PAM's text; these two have a " for " of their own.
  take(text, "Have exhausted maximum number of retries for service");
  take(text, "Conversation is waiting for event");
  const std::size_t at = text.find(" for ");
  if (at == std::string_view::npos) return Reading::other;
  text.remove_prefix(at + 5);
  SshdTail tail;
  tail.invalid_user = take(text, "illegal user ") || take(text, "invalid user ");
  if (!read_name_from_address(text, tail)) return Reading::malformed;
  Attempt& attempt = desk.attempts.open(process_key(record), record.time);
  if (attempt.held != 0 && (attempt.kinds & kPamError) != 0) desk.attempts.release(attempt);
  if (record.times > 1) {
    // Rounds one after the other: a Failed line could only follow the last.
    desk.attempts.release(attempt);
    Event event = ssh_event(record, tail, Outcome::failure);
    event[Field::account] = account_of(attempt, tail);
    event[Field::method] = "keyboard-interactive";
    event.port = attempt.port;
    desk.out.emit(event, record.times - 1);
  }
  if (attempt.held == 0) hold_failure(attempt, record, tail, "keyboard-interactive", desk);
  attempt.kinds |= kPamError;
  return Reading::used;
}

/// The connection of an account that exists has ended: "NAME ADDRESS port N". A client that only
/// hung up leaves the same line as one whose keys were refused, so the line tells no outcome; but
/// where sshd had `enough` of it, tries were refused, and if no line told of any, they were one
/// attempt (keys: sshd does not log them).
Reading read_unfinished(const Record& record, std::string_view text, bool enough, Desk& desk) {
  SshdTail tail;
  if (!read_name_address(text, tail)) return Reading::malformed;
  // A connection ends once, however often the line came.
  if (record.repeated) return Reading::used;
  Attempt& attempt = attempt_of(record, tail, desk);
  if (attempt.held != 0) {
    desk.attempts.release(attempt);
  } else if (enough && !attempt.told) {
    Event event = ssh_event(record, tail, Outcome::failure);
    desk.out.emit(event, 1);
  }
  desk.attempts.tell(attempt, record.time);
  return Reading::used;
}

/// " ADDRESS[ port N]": root showed what would have let others in, and may not log on so. sshd
/// writes it twice, and at its default log level no Failed line.
Reading read_root_refused(const Record& record, std::string_view text, Desk& desk) {
  SshdTail tail;
  if (!read_name_address(text, tail)) return Reading::malformed;
  tail.name = "root";
  Attempt& attempt = attempt_of(record, tail, desk);
  if (attempt.held == 0 && !attempt.told) hold_failure(attempt, record, tail, {}, desk);
  return Reading::used;
}

/// Who ended, after "Connection closed by " and the like: "[invalid |authenticating ]user NAME
/// ADDRESS port N", or the address alone.
Reading read_end(const Record& record, std::string_view text, Desk& desk) {
  if (take(text, "authenticating user ")) return read_unfinished(record, text, false, desk);
  if (Attempt* attempt = desk.attempts.find(process_key(record))) desk.attempts.remove(*attempt);
  return Reading::used;
}

/// The connection is over but its last line may still come: a held failure is certain now.
Reading read_last_words(const Record& record, Desk& desk) {
  if (Attempt* attempt = desk.attempts.find(process_key(record))) desk.attempts.release(*attempt);
  return Reading::used;
}

/// The server ends the connection: "Disconnecting[ KIND user NAME ADDRESS port N]: REASON".
Reading read_disconnecting(const Record& record, std::string_view text, Desk& desk) {
  if (!take(text, " authenticating user ")) return read_last_words(record, desk);
  // The name is an account, so the first " port " is sshd's; REASON may quote what the client sent.
  const std::size_t port = text.find(" port ");
  const std::size_t end = port == std::string_view::npos ? port : text.find(": ", port);
  if (end == std::string_view::npos) return Reading::malformed;
  const bool enough = text.substr(end + 2) == "Too many authentication failures";
  return read_unfinished(record, text.substr(0, end), enough, desk);
}

/// "Connection from ADDRESS port N on ...": a new process, or a new use of its pid.
Reading read_connection(const Record& record, std::string_view text, Desk& desk) {
  const std::size_t end = text.find(" port ");
  if (end == std::string_view::npos) return Reading::other;
  const std::string_view address = text.substr(0, end);
  if (!IpAddress::parse(address)) return Reading::other;
  text.remove_prefix(end + 6);
  Attempt& attempt = desk.attempts.open(process_key(record), record.time);
  desk.attempts.restart(attempt, record.time);
  attempt.source = hash_of(address);
  attempt.port = static_cast<std::uint16_t>(take_number(text).value_or(0));
  return Reading::used;
}

}  // namespace

Reading read_sshd(const Record& record, Desk& desk) {
  std::string_view text = record.message;
  if (text.empty()) return Reading::other;
  take_end(text, " [preauth]");
  switch (text[0]) {
    case 'A':
      if (take(text, "Accepted ")) return read_verdict(record, text, Outcome::success, desk);
      break;
    case 'F':
      if (take(text, "Failed ")) return read_verdict(record, text, Outcome::failure, desk);
      break;
    case 'I':
      if (take(text, "Invalid user ") || take(text, "Illegal user ")) {
        return read_invalid(record, text, desk);
      }
      break;
    case 'U':
      if (take(text, "User ")) return read_not_allowed(record, text, desk);
      break;
    case 'C':
      if (!take(text, "Connection ")) break;
      if (take(text, "closed by ") || take(text, "reset by ")) return read_end(record, text, desk);
      if (take(text, "from ")) return read_connection(record, text, desk);
      break;
    case 'D':
      if (take(text, "Disconnected from ")) return read_end(record, text, desk);
      if (take(text, "Disconnecting")) return read_disconnecting(record, text, desk);
      break;
    case 'R':
      if (take(text, "Received disconnect from ")) return read_last_words(record, desk);
      if (take(text, "ROOT LOGIN REFUSED FROM")) return read_root_refused(record, text, desk);
      break;
    case 'P':
      if (take(text, "Postponed ") || take(text, "Partial ")) return read_step(record, text, desk);
      if (text.starts_with("PAM ")) return Reading::used;
      break;
    case 'e':
      if (!take(text, "error: ")) break;
      if (take(text, "PAM: ")) return read_pam_error(record, text, desk);
      if (take(text, "Received disconnect from ")) return read_last_words(record, desk);
      if (take(text, "maximum authentication attempts ")) return Reading::used;
      break;
    case 'f':
      if (take(text, "fatal: ")) return read_last_words(record, desk);
      break;
    case 'i':
      if (take(text, "input_userauth_request: ")) return Reading::used;
      break;
    case 'p':
      if (take(text, "pam_")) return Reading::used;
      break;
    default:
      break;
  }
  return Reading::other;
}

}  // namespace doorward::authlog
