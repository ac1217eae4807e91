// su, of shadow and of util-linux.
//
// All names are accounts: su refuses others before it logs. They are read backwards all the same,
// the caller's name being the last thing that is not su's own.
#include "plugins/sources/authlog/pam.h"
#include "plugins/sources/authlog/text.h"
#include "plugins/sources/authlog/told_twice.h"

namespace doorward::authlog {
namespace {

constexpr std::string_view kSu = "su";

struct Names {
  std::string_view person;
  std::string_view target;
};

/// "TARGET by PERSON".
std::optional<Names> read_by(std::string_view text) {
  const std::size_t by = text.rfind(" by ");
  if (by == std::string_view::npos) return std::nullopt;
  return Names{text.substr(by + 4), text.substr(0, by)};
}

/// "(to TARGET) PERSON on TTY".
std::optional<Names> read_to(std::string_view text) {
  if (!take(text, "(to ")) return std::nullopt;
  const std::size_t on = text.rfind(" on ");
  if (on == std::string_view::npos) return std::nullopt;
  text = text.substr(0, on);
  const std::size_t close = text.rfind(") ");
  if (close == std::string_view::npos) return std::nullopt;
  return Names{text.substr(close + 2), text.substr(0, close)};
}

Event su_event(const Record& record, const Names& names, Outcome outcome) {
  Event event = begin_event(record, kSu, kSu, outcome);
  event[Field::user_name] = names.person;
  event[Field::user_effective_name] = names.target;
  return event;
}

Reading read_own(const Record& record, const std::optional<Names>& names, Outcome outcome,
                 Desk& desk) {
  if (!names) return Reading::malformed;
  Event event = su_event(record, *names, outcome);
  // PAM's lines before the session bear no pid where util-linux opens the log later.
  drop_pam_failure(process_key(record, names->person), desk);
  drop_pam_failure(person_key(record, names->person), desk);
  if (outcome == Outcome::success) {
    tell_success(record, process_key(record, names->person), SuccessLine::own, event, desk);
  } else {
    desk.out.emit(event, record.times);
  }
  return Reading::used;
}

Reading read_su_pam(const Record& record, Desk& desk) {
  const std::optional<PamLine> line = read_pam(record.message);
  if (!line || !line->service.starts_with(kSu)) return Reading::other;
  if (const std::optional<PamSession> session = read_pam_session(*line)) {
    Event event = su_event(record, {session->person, session->target}, Outcome::success);
    tell_success(record, process_key(record, session->person), SuccessLine::pam_session, event,
                 desk);
  } else if (const std::optional<PamFailure> failure = read_pam_failure(*line)) {
    const std::string_view person = failure->remote_user;
    Event event = su_event(record, {person, failure->user}, Outcome::failure);
    hold_pam_failure(record, process_key(record, person), line->module, event, desk);
  }
  return Reading::used;
}

}  // namespace

Reading read_su(const Record& record, Desk& desk) {
  std::string_view text = record.message;
  if (text.starts_with("pam_")) return read_su_pam(record, desk);
  if (take(text, "Successful su for ")) {
    return read_own(record, read_by(text), Outcome::success, desk);
  }
  if (take(text, "FAILED su for ")) return read_own(record, read_by(text), Outcome::failure, desk);
  if (take(text, "FAILED SU ")) return read_own(record, read_to(text), Outcome::failure, desk);
  if (text.starts_with("(to ")) return read_own(record, read_to(text), Outcome::success, desk);
  // "+ /dev/pts/0 alice:root" and "- ...": shadow's second line of the same.
  return text.starts_with("+ ") || text.starts_with("- ") ? Reading::used : Reading::other;
}

}  // namespace doorward::authlog
