// The built-in rules with a line of one of them changed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plugins/rule_set.h"

namespace doorward {

/// Replaces `line` by `by` in the rule's file; an empty `by` of an empty `line` leaves the rule
/// out.
inline std::vector<RuleText> rules_changed(const std::string& id, const std::string& line,
                                           const std::string& by) {
  std::vector<RuleText> texts;
  bool found = false;
  for (const RuleText& text : builtin_rules()) {
    RuleText copy = text;
    if (copy.toml.find("id = \"" + id + "\"") != std::string::npos) {
      found = true;
      if (line.empty()) continue;
      const std::size_t at = copy.toml.find(line);
      EXPECT_NE(at, std::string::npos) << id << " has no line " << line;
      if (at != std::string::npos) copy.toml.replace(at, line.size(), by);
    }
    texts.push_back(std::move(copy));
  }
  EXPECT_TRUE(found) << id;
  return texts;
}

}  // namespace doorward
