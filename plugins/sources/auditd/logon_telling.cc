// How an attempt becomes an event.
#include <charconv>

#include "plugins/sources/auditd/logons.h"

namespace doorward::auditd {
namespace {

/// How events call a program and what is done with it.
struct Names {
  std::string_view process;
  std::string_view action;
};

Names names_of(Program program) {
  switch (program) {
    case Program::sshd:
      return {"sshd", "ssh_login"};
    case Program::sudo:
      return {"sudo", "sudo"};
    case Program::su:
      return {"su", "su"};
    case Program::login:
      return {"login", "console_login"};
    case Program::gdm:
      return {"gdm", "gdm_login"};
    case Program::none:
      break;
  }
  return {};
}

}  // namespace

std::string_view Logons::name_of(std::uint64_t host, std::uint32_t uid) {
  if (uid == kNoUid) return {};
  const std::string_view name = names_.find(host, uid);
  if (!name.empty()) return name;
  const auto end = std::to_chars(number_.data(), number_.data() + number_.size(), uid);
  return {number_.data(), static_cast<std::size_t>(end.ptr - number_.data())};
}

std::string_view Logons::user_of(const Attempt& attempt) {
  if (!attempt.user.empty()) return attempt.user.view();
  const bool by_uid = attempt.uid != kNoUid;  // su, sudo
  return name_of(attempt.host, by_uid ? attempt.uid : attempt.auid);
}

Event Logons::event_of(Attempt& attempt, Outcome outcome, const Record& record) {
  Event event;
  event.time = record.time;
  event.outcome = outcome;
  event.told = Told::auditd;
  event.pid = attempt.pid;
  event.port = attempt.port;
  event.ip = attempt.ip;
  const bool asks_again = attempt.program == Program::login || attempt.program == Program::gdm;
  event[Field::user_name] = asks_again && !record.acct.empty() ? record.acct : user_of(attempt);
  event[Field::user_effective_name] = attempt.effective.view();
  event[Field::source_address] = attempt.address.view();
  event[Field::host_name] =
      attempt.host_name.empty() ? std::string_view(host_name_) : attempt.host_name.view();
  event[Field::process_name] = names_of(attempt.program).process;
  event[Field::event_action] = names_of(attempt.program).action;
  event[Field::event_dataset] = "auditd.log";
  if (attempt.invalid_user) event[Field::account] = kInvalidAccount;
  event[Field::method] = attempt.method;
  event[Field::key_fingerprint] = attempt.fingerprint.view();
  event[Field::original] = record.line;
  return event;
}

void Logons::tell(Attempt& attempt, Outcome outcome, const Record& record) {
  if (outcome == Outcome::success) attempt.success_at = newest_;
  sink_->on_event(event_of(attempt, outcome, record));
}

void Logons::pend(Attempt& attempt, Pending pending, const Record& record) {
  drop_pending(attempt);
  const bool agreed = pending == Pending::authorized || pending == Pending::command;
  Event event = event_of(attempt, agreed ? Outcome::success : Outcome::failure, record);
  if (pending == Pending::guess) event[Field::method] = "password";
  if (pending == Pending::complaint) event[Field::method] = {};
  if (!attempts_.keep(attempt, event)) ++counters_.cut_fields;
  attempt.pending = pending;
  if (attempt.program != Program::sshd) return;
  if (pending == Pending::guess) attempts_.hold(attempt, newest_);
  attempts_.wait_at_address(attempt);
}

void Logons::drop_pending(Attempt& attempt) {
  attempt.pending = Pending::nothing;
  attempts_.forget(attempt);
  attempts_.let_go(attempt);
  attempts_.leave_address(attempt);
}

void Logons::tell_pending(Attempt& attempt, std::uint32_t pid, std::string_view method) {
  const Pending pending = attempt.pending;
  if (pending == Pending::nothing) return;
  HeldEvent& told = *attempt.told;
  told.fill(Field::user_name, user_of(attempt));
  told.fill(Field::user_effective_name, attempt.effective.view());
  Event event = told.event();
  if (attempt.invalid_user) event[Field::account] = kInvalidAccount;
  if (pid != 0) event.pid = pid;
  if (!method.empty()) event[Field::method] = method;
  if (event.outcome == Outcome::success) attempt.success_at = newest_;
  // A complaint stays where a guess that comes late finds it.
  if (pending == Pending::complaint) {
    attempt.pending = Pending::nothing;
    attempt.complaint_told = true;
    attempts_.forget(attempt);
    attempts_.let_go(attempt);
  } else {
    drop_pending(attempt);
  }
  sink_->on_event(event);
}

}  // namespace doorward::auditd
