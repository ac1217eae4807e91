// Events with text of their own, and running lines through a source to get them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/sources/source.h"
#include "tests/support/files.h"

namespace doorward::telling {

/// An event with its own text.
struct Told {
  TimeUs time = kNoTime;
  Outcome outcome = Outcome::unknown;
  doorward::Told logs = doorward::Told::none;
  std::uint32_t pid = 0;
  std::uint16_t port = 0;
  IpAddress ip;
  std::string action, user, target, address, host, process, method, key, dataset, original, account,
      twin;

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
        original(event[Field::original]),
        account(event[Field::account]),
        twin(event[Field::twin]) {}

  [[nodiscard]] std::string ip_text() const {
    std::array<char, IpAddress::kTextMax> text;
    return std::string(ip.format(text));
  }
  /// "ssh_login success alice 192.0.2.10 8047": what tests compare at a glance. Without the pid and
  /// what else depends on the order of records on request.
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

/// Empty when the file is not there.
inline std::vector<std::string> read_lines(const std::string& path) {
  return lines_of(read_file(path));
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

/// `year` is for stamps that have none.
inline Outcomes run(const SourcePlugin& plugin, const std::vector<std::string>& lines,
                    const std::string& host = "", int year = 0) {
  SourceOptions options;
  options.host_name = host;
  const std::unique_ptr<Source> source = plugin.make(options);
  Collector sink;
  InputState input;
  if (year != 0) input.year = year;
  for (const std::string& line : lines) source->feed(line, source->stamp(line, input), sink);
  source->finish(sink);
  return {std::move(sink.events), source->counters()};
}

/// The line as auditd writes it with log_format = RAW.
inline std::string raw(const std::string& line) {
  return line.substr(0, line.find('\x1d'));
}

}  // namespace doorward::telling
