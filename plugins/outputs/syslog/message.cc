#include "plugins/outputs/syslog/message.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <ctime>

#include "plugins/delivery/facts.h"
#include "plugins/json_writer.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

struct Facility {
  std::string_view name;
  int code;
};
constexpr std::array<Facility, 14> kFacilities = {{{"user", 1},
                                                   {"daemon", 3},
                                                   {"auth", 4},
                                                   {"syslog", 5},
                                                   {"authpriv", 10},
                                                   {"audit", 13},
                                                   {"local0", 16},
                                                   {"local1", 17},
                                                   {"local2", 18},
                                                   {"local3", 19},
                                                   {"local4", 20},
                                                   {"local5", 21},
                                                   {"local6", 22},
                                                   {"local7", 23}}};

std::string local_stamp(TimeUs time) {
  const auto seconds = static_cast<std::time_t>(time / 1'000'000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%s %2d %02d:%02d:%02d",
                kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_mday, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

std::string head(const Document& document, const DocumentFacts& facts, const SyslogStyle& style) {
  const int priority = style.facility * 8 + syslog_severity(facts.severity);
  const TimeUs time = facts.time == kNoTime ? document.appended : facts.time;
  std::string out = "<" + std::to_string(priority) + ">";
  if (style.form == SyslogForm::rfc3164) {
    return out + local_stamp(time) + " " + style.app + "[" + std::to_string(style.pid) + "]: ";
  }
  out += "1 " + format_time(time) + " " + (style.host.empty() ? "-" : style.host) + " " +
         style.app + " " + std::to_string(style.pid) + " ";
  out += kind_name(document.kind);
  constexpr std::uint64_t kSequenceIdMax = 2'147'483'647;
  const std::uint64_t sequence = (document.sequence - 1) % kSequenceIdMax + 1;
  return out + " [meta sequenceId=\"" + std::to_string(sequence) + "\"] ";
}

/// At most so many bytes, not cutting a character.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string shortened(const Document& document, const DocumentFacts& facts,
                      std::size_t message_bytes) {
  std::string out;
  JsonWriter json(out);
  json.open().text_if("@timestamp", format_time(facts.time));
  json.open("event").text("id", document.id).text("kind", "alert");
  if (facts.severity != 0) json.number("severity", facts.severity);
  json.close();
  json.text("message", cut(facts.message, message_bytes));
  json.open("doorward").real("score", document.score);
  json.number("occurrences", document.occurrences).boolean("shortened", true);
  json.close().close();
  return out;
}

}  // namespace

std::optional<int> syslog_facility(std::string_view name) {
  for (const Facility& facility : kFacilities) {
    if (facility.name == name) return facility.code;
  }
  return std::nullopt;
}

int syslog_severity(std::int64_t event_severity) {
  if (event_severity >= 99) return 2;
  if (event_severity >= 73) return 3;
  if (event_severity >= 47) return 4;
  return event_severity > 0 ? 5 : 6;
}

std::string syslog_message(const Document& document, const SyslogStyle& style) {
  const DocumentFacts facts = document_facts(document.text);
  const std::string begin = head(document, facts, style);
  if (begin.size() + document.text.size() <= style.bytes_max) return begin + document.text;
  // Escapes make a sentence up to six times as long: half by half until it fits.
  std::size_t bytes = style.bytes_max;
  std::string body;
  do {
    bytes /= 2;
    body = shortened(document, facts, bytes);
  } while (begin.size() + body.size() > style.bytes_max && bytes > 0);
  return begin + body;
}

}  // namespace doorward
