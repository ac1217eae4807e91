// login, of util-linux and of shadow: consoles and telnet.
//
// Names of failed logons are typed. They stand behind login's own " FOR " and before a comma and a
// reason that PAM words: the first " FOR " begins the name, since a terminal or a host, which alone
// stand before it, hold no spaces, and the last ", " ends it.
#include "plugins/sources/authlog/pam.h"
#include "plugins/sources/authlog/text.h"
#include "plugins/sources/authlog/told_twice.h"

namespace doorward::authlog {
namespace {

constexpr std::string_view kLogin = "login";
constexpr std::string_view kAction = "console_login";

/// util-linux writes the terminal in the place of the host when there is none.
bool is_terminal(std::string_view place) {
  for (const std::string_view start : {"/", "'", "tty", "pts/", "hvc", "console", "ptyp"}) {
    if (place.starts_with(start)) return true;
  }
  return false;
}

Event login_event(const Record& record, std::string_view name, std::string_view place,
                  Outcome outcome) {
  Event event = begin_event(record, kLogin, kAction, outcome);
  event[Field::user_name] = name;
  if (!place.empty() && !is_terminal(place)) set_source(event, place);
  return event;
}

/// Shadow's login tells of root's session from a child with a pid of its own, so the two lines of
/// one success meet by name.
Reading read_success(const Record& record, std::string_view name, std::string_view place,
                     SuccessLine kind, Desk& desk) {
  Event event = login_event(record, name, place, Outcome::success);
  drop_pam_failure(process_key(record), desk);
  tell_success(record, person_key(record, name), kind, event, desk);
  return Reading::used;
}

/// "ON TTY BY NAME[ FROM HOST]". The name is an account's.
Reading read_login_on(const Record& record, std::string_view text, Desk& desk) {
  const std::size_t by = text.find(" BY ");
  if (by == std::string_view::npos) return Reading::malformed;
  std::string_view name = text.substr(by + 4);
  std::string_view host;
  if (const std::size_t from = name.rfind(" FROM "); from != std::string_view::npos) {
    host = name.substr(from + 6);
    name = name.substr(0, from);
  }
  return read_success(record, name, host, SuccessLine::own, desk);
}

/// "ROOT LOGIN ON TTY[ FROM HOST]", or shadow's "ROOT LOGIN  on 'TTY'[ from 'HOST']".
Reading read_root_login(const Record& record, std::string_view text, Desk& desk) {
  std::string_view host;
  if (const std::size_t from = text.rfind(" FROM "); from != std::string_view::npos) {
    host = text.substr(from + 6);
  } else if (const std::size_t quoted = text.rfind(" from '"); quoted != std::string_view::npos) {
    host = text.substr(quoted + 7);
    take_end(host, "'");
  }
  return read_success(record, "root", host, SuccessLine::own, desk);
}

/// What follows "FAILED LOGIN" or "TOO MANY LOGIN TRIES":
///   " 1 FROM PLACE FOR NAME, REASON"  " SESSION FROM PLACE FOR NAME, REASON"
///   " (1) on 'TTY'[ from 'HOST'] FOR 'NAME'[, REASON]"
Reading read_failed_login(const Record& record, std::string_view text, Desk& desk) {
  const std::size_t name_at = text.find(" FOR ");
  if (name_at == std::string_view::npos) return Reading::malformed;
  std::string_view head = text.substr(0, name_at);
  std::string_view name = text.substr(name_at + 5);
  std::string_view place;
  if (const std::size_t from = head.find(" FROM "); from != std::string_view::npos) {
    place = head.substr(from + 6);
    take(place, "(null)");
  } else if (const std::size_t quoted = head.find(" from '"); quoted != std::string_view::npos) {
    place = head.substr(quoted + 7);
    take_end(place, "'");
  }
  // "TOO MANY ... FOR 'NAME'" of shadow gives no reason; with one, the name ends at the last comma.
  const bool bare_quotes = name.size() >= 2 && name.starts_with('\'') && name.ends_with('\'');
  // util-linux gives PAM's reason; shadow's login hides a name that is no account.
  bool unknown = name.ends_with(", User not known to the underlying authentication module");
  if (!bare_quotes) name = name.substr(0, name.rfind(", "));
  unknown = unknown || name == "'UNKNOWN'";
  if (name.size() >= 2 && name.starts_with('\'') && name.ends_with('\'')) {
    name = name.substr(1, name.size() - 2);
  }
  Event event = login_event(record, name, place, Outcome::failure);
  if (unknown) event[Field::account] = kInvalidAccount;
  drop_pam_failure(process_key(record), desk);
  desk.out.emit(event, record.times);
  return Reading::used;
}

Reading read_login_pam(const Record& record, Desk& desk) {
  const std::optional<PamLine> line = read_pam(record.message);
  if (!line || (line->service != kLogin && line->service != "remote")) return Reading::other;
  if (const std::optional<PamSession> session = read_pam_session(*line)) {
    return read_success(record, session->target, {}, SuccessLine::pam_session, desk);
  }
  if (const std::optional<PamFailure> failure = read_pam_failure(*line)) {
    Event event = login_event(record, failure->user, failure->remote_host, Outcome::failure);
    if (failure->no_account()) event[Field::account] = kInvalidAccount;
    hold_pam_failure(record, process_key(record), line->module, event, desk);
  }
  return Reading::used;
}

}  // namespace

Reading read_login(const Record& record, Desk& desk) {
  std::string_view text = record.message;
  if (text.starts_with("pam_")) return read_login_pam(record, desk);
  if (take(text, "LOGIN ON ")) return read_login_on(record, text, desk);
  if (take(text, "ROOT LOGIN ")) return read_root_login(record, text, desk);
  if (take(text, "FAILED LOGIN")) return read_failed_login(record, text, desk);
  if (take(text, "TOO MANY LOGIN TRIES")) {
    // util-linux writes this instead of the last FAILED LOGIN, shadow behind it.
    const bool of_shadow =
        text.substr(0, text.find(" FOR ")).find(" on '") != std::string_view::npos;
    return of_shadow ? Reading::used : read_failed_login(record, text, desk);
  }
  return text.starts_with("DIALUP AT ") || text.starts_with("PAM ") ? Reading::used
                                                                    : Reading::other;
}

}  // namespace doorward::authlog
