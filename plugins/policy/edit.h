// Changes of a policy.toml that programs make: a person's text stays as it was written.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

/// theta and d of one rule of detector rare.
struct RuleNumbers {
  std::string id;
  double strength = 1;
  double discount = 0.5;
};

/// A number as a policy is given it: three significant digits.
std::string rule_number_text(double number);

/// [rules.ID] tables with these numbers, as text.
std::string rule_numbers_text(std::span<const RuleNumbers> numbers);

/// The text of a policy.toml with strength and discount of these rules set: in the rule's table if
/// it has one (comments and everything else there stays), else in a new table at the end. Error:
/// the text has mistakes, or tells its rules in another way than in [rules.ID] tables, so that the
/// result would not say just this; then a person has to.
Result<std::string> with_rule_numbers(std::string_view policy_toml,
                                      std::span<const RuleNumbers> numbers);

}  // namespace doorward
