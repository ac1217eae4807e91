// How unusual a logon would be, with the numbers: for `explain`, here or in the running agent.
#pragma once

#include <string>
#include <vector>

#include "plugins/geo/geo_databases.h"
#include "plugins/pipeline/alert_budget.h"
#include "plugins/rule_set.h"
#include "sketch/baseline.h"
#include "sketch/result.h"

namespace doorward {

/// Whom to ask. All must outlive the call.
struct ExplainContext {
  const RuleSet& rules;
  const Baseline& baseline;
  const LiveState& state;
  GeoDatabases& databases;
  const AlertBudget* budget;  ///< whose thresholds are in force; null: the rules' own
};

/// "FIELD=VALUE" texts as fields of an event; without "@timestamp" it is `now`. Errors: no '='.
Result<std::vector<FieldValue>> example_fields_of(const std::vector<std::string>& pairs,
                                                  TimeUs now);

/// What the rule says of such an event: `text`, lines for a person; else one ECS document and a
/// newline. Nothing is learned. Errors: no such rule, not an event, the rule does not look at it.
Result<std::string> explain(const ExplainContext& context, const std::string& rule,
                            const std::vector<FieldValue>& fields, bool text);

}  // namespace doorward
