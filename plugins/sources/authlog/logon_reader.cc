#include "plugins/sources/authlog/logon_reader.h"

#include "plugins/sources/authlog/repeats.h"

namespace doorward::authlog {

void LogonReader::read_line(Record& record) {
  count(reading_of_line(record));
}

void LogonReader::count(Reading reading) {
  switch (reading) {
    case Reading::used:
      break;
    case Reading::other:
      ++counters_.other;
      break;
    case Reading::malformed:
      ++counters_.malformed;
      break;
  }
}

Reading LogonReader::reading_of_line(Record& record) {
  if (record.program == Program::other && !record.tag.empty()) {
    recent_.remember_other();
    return Reading::other;
  }
  if (const std::optional<std::uint32_t> times = read_repeat_notice(record.message)) {
    const Record* earlier = recent_.find(record);
    if (earlier == nullptr) return Reading::other;
    Record again = *earlier;
    again.time = record.time;
    again.times = *times;
    again.repeated = true;
    return reading_of_message(again);
  }
  if (record.tag.empty()) {
    recent_.remember_other();
    return Reading::other;
  }
  if (take_repeat_frame(record)) return reading_of_message(record);
  recent_.remember(record);
  return reading_of_message(record);
}

Reading LogonReader::reading_of_message(const Record& record) {
  if (record.times == 0) return Reading::used;
  switch (record.program) {
    case Program::sshd:
      return read_sshd(record, desk_);
    case Program::sudo:
      return read_sudo(record, desk_);
    case Program::su:
      return read_su(record, desk_);
    case Program::login:
      return read_login(record, desk_);
    case Program::gdm:
      return read_gdm(record, desk_);
    case Program::logind:
      // "New session 3 of user alice.": sshd, login or gdm have told of that logon.
      return Reading::used;
    case Program::other:
      break;
  }
  return Reading::other;
}

}  // namespace doorward::authlog
