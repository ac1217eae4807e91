// Every built-in rule's own examples.
#include <gtest/gtest.h>

#include "plugins/rule_set.h"

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

INSTANTIATE_TEST_SUITE_P(BuiltIn, RuleExamples,
                         testing::Values("rare_source_ip_for_user", "rare_user",
                                         "rare_hour_for_user", "rare_host_for_user",
                                         "rare_credential_for_user", "unusual_logon"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace doorward
