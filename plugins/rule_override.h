// What a fleet's policy changes of a rule without copying its file.
#pragma once

#include <optional>
#include <string>

namespace doorward {

/// One [rules.ID] table of a policy.
struct RuleOverride {
  std::string id;
  bool enabled = true;              ///< false: the rule is left out
  std::optional<double> threshold;  ///< 0..101, as in a rule file
  std::optional<double> strength;   ///< theta of detector rare; a mistake for other detectors
  std::optional<double> discount;   ///< d of detector rare, of its finest level; as above
  std::string where;                ///< file:line, for mistakes and for `rules show`
};

}  // namespace doorward
