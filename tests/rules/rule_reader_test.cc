// Mistakes in rule files are told with file and line, and cost nobody else's rule.
#include <gtest/gtest.h>

#include "plugins/registry.h"
#include "plugins/rule_set.h"

namespace doorward {
namespace {

constexpr const char* kGood = R"(id = "good"
name = "n"
description = "d"
detector = "rare"
[rare]
partition = "user.name"
by = "source.ip"
)";

std::vector<std::string> mistakes_of(const std::string& toml) {
  const std::vector<RuleText> texts = {{"bad.toml", toml}, {"good.toml", kGood}};
  std::vector<Error> mistakes;
  const RuleSet rules(texts, HashKey{}, mistakes);
  EXPECT_LT(rules.find("good"), rules.size()) << "the other rule must still work";
  std::vector<std::string> out;
  out.reserve(mistakes.size());
  for (const Error& mistake : mistakes) out.push_back(mistake.message());
  return out;
}

std::string changed(const std::string& from, const std::string& to) {
  std::string toml = kGood;
  toml.replace(toml.find(from), from.size(), to);
  return toml;
}

TEST(RuleReader, AcceptsTheGoodOne) {
  EXPECT_TRUE(mistakes_of(kGood).empty());
}

TEST(RuleReader, TellsOfRulesThatAreThere) {
  EXPECT_TRUE(mistakes_of("tells_of = [\"good\"]\n" + changed("\"good\"", "\"other\"")).empty());
  EXPECT_EQ(mistakes_of("tells_of = [\"goood\"]\n" + changed("\"good\"", "\"other\"")),
            (std::vector<std::string>{"bad.toml: tells_of: no rule \"goood\""}));
}

TEST(RuleReader, NamesFileLineAndWhatWasExpected) {
  using Mistakes = std::vector<std::string>;
  EXPECT_EQ(mistakes_of(changed("\"source.ip\"", "\"source.planet\"")),
            (Mistakes{"bad.toml:7: by: no such view: \"source.planet\""}));
  std::string detectors;
  for (const DetectorPlugin* plugin : detector_plugins()) {
    detectors += (detectors.empty() ? "" : ", ") + std::string(plugin->name);
  }
  EXPECT_EQ(mistakes_of(changed("detector = \"rare\"", "detector = \"rear\"")),
            (Mistakes{"bad.toml:4: detector: no such detector; there are " + detectors}));
  EXPECT_EQ(mistakes_of(std::string(kGood) + "theta = -1\n"),
            (Mistakes{"bad.toml:8: theta: expected a number from 0 to 1e+06"}));
  EXPECT_EQ(mistakes_of(std::string(kGood) + "tehta = 1\n"),
            (Mistakes{"bad.toml:8: tehta: no such setting here"}));
  EXPECT_EQ(mistakes_of("threshold = \"high\"\n" + std::string(kGood)),
            (Mistakes{"bad.toml:1: threshold: expected a number from 0 to 101"}));
  EXPECT_EQ(mistakes_of("severity = \"dire\"\n" + std::string(kGood)),
            (Mistakes{"bad.toml:1: severity: expected low, medium, high or critical"}));
  EXPECT_EQ(mistakes_of("suppress = \"soon\"\n" + std::string(kGood)),
            (Mistakes{"bad.toml:1: suppress: expected a duration such as 15m, 24h or 7d"}));
  EXPECT_EQ(mistakes_of(changed("id = \"good\"", "id = \"Not Good\"")),
            (Mistakes{"bad.toml:1: id: expected at most 64 of a-z, 0-9 and _"}));
}

TEST(RuleReader, NamesTheLineOfASyntaxError) {
  const std::vector<std::string> mistakes = mistakes_of("id = \"x\"\nname = \n");
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes[0].find("bad.toml:2: "), 0U) << mistakes[0];
}

TEST(RuleReader, RefusesWhatTomlPlusPlusThinksImpossible) {
  EXPECT_EQ(mistakes_of("\xCA\x8F\n").size(), 1U);
  EXPECT_EQ(mistakes_of(std::string("\xCA\x8F\x08", 3)).size(), 1U);
}

TEST(RuleReader, ChecksFiltersAndExamples) {
  const std::vector<std::string> mistakes = mistakes_of(std::string(kGood) + R"([when]
event.outcome = "maybe"
user.shoe = "x"
[[test]]
name = "t"
expect = "panic"
[test.event]
source.ip = "1.2.3"
)");
  ASSERT_EQ(mistakes.size(), 4U);
  EXPECT_EQ(mistakes[0].find("bad.toml:9: event.outcome: expected \"success\""), 0U) << mistakes[0];
  EXPECT_EQ(mistakes[1], "bad.toml:10: user.shoe: no such field");
  EXPECT_EQ(mistakes[2], "bad.toml:13: expect: expected \"alert\" or \"quiet\"");
  EXPECT_EQ(mistakes[3], "bad.toml:15: source.ip: expected an IPv4 or IPv6 address, not \"1.2.3\"");
}

TEST(RuleReader, ALaterRuleReplacesAnEarlierOneOfTheSameId) {
  const std::vector<RuleText> texts = {{"a.toml", kGood},
                                       {"b.toml", changed("name = \"n\"", "name = \"mine\"")}};
  std::vector<Error> mistakes;
  const RuleSet rules(texts, HashKey{}, mistakes);
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules.rule(0).name, "mine");
}

TEST(RuleReader, JointOverRulesThereAreNotIsAMistake) {
  const std::string joint =
      "id = \"all\"\nname = \"n\"\ndescription = \"d\"\ndetector = \"joint\"\n"
      "[joint]\nover = [\"good\", \"gone\"]\nweights = { lost = 0.5 }\n";
  std::vector<Error> mistakes;
  const RuleSet rules(std::vector<RuleText>{{"a.toml", kGood}, {"b.toml", joint}}, HashKey{},
                      mistakes);
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(mistakes[0].message(), "b.toml:5: over: no rule \"gone\"");
  EXPECT_EQ(mistakes[1].message(), "b.toml:5: weights: no rule \"lost\"");
}

}  // namespace
}  // namespace doorward
