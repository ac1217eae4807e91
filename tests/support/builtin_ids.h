// The rules that the programs bring, for tests that run once for each.
#pragma once

#include <string>
#include <vector>

#include "plugins/rule_set.h"

namespace doorward {

/// Their ids; those that do not load are missing.
inline std::vector<std::string> builtin_ids() {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < rules.size(); ++i) ids.push_back(rules.rule(i).id);
  return ids;
}

}  // namespace doorward
