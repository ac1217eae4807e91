// One rule (or a few) over hand-made events, without a pipeline around it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/alert.h"
#include "plugins/rule_set.h"
#include "plugins/time_text.h"

namespace doorward {

constexpr TimeUs kMinuteUs = 60 * kSecondUs;
constexpr TimeUs kHourUs = 60 * kMinuteUs;

/// Head of a rule file; the detector's tables follow.
inline std::string match_rule(const std::string& tables, const std::string& id = "pair") {
  return "id = \"" + id +
         "\"\nname = \"n\"\ndescription = \"d\"\ndetector = \"match\"\nthreshold = 75\n" + tables;
}

inline const std::string kPairTables = R"([match]
by = "source.ip"
window = "8h"
most = 100
score = 80
[match.one]
event.category = "intrusion_detection"
[match.other]
event.outcome = "success"
event.action = ["UserLoggedIn", "MailItemsAccessed"]
)";

class MatchRules {
 public:
  explicit MatchRules(const std::vector<RuleText>& texts)
      : rules(texts, HashKey{}, mistakes),
        state(rules.make_state()),
        baseline(std::move(Baseline::make({})).value()),
        evidence(rules.size()) {}
  explicit MatchRules(const std::string& toml)
      : MatchRules(std::vector<RuleText>{{"r.toml", toml}}) {}

  /// Takes an event; true when a rule fires on it.
  bool fires(const Event& event) {
    EventKeys keys;
    const RuleMask mask = rules.prepare(event, keys);
    rules.observe(event, keys, mask, state);
    rules.score(event, keys, mask, baseline, state, evidence);
    return RuleSet::primary(evidence) != nullptr;
  }

  /// What the first rule said of the event taken last.
  [[nodiscard]] std::string said(const Event& event) const {
    return evidence_phrase(evidence[0], event);
  }

  std::vector<Error> mistakes;
  RuleSet rules;
  LiveState state;
  Baseline baseline;
  std::vector<Evidence> evidence;
};

inline TimeUs at(TimeUs since_eight) {
  return *parse_time("2026-03-02T08:00:00Z") + since_eight;
}

/// Views of `ip` must outlive the event.
inline Event network_alert(std::string_view ip, TimeUs time,
                           std::string_view dataset = "suricata.eve") {
  Event event;
  event.time = time;
  event[Field::event_category] = "intrusion_detection";
  event[Field::event_action] = "alert";
  event[Field::event_dataset] = dataset;
  event[Field::rule_name] = "SCAN SSH";
  event[Field::source_address] = ip;
  event.ip = *IpAddress::parse(ip);
  return event;
}

inline Event sign_in(std::string_view ip, TimeUs time, std::string_view user = "alice@example.com",
                     std::string_view dataset = "o365.audit") {
  Event event;
  event.time = time;
  event.outcome = Outcome::success;
  event[Field::event_action] = "UserLoggedIn";
  event[Field::event_dataset] = dataset;
  event[Field::user_name] = user;
  event[Field::source_address] = ip;
  event.ip = *IpAddress::parse(ip);
  return event;
}

}  // namespace doorward
