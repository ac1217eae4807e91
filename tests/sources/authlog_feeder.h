// Feeds lines to an authlog source and keeps what comes out, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sources/source.h"

namespace doorward {

extern const SourcePlugin kSourceAuthlog;

namespace testing_authlog {

/// An event with text of its own.
struct Seen {
  std::string user, effective, address, host, process, action, dataset, method, key, original, ip;
  TimeUs time = kNoTime;
  std::uint32_t pid = 0;
  std::uint16_t port = 0;
  Outcome outcome = Outcome::unknown;

  /// "ssh_login failure root from 10.0.0.1:22 via password", parts that are empty left out.
  [[nodiscard]] std::string brief() const {
    std::string text = action + " " + std::string(outcome_name(outcome)) + " " + user;
    if (!effective.empty()) text += " to " + effective;
    if (!address.empty()) text += " from " + address;
    if (port != 0) text += ":" + std::to_string(port);
    if (!method.empty()) text += " via " + method;
    if (!key.empty()) text += " " + key;
    return text;
  }
};

inline Seen seen(const Event& event) {
  Seen copy;
  copy.user = event[Field::user_name];
  copy.effective = event[Field::user_effective_name];
  copy.address = event[Field::source_address];
  copy.host = event[Field::host_name];
  copy.process = event[Field::process_name];
  copy.action = event[Field::event_action];
  copy.dataset = event[Field::event_dataset];
  copy.method = event[Field::method];
  copy.key = event[Field::key_fingerprint];
  copy.original = event[Field::original];
  std::array<char, IpAddress::kTextMax> text;
  copy.ip = event.ip.format(text);
  copy.time = event.time;
  copy.pid = event.pid;
  copy.port = event.port;
  copy.outcome = event.outcome;
  return copy;
}

class Feeder : public EventSink {
 public:
  explicit Feeder(int year = 2026, TimeZone zone = {}) {
    SourceOptions options;
    options.zone = zone;
    source_ = kSourceAuthlog.make(options);
    input_.year = year;
  }

  Feeder& feed(std::string_view line) {
    const Stamp stamp = source_->stamp(line, input_);
    source_->feed(line, stamp, *this);
    return *this;
  }
  /// A line of program "sshd[pid]" at second `second` of a fixed day.
  Feeder& sshd(int pid, std::string_view message, int second = 0) {
    return feed(at(second) + " web-1 sshd[" + std::to_string(pid) + "]: " + std::string(message));
  }
  /// A line of any tag.
  Feeder& line(std::string_view tag, std::string_view message, int second = 0) {
    return feed(at(second) + " web-1 " + std::string(tag) + ": " + std::string(message));
  }
  Feeder& finish() {
    source_->finish(*this);
    return *this;
  }

  void on_event(const Event& event) override { events.push_back(seen(event)); }

  [[nodiscard]] std::vector<std::string> briefs() const {
    std::vector<std::string> all;
    for (const Seen& event : events) all.push_back(event.brief());
    return all;
  }
  [[nodiscard]] const SourceCounters& counters() const { return source_->counters(); }

  std::vector<Seen> events;

 private:
  static std::string at(int second) {
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return "2026-02-09T" + two(10 + second / 3600) + ":" + two(second / 60 % 60) + ":" +
           two(second % 60) + "Z";
  }

  std::unique_ptr<Source> source_;
  InputState input_;
};

using Briefs = std::vector<std::string>;

}  // namespace testing_authlog
}  // namespace doorward
