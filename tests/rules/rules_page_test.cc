// docs/rules.md says what the rules say.
#include "agent/rules_page.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace doorward {
namespace {

TEST(RulesPage, TheCommittedPageIsThatOfTheRules) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  ASSERT_TRUE(mistakes.empty());
  EXPECT_TRUE(rules_page(rules) == read_file(std::string(DOORWARD_SOURCE_DIR) + "/docs/rules.md"))
      << "docs/rules.md is stale; mend it with\n"
         "  build/release/bin/doorward-agent rules markdown > docs/rules.md";
}

TEST(RulesPage, ShowsEachRuleWithItsSettingsAndGuide) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  const std::string page = rules_page(rules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(i);
    EXPECT_NE(page.find("\n## " + rule.id + "\n"), std::string::npos) << rule.id;
    EXPECT_NE(rule.settings.find("[" + rule.detector), std::string::npos) << rule.id;
    EXPECT_EQ(rule.settings.find("[[test"), std::string::npos) << rule.id;
    EXPECT_EQ(rule.settings.find("[[threat"), std::string::npos) << rule.id;
    for (const std::string& step : rule.triage) {
      EXPECT_NE(page.find("* " + step + "\n"), std::string::npos) << rule.id;
    }
  }
}

}  // namespace
}  // namespace doorward
