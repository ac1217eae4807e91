// What the tests of the auditd source share: running lines through it, and the recorded truth.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceAuditd;

namespace auditd_test {

/// An event with its own text.
struct Told {
  TimeUs time = kNoTime;
  Outcome outcome = Outcome::unknown;
  doorward::Told logs = doorward::Told::none;
  std::uint32_t pid = 0;
  std::uint16_t port = 0;
  IpAddress ip;
  std::string action, user, target, address, host, process, method, key, dataset, original;

  Told() = default;
  explicit Told(const Event& event)
      : time(event.time),
        outcome(event.outcome),
        logs(event.told),
        pid(event.pid),
        port(event.port),
        ip(event.ip),
        action(event[Field::event_action]),
        user(event[Field::user_name]),
        target(event[Field::user_effective_name]),
        address(event[Field::source_address]),
        host(event[Field::host_name]),
        process(event[Field::process_name]),
        method(event[Field::method]),
        key(event[Field::key_fingerprint]),
        dataset(event[Field::event_dataset]),
        original(event[Field::original]) {}

  [[nodiscard]] std::string ip_text() const {
    std::array<char, IpAddress::kTextMax> text;
    return std::string(ip.format(text));
  }
  /// "ssh_login success alice 192.0.2.10 8047": what tests compare at a glance. Without the pid and what
  /// else depends on the order of records on request.
  [[nodiscard]] std::string brief(bool with_pid = true) const {
    std::string text = action + " " + std::string(outcome_name(outcome)) + " " + user;
    if (!target.empty() && with_pid) text += " as " + target;
    if (ip.valid()) text += " " + ip_text();
    return with_pid ? text + " " + std::to_string(pid) : text;
  }
};

class Collector final : public EventSink {
 public:
  void on_event(const Event& event) override { events.emplace_back(event); }
  std::vector<Told> events;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Empty when the file is not there.
inline std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return lines_of(text.str());
}

struct Outcomes {
  std::vector<Told> events;
  SourceCounters counters;
  [[nodiscard]] std::vector<std::string> briefs(bool with_pid = true) const {
    std::vector<std::string> out;
    for (const Told& event : events) out.push_back(event.brief(with_pid));
    return out;
  }
};

inline Outcomes run(const std::vector<std::string>& lines, const std::string& host = "") {
  SourceOptions options;
  options.host_name = host;
  const std::unique_ptr<Source> source = kSourceAuditd.make(options);
  Collector sink;
  InputState input;
  for (const std::string& line : lines) source->feed(line, source->stamp(line, input), sink);
  source->finish(sink);
  return {std::move(sink.events), source->counters()};
}
inline Outcomes run(const std::string& text, const std::string& host = "") {
  return run(lines_of(text), host);
}

/// The line as auditd writes it with log_format = RAW.
inline std::string raw(const std::string& line) { return line.substr(0, line.find('\x1d')); }

/// One line of truth.ndjson: flat JSON; text values unescaped, null and absent are empty.
class Row {
 public:
  explicit Row(const std::string& json) {
    for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at)) {
      const std::string key = text(json, at);
      at = json.find_first_not_of(": ", at);
      if (at == std::string::npos) break;
      if (json[at] == '"') {
        values_[key] = text(json, at);
      } else {
        const std::size_t end = json[at] == '[' ? json.find(']', at) + 1 : json.find_first_of(",}", at);
        values_[key] = json.substr(at, end - at);
        if (values_[key] == "null") values_[key].clear();
        at = end;
      }
    }
  }
  [[nodiscard]] std::string operator[](const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string() : found->second;
  }
  /// "2026-11-20T06:47:10.385587Z"
  [[nodiscard]] TimeUs time(const std::string& key) const {
    const std::string value = (*this)[key];
    const auto number = [&value](std::size_t from, std::size_t size) {
      return std::stoll(value.substr(from, size));
    };
    const std::int64_t month = number(5, 2), year = number(0, 4) - (month <= 2 ? 1 : 0);
    const std::int64_t shifted = month > 2 ? month - 3 : month + 9;
    const std::int64_t days = 365 * year + year / 4 - year / 100 + year / 400 +
                              (153 * shifted + 2) / 5 + number(8, 2) - 1 - 719468;
    return ((days * 24 + number(11, 2)) * 60 + number(14, 2)) * 60 * kSecondUs +
           number(17, 2) * kSecondUs + number(20, 6);
  }

 private:
  /// Reads the string at `at` (its opening quote) and goes past it. \u00xx and above become UTF-8.
  static std::string text(const std::string& json, std::size_t& at) {
    std::string out;
    std::uint32_t high = 0;
    for (++at; at < json.size() && json[at] != '"'; ++at) {
      if (json[at] != '\\') {
        out += json[at];
        continue;
      }
      const char kind = json[++at];
      if (kind != 'u') {
        out += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
        continue;
      }
      std::uint32_t code = static_cast<std::uint32_t>(std::stoul(json.substr(at + 1, 4), nullptr, 16));
      at += 4;
      if (code >= 0xD800 && code < 0xDC00) {
        high = code;
        continue;
      }
      if (code >= 0xDC00 && code < 0xE000) code = 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00;
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3F));
      } else {
        if (code < 0x10000) {
          out += static_cast<char>(0xE0 | code >> 12);
        } else {
          out += static_cast<char>(0xF0 | code >> 18);
          out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
        }
        out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
      }
    }
    ++at;
    return out;
  }
  std::map<std::string, std::string> values_;
};

}  // namespace auditd_test
}  // namespace doorward
