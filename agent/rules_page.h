// docs/rules.md, generated from the rules themselves.
#pragma once

#include <string>

#include "plugins/rule_set.h"

namespace doorward {

/// A Markdown page: a table of all rules by id, then each with what it looks at, its settings,
/// false positives, triage and response.
std::string rules_page(const RuleSet& rules);

}  // namespace doorward
