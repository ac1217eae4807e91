#include "plugins/rule_reader.h"

#include <algorithm>
#include <array>

#include "plugins/example_event.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr std::array<std::string_view, 4> kSeverities = {"low", "medium", "high", "critical"};

Severity read_severity(Params& table, const Severity& fallback) {
  Severity severity = fallback;
  severity.name = table.text("severity", fallback.name);
  if (std::find(kSeverities.begin(), kSeverities.end(), severity.name) == kSeverities.end()) {
    table.mistake("severity", "expected low, medium, high or critical");
  }
  severity.risk_score = static_cast<int>(table.integer("risk_score", fallback.risk_score, 0, 100));
  return severity;
}

std::vector<Threat> read_threats(Params& document) {
  std::vector<Threat> threats;
  for (Params& table : document.tables("threat")) {
    Threat threat;
    threat.tactic_id = table.text_required("tactic_id");
    threat.tactic_name = table.text_required("tactic");
    threat.technique_id = table.text_required("technique_id");
    threat.technique_name = table.text_required("technique");
    table.refuse_unknown();
    threats.push_back(std::move(threat));
  }
  return threats;
}

std::vector<FieldValue> read_fields(Params& table) {
  std::vector<FieldValue> fields;
  for (const std::string& key : table.leaf_keys()) {
    if (key == "count" || key == "every") continue;
    fields.push_back({key, table.leaf_text(key)});
  }
  const std::vector<FieldValue> first = numbered(fields, 0);
  const Result<Event> event = example_event(first);
  if (!event) {
    table.mistake(event.error().where, event.error().what);
  } else if (event.value().time == kNoTime) {
    table.mistake("@timestamp", "every example event needs a time");
  }
  return fields;
}

std::vector<RuleTest> read_tests(Params& document) {
  std::vector<RuleTest> tests;
  for (Params& table : document.tables("test")) {
    RuleTest test;
    test.where = table.where();
    test.name = table.text_required("name");
    const std::string expect = table.text_required("expect");
    if (expect != "alert" && expect != "quiet") {
      table.mistake("expect", "expected \"alert\" or \"quiet\"");
    }
    test.expect_alert = expect == "alert";
    for (Params& run_table : table.tables("history")) {
      ExampleRun run;
      run.count = run_table.integer("count", 1, 1, 100'000);
      const std::string every = run_table.text("every", "1h");
      const std::optional<std::int64_t> every_us = parse_duration(every);
      if (!every_us) run_table.mistake("every", "expected a duration such as 15m, 24h or 7d");
      run.every_us = every_us.value_or(0);
      run.fields = read_fields(run_table);
      test.history.push_back(std::move(run));
    }
    if (std::optional<Params> event = table.table("event")) {
      test.event = read_fields(*event);
    } else {
      table.mistake("event", "every test needs an [event] table");
    }
    table.refuse_unknown();
    tests.push_back(std::move(test));
  }
  return tests;
}

bool good_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Rule read_rule(Params& document) {
  Rule rule;
  rule.id = document.text_required("id");
  if (!rule.id.empty() && !good_id(rule.id)) {
    document.mistake("id", "expected at most 64 of a-z, 0-9 and _");
  }
  rule.name = document.text_required("name");
  rule.description = document.text_required("description");
  rule.detector = document.text_required("detector");
  rule.version = static_cast<int>(document.integer("version", 1, 1, 1'000'000));
  rule.threshold = document.number("threshold", rule.threshold, 0, 101);
  rule.budget_share = document.number("budget_share", rule.budget_share, 0, 1000);
  rule.fleet = document.boolean("fleet", false);
  rule.severity = read_severity(document, rule.severity);
  if (std::optional<Params> escalate = document.table("escalate")) {
    rule.escalate_score = escalate->number("score", 90, 0, 100);
    rule.escalated = read_severity(*escalate, {"high", 73});
    escalate->refuse_unknown();
  }
  if (std::optional<Params> when = document.table("when")) rule.when = Filter::read(*when);
  rule.threats = read_threats(document);
  rule.false_positives = document.texts("false_positives");
  rule.triage = document.texts("triage");
  rule.response = document.texts("response");
  for (const std::string& name : document.texts("suppress_by")) {
    const std::optional<View> view = View::from_name(name);
    if (view) {
      rule.suppress_by.push_back(*view);
    } else {
      document.mistake("suppress_by", "no such view: \"" + name + "\"");
    }
  }
  const std::optional<std::int64_t> suppress = parse_duration(document.text("suppress", "24h"));
  if (!suppress) document.mistake("suppress", "expected a duration such as 15m, 24h or 7d");
  rule.suppress_us = suppress.value_or(0);
  rule.tells_of = document.texts("tells_of");
  rule.tests = read_tests(document);
  return rule;
}

std::string settings_text(std::string_view toml, std::string_view detector) {
  std::string out;
  bool inside = false;
  while (!toml.empty()) {
    const std::string_view line = toml.substr(0, toml.find('\n'));
    toml.remove_prefix(std::min(toml.size(), line.size() + 1));
    if (line.starts_with('[')) {
      std::string_view name = line.substr(line.find_first_not_of('['));
      name = name.substr(0, name.find_first_of(".]"));
      inside = name == "when" || name == detector;
    }
    if (inside) out.append(line).append("\n");
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace doorward
