// A rule is data: which detector, over which views, which events, how severe, how to triage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/filter.h"
#include "plugins/view.h"

namespace doorward {

/// How loud an alert is, in the words and numbers that SIEMs use.
struct Severity {
  std::string name = "low";  ///< low, medium, high, critical
  int risk_score = 21;       ///< 0..100
};

/// ATT&CK tactic and technique of a rule.
struct Threat {
  std::string tactic_id;       ///< "TA0001"
  std::string tactic_name;     ///< "Initial Access"
  std::string technique_id;    ///< "T1078"
  std::string technique_name;  ///< "Valid Accounts"
};

/// One `field = value` of an example event.
struct FieldValue {
  std::string field;
  std::string value;
};

/// A run of equal example events, `every_us` apart.
struct ExampleRun {
  std::vector<FieldValue> fields;
  std::int64_t count = 1;
  std::int64_t every_us = 0;
};

/// An example that a rule brings with it and that the test suite runs: learn the history, then the
/// event must (or must not) fire the rule.
struct RuleTest {
  std::string name;
  std::string where;  ///< file:line
  std::vector<ExampleRun> history;
  std::vector<FieldValue> event;
  bool expect_alert = false;
};

/// A number of a rule file that a policy may override (plugins/rule_override.h).
struct Tunable {
  double written = 0;  ///< in the rule file, or the default there
  std::optional<double> overridden;
  [[nodiscard]] double in_force() const { return overridden.value_or(written); }
};

/// The part of a rule that every detector shares. The detector reads its own table.
struct Rule {
  std::string id;
  std::string name;
  std::string description;
  std::string detector;
  std::string file;
  int version = 1;
  double threshold = 75;  ///< score 0..100 from which the rule fires; above 100: never by itself
  std::optional<double> threshold_written;  ///< of the rule file, where a policy overrides it
  Tunable strength, discount;               ///< of detector rare, which sets `written`
  std::string overridden_at;                ///< file:line of what overrides; empty: nothing does
  /// Weight of the rule's share of an alert budget; 0: it keeps its threshold under a budget.
  double budget_share = 1;
  /// Judged by the server as well, over what all agents of a group saw (docs/fleet-rules.md).
  bool fleet = false;
  Severity severity;
  double escalate_score = 101;  ///< from this score on, `escalated` instead of `severity`
  Severity escalated;
  Filter when;
  std::string settings;  ///< [when] and the detector's own tables, as written, for people
  std::vector<Threat> threats;
  std::vector<std::string> false_positives;
  std::vector<std::string> triage;
  std::vector<std::string> response;
  /// Two alerts of this rule with the same values of these views are one, while no more than
  /// suppress_us lie between them.
  std::vector<View> suppress_by;
  std::int64_t suppress_us = 0;
  /// Ids of rules that have nothing to add to this one: they raise nothing on an event on which it
  /// fires, nor on one of the same values (suppress_by) while an alert of it is remembered.
  std::vector<std::string> tells_of;
  /// An alike one is raised all the same when its score is higher by this much.
  double worse_by = 15;
  /// Judges only events whose source has a place (country, city, AS or coordinates). Set by the
  /// detector.
  bool needs_place = false;
  std::vector<RuleTest> tests;

  [[nodiscard]] const Severity& severity_at(double score) const {
    return score >= escalate_score ? escalated : severity;
  }
};

/// Longest chain of back-off levels, the finest included.
inline constexpr std::size_t kLevelsMax = 8;
/// Most rules in one set.
inline constexpr std::size_t kRulesMax = 64;

}  // namespace doorward
