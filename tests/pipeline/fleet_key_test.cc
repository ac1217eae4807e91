// `fleet = true` in a rule file: read, shown, and a mistake when it is no truth value.
#include <gtest/gtest.h>

#include "plugins/rule_set.h"
#include "tests/e2e/program.h"

namespace doorward {
namespace {

TEST(FleetKey, IsShown) {
  const Ran fleet = run(DOORWARD_AGENT, {"rules", "show", "lateral_fan_out"});
  EXPECT_EQ(fleet.status, 0);
  EXPECT_NE(
      fleet.out.find("\nfleet      judged by the server as well, over all agents of a group\n"),
      std::string::npos)
      << fleet.out;
  const Ran other = run(DOORWARD_AGENT, {"rules", "show", "rare_user"});
  EXPECT_EQ(other.status, 0);
  EXPECT_EQ(other.out.find("\nfleet "), std::string::npos);
}

TEST(FleetKey, IsTrueOrFalse) {
  const auto read = [](const std::string& value, std::vector<Error>& mistakes) {
    const std::vector<RuleText> texts = {
        {"r.toml", "id = \"r\"\nname = \"n\"\ndescription = \"d\"\ndetector = \"high_distinct\"\n" +
                       value + "[high_distinct]\npartition = \"user.name\"\nby = \"host.name\"\n"}};
    const RuleSet rules(texts, HashKey{}, mistakes);
    return rules.size() == 1 && rules.rule(0).fleet;
  };
  std::vector<Error> mistakes;
  EXPECT_TRUE(read("fleet = true\n", mistakes));
  EXPECT_FALSE(read("fleet = false\n", mistakes));
  EXPECT_FALSE(read("", mistakes));
  EXPECT_TRUE(mistakes.empty());
  EXPECT_FALSE(read("fleet = \"yes\"\n", mistakes));
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_TRUE(mistakes[0].where.starts_with("r.toml:5")) << mistakes[0].message();
}

}  // namespace
}  // namespace doorward
