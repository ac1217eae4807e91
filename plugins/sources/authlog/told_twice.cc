#include "plugins/sources/authlog/told_twice.h"

#include "plugins/limits.h"

namespace doorward::authlog {

void tell_success(const Record& record, std::uint64_t key, SuccessLine kind, Event& event,
                  Desk& desk) {
  if (record.repeated) {
    // One line for many: the program's own counts, PAM's are their twins.
    if (kind == SuccessLine::own) desk.out.emit(event, record.times);
    return;
  }
  Attempt& attempt = desk.attempts.open(key, record.time);
  const auto bit = static_cast<std::uint8_t>(kind);
  const bool stale = record.time - attempt.since > kAttemptTimeMaxUs;
  if ((attempt.kinds & bit) != 0 || stale) attempt.kinds = 0;
  const bool first = attempt.kinds == 0;
  desk.attempts.tell(attempt, record.time);
  attempt.kinds |= bit;
  if (first) desk.out.emit(event, 1);
}

void hold_pam_failure(const Record& record, std::uint64_t key, std::string_view module,
                      Event& event, Desk& desk) {
  if (record.repeated) return;
  Attempt& attempt = desk.attempts.open(key, record.time);
  if (attempt.held != 0) {
    if (module != "pam_unix") return;
    desk.attempts.release(attempt);
  }
  desk.attempts.hold(attempt, event);
}

void drop_pam_failure(std::uint64_t key, Desk& desk) {
  if (Attempt* attempt = desk.attempts.find(key)) desk.attempts.drop(*attempt);
}

}  // namespace doorward::authlog
