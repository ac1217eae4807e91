// gdm's session workers ("gdm-password]"): they log through PAM alone, one line an outcome.
#include "plugins/sources/authlog/messages.h"
#include "plugins/sources/authlog/pam.h"
#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

constexpr std::string_view kAction = "gdm_login";

/// Services under which somebody logs on, and not the greeter itself.
bool is_logon_service(std::string_view service) {
  return service.starts_with("gdm") && service != "gdm-launch-environment" &&
         service != "gdm-welcome";
}

}  // namespace

Reading read_gdm(const Record& record, Desk& desk) {
  const std::optional<PamLine> line = read_pam(record.message);
  if (!line || !is_logon_service(line->service)) return Reading::other;
  std::string_view process = record.tag;
  take_end(process, "]");
  if (const std::optional<PamSession> session = read_pam_session(*line)) {
    Event event = begin_event(record, process, kAction, Outcome::success);
    event[Field::user_name] = session->target;
    desk.out.emit(event, record.times);
  } else if (const std::optional<PamFailure> failure = read_pam_failure(*line)) {
    // Other modules repeat what pam_unix says first.
    if (line->module != "pam_unix") return Reading::used;
    Event event = begin_event(record, process, kAction, Outcome::failure);
    event[Field::user_name] = failure->user;
    if (failure->no_account()) event[Field::account] = kInvalidAccount;
    if (!failure->remote_host.empty()) set_source(event, failure->remote_host);
    desk.out.emit(event, record.times);
  }
  return Reading::used;
}

}  // namespace doorward::authlog
