// Exceptions as a person writes them, read against the built-in rules.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plugins/exceptions/exceptions.h"

namespace doorward {

/// The three fields that every exception needs.
inline const std::string kWhy = "reason = \"r\"\nowner = \"it-network\"\nexpires = 2027-01-31\n";

struct Written {
  explicit Written(const std::string& toml, SetFiles* files = nullptr)
      : rules(builtin_rules(), HashKey{}, mistakes) {
    const ExceptionText text{"ex.toml", toml};
    set = ExceptionSet(std::span(&text, 1), files, mistakes);
    set.bind(rules, mistakes);
  }
  [[nodiscard]] std::vector<std::string> messages() const {
    std::vector<std::string> out;
    for (const Error& mistake : mistakes) out.push_back(mistake.message());
    return out;
  }
  [[nodiscard]] RuleMask bit(const char* id) const { return RuleMask{1} << rules.find(id); }
  [[nodiscard]] RuleMask all() const { return (RuleMask{1} << rules.size()) - 1; }

  std::vector<Error> mistakes;
  RuleSet rules;
  ExceptionSet set;
};

}  // namespace doorward
