// sudo: "alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls", one event a command.
//
// The name in front is an account's, and what follows " : " decides the outcome: both come before
// anything that the user chooses. PWD and COMMAND are the user's. USER is looked for from the
// front, so no argument of the command can forge it; a folder whose name holds " ; USER=" can,
// which only somebody does who may already run the command.
//
// "a password is required" (sudo -n) and the like are no attempts: nobody was asked for anything
// and nothing was tried. They give no event. A user who is not in sudoers, asks for a command that
// is not theirs or for a user that does not exist is one failure: sudo was asked and said no.
#include "plugins/sources/authlog/messages.h"
#include "plugins/sources/authlog/pam.h"
#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

constexpr std::string_view kSudo = "sudo";

/// Begins of the reasons with which sudo refuses a user whom it knows. What is not listed (such as
/// "problem with defaults entries") does not keep the command from running and tells no outcome.
constexpr std::string_view kRefusals[] = {
    "user NOT in sudoers",
    "unknown user ",
    "unknown group ",
    "user NOT authorized on host",
    "command not allowed",
    "sorry, you are not allowed ",
    "sorry, you must have a tty",
    "account validation failure",
    "Account or password is expired",
    "Account expired",
    "Password expired",
    "PAM account management error",
    "PAM authentication error",
};

/// Begins of the list of settings, after the reason if there is one.
constexpr std::string_view kSettings[] = {"TTY=", "HOST=", "CHROOT=", "PWD=", "CWD="};

bool is_settings(std::string_view text) {
  for (const std::string_view name : kSettings) {
    if (text.starts_with(name)) return true;
  }
  return false;
}

/// USER= of the settings; empty when it is not there (sudo splits long lines).
std::string_view target_of(std::string_view settings) {
  constexpr std::string_view kUser = " ; USER=";
  const std::size_t at = settings.find(kUser);
  if (at == std::string_view::npos) return {};
  std::string_view rest = settings.substr(at + kUser.size());
  rest = rest.substr(0, rest.find(" ; "));
  take_end(rest, " ;");  // an empty COMMAND, and journald leaves blanks at the end away
  return rest;
}

/// pam_*(sudo:auth): a failure that sudo's own line tells better. When none follows in time (the
/// user went away) it counts by itself.
Reading read_sudo_pam(const Record& record, Desk& desk) {
  const std::optional<PamLine> line = read_pam(record.message);
  if (!line) return Reading::other;
  if (line->type == "auth" && line->text.starts_with("authentication success; ")) {
    // Another module of the stack (pam_sss) took the password that pam_unix did not know.
    const std::string_view person = read_pam_person(*line);
    if (Attempt* attempt = desk.attempts.find(process_key(record, person))) {
      desk.attempts.drop(*attempt);
    }
    return Reading::used;
  }
  const std::optional<PamFailure> failure = read_pam_failure(*line);
  if (!failure || record.repeated) return Reading::used;
  const std::string_view person =
      failure->remote_user.empty() ? failure->user : failure->remote_user;
  Attempt& attempt = desk.attempts.open(process_key(record, person), record.time);
  if (attempt.held != 0) return Reading::used;
  Event event = begin_event(record, kSudo, kSudo, Outcome::failure);
  event[Field::user_name] = person;
  desk.attempts.hold(attempt, event);
  return Reading::used;
}

/// How many failures `reason` tells; nullopt when it tells no outcome.
std::optional<std::uint32_t> failures_of(std::string_view reason) {
  if (!reason.empty() && is_digit(reason[0])) {
    const std::optional<std::uint32_t> count = take_number(reason);
    if (reason.starts_with(" incorrect password attempt")) return count;
    return std::nullopt;
  }
  for (const std::string_view refusal : kRefusals) {
    if (reason.starts_with(refusal)) return 1;
  }
  return std::nullopt;
}

}  // namespace

Reading read_sudo(const Record& record, Desk& desk) {
  if (record.message.starts_with("pam_")) return read_sudo_pam(record, desk);
  std::string_view text = record.message;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::size_t colon = text.find(" : ");
  if (colon == std::string_view::npos || colon == 0) return Reading::other;
  const std::string_view person = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 3);
  if (rest.starts_with("(command continued)")) return Reading::used;

  std::uint32_t count = 1;
  Outcome outcome = Outcome::success;
  if (!is_settings(rest)) {
    const std::optional<std::uint32_t> failures = failures_of(rest);
    if (!failures) return Reading::other;
    count = *failures;
    outcome = Outcome::failure;
  }
  if (Attempt* attempt = desk.attempts.find(process_key(record, person))) {
    // sudo counts wrong passwords only when it gives up, so what PAM told before a success was a
    // try that failed. Before a failure it is one of those that sudo counts.
    if (attempt->held != 0 && outcome == Outcome::success) {
      desk.attempts.held(*attempt).fill(Field::user_effective_name, target_of(rest));
    } else {
      desk.attempts.drop(*attempt);
    }
    desk.attempts.remove(*attempt);
  }
  Event event = begin_event(record, kSudo, kSudo, outcome);
  event[Field::user_name] = person;
  event[Field::user_effective_name] = target_of(rest);
  const std::uint64_t times = static_cast<std::uint64_t>(count) * record.times;
  desk.out.emit(event, static_cast<std::uint32_t>(std::min<std::uint64_t>(times, UINT32_MAX)));
  return Reading::used;
}

}  // namespace doorward::authlog
