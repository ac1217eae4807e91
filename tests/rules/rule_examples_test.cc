// Every built-in rule's own examples.
#include <gtest/gtest.h>

#include "plugins/rule_set.h"
#include "tests/support/builtin_ids.h"

namespace doorward {
namespace {

class RuleExamples : public testing::TestWithParam<std::string> {};

TEST_P(RuleExamples, HoldAndCoverBothVerdicts) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.front().message();
  const std::size_t index = rules.find(GetParam());
  ASSERT_LT(index, rules.size());
  const Rule& rule = rules.rule(index);
  bool alert = false;
  bool quiet = false;
  for (const RuleTest& test : rule.tests) (test.expect_alert ? alert : quiet) = true;
  EXPECT_TRUE(alert) << "no example on which it fires";
  EXPECT_TRUE(quiet) << "no example on which it must not";
  EXPECT_FALSE(rule.triage.empty());
  EXPECT_FALSE(rule.response.empty());
  EXPECT_FALSE(rule.false_positives.empty());
  EXPECT_FALSE(rule.threats.empty());
  for (const Error& failure : run_rule_tests(builtin_rules(), rule)) {
    ADD_FAILURE() << failure.message();
  }
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, RuleExamples, testing::ValuesIn(builtin_ids()),
                         [](const auto& param) { return param.param; });

TEST(BuiltInRules, AllLoadUnderTheNameOfTheirFile) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  for (const Error& mistake : mistakes) ADD_FAILURE() << mistake.message();
  EXPECT_EQ(rules.size(), builtin_rules().size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    EXPECT_EQ(rules.rule(i).file, "rules/" + rules.rule(i).id + ".toml");
  }
}

}  // namespace
}  // namespace doorward
