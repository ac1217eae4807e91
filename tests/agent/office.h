// A small office's logons through a pipeline, and what it says of them.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "plugins/pipeline/pipeline.h"
#include "plugins/time_text.h"

namespace doorward {

inline constexpr TimeUs kHour = 3600 * kSecondUs;
inline constexpr TimeUs kDay = 24 * kHour;

struct Seen {
  std::string rule;
  std::string id;
  std::string sentence;
  std::uint32_t occurrences;
  double score;
};

class Collect final : public PipelineSink {
 public:
  void on_alert(const Alert& alert) override {
    alerts.push_back({alert.primary.rule->id, alert_id(alert.event, *alert.primary.rule),
                      alert_sentence(alert), alert.occurrences, alert.score});
  }
  void on_scored(const Event& /*event*/, std::span<const Evidence> /*evidence*/) override {
    ++scored;
  }
  void on_update(const AlertUpdate& update) override {
    updates.push_back(std::string(update.id) + " " + std::to_string(update.occurrences));
  }
  std::vector<Seen> alerts;
  std::vector<std::string> updates;  // "id occurrences"
  int scored = 0;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() : rules_(builtin_rules(), HashKey{}, mistakes_) {}

  void start(const PipelineOptions& options = {}) {
    baseline_.emplace(std::move(Baseline::make({})).value());
    sink_ = {};
    pipeline_.emplace(rules_, *baseline_, sink_, options);
  }

  /// A wrong password on the host that the internet sees, each time from another address.
  void guess(const std::string& user, bool invalid, TimeUs time) {
    Event event;
    event.time = time;
    event.outcome = Outcome::failure;
    event[Field::user_name] = user;
    event[Field::host_name] = "gate-01";
    event[Field::event_action] = "ssh_login";
    event[Field::method] = "password";
    event[Field::account] = invalid ? "invalid" : "";
    const std::string ip =
        "31." + std::to_string(guesses_ / 250 % 250) + "." + std::to_string(guesses_ % 250) + ".9";
    ++guesses_;
    event[Field::source_address] = ip;
    event.ip = *IpAddress::parse(ip);
    pipeline_->on_event(event);
  }

  void logon(const std::string& user, const std::string& ip, const std::string& host, TimeUs time,
             Outcome outcome = Outcome::success) {
    Event event;
    event.time = time;
    event.outcome = outcome;
    event[Field::user_name] = user;
    event[Field::host_name] = host;
    event[Field::source_address] = ip;
    event[Field::event_action] = "ssh_login";
    // The intruder has the password; everybody else has a key.
    const bool intruder = ip.starts_with("203.");
    event[Field::method] = intruder ? "password" : "publickey";
    event[Field::key_fingerprint] = intruder ? std::string_view() : "SHA256:AAAA";
    event.ip = *IpAddress::parse(ip);
    pipeline_->on_event(event);
  }

  /// Four weeks of office hours.
  TimeUs ordinary_weeks() {
    TimeUs time = start_;
    for (int day = 0; day < 28; ++day) {
      if (day % 7 >= 5) continue;
      for (int hour = 9; hour < 17; ++hour) {
        time = start_ + day * kDay + hour * kHour;
        logon("alice", "10.1.4.20", "web-01", time);
        logon("bob", "10.1.5.7", "db-01", time + 60 * kSecondUs);
        logon("carol", "10.1.6.8", "web-02", time + 120 * kSecondUs);
      }
    }
    return start_ + 28 * kDay;
  }

  std::vector<Error> mistakes_;
  RuleSet rules_;
  std::optional<Baseline> baseline_;
  Collect sink_;
  std::optional<Pipeline> pipeline_;
  int guesses_ = 0;
  TimeUs start_ = *parse_time("2026-03-02");
};

}  // namespace doorward
