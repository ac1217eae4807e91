// What a policy overrides of rules: thresholds, theta and d; and rules that are left out.
#include <gtest/gtest.h>

#include <algorithm>

#include "plugins/exceptions/exceptions.h"
#include "plugins/pipeline/saved_rules.h"
#include "plugins/rule_set.h"

namespace doorward {
namespace {

RuleOverride over(const std::string& id) {
  RuleOverride out;
  out.id = id;
  out.where = "policy.toml:7";
  return out;
}

TEST(RuleOverrides, ReplaceNumbersAndSayWhatWasThere) {
  RuleOverride one = over("rare_hour_for_user");
  one.threshold = 62;
  one.strength = 4;
  one.discount = 0.2;
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes, nullptr, std::span(&one, 1));
  EXPECT_TRUE(mistakes.empty());
  const Rule& rule = rules.rule(rules.find("rare_hour_for_user"));
  EXPECT_EQ(rule.threshold, 62);
  EXPECT_EQ(rule.threshold_written, 50);
  EXPECT_EQ(rule.strength.in_force(), 4);
  EXPECT_EQ(rule.strength.written, 1);
  EXPECT_EQ(rule.discount.in_force(), 0.2);
  EXPECT_EQ(rule.discount.written, 0.3);
  EXPECT_EQ(rule.overridden_at, "policy.toml:7");
  const Rule& other = rules.rule(rules.find("rare_host_for_user"));
  EXPECT_TRUE(other.overridden_at.empty());
  EXPECT_FALSE(other.threshold_written.has_value());
}

/// The p-value of a new host after ten logons to one.
double new_host_p(std::span<const RuleOverride> overrides) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes, nullptr, overrides);
  EXPECT_TRUE(mistakes.empty());
  Result<Baseline> baseline = Baseline::make({});
  Event event;
  event.time = std::int64_t{1'780'000'000} * 1'000'000;
  event.outcome = Outcome::success;
  event[Field::event_action] = "ssh_login";
  event[Field::user_name] = "alice";
  event[Field::host_name] = "web-01";
  const std::int64_t epoch = baseline.value().epoch_of(event.time);
  baseline.value().advance(epoch);
  EventKeys keys{};
  for (int i = 0; i < 10; ++i) {
    rules.learn(keys, rules.prepare(event, keys), epoch, baseline.value());
  }
  event[Field::host_name] = "db-01";
  const RuleMask mask = rules.prepare(event, keys);
  std::vector<Evidence> evidence(rules.size());
  const LiveState state = rules.make_state();
  rules.score(event, keys, mask, baseline.value(), state, evidence);
  return evidence[rules.find("rare_host_for_user")].level[0].factor;
}

TEST(RuleOverrides, StrengthAndDiscountChangeWhatIsNovel) {
  RuleOverride one = over("rare_host_for_user");
  one.strength = 2;
  one.discount = 0.5;
  EXPECT_DOUBLE_EQ(new_host_p(std::span(&one, 1)), (2 + 0.5 * 1) / (10 + 2.0));
}

TEST(RuleOverrides, AMistakeForRulesThereAreNotAndDetectorsWithoutStrength) {
  std::vector<RuleOverride> some = {over("rare_planet"), over("password_spraying")};
  some[1].strength = 3;
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes, nullptr, some);
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(mistakes[0].message(), "policy.toml:7: rules: no rule \"rare_planet\"");
  EXPECT_EQ(mistakes[1].message(),
            "policy.toml:7: strength: only rules of detector rare have one; password_spraying is "
            "of detector high_distinct");
}

TEST(RuleOverrides, DisabledRulesAreLeftOutAndOthersDoWithoutThem) {
  // unusual_logon gives rare_country_for_user a weight, and an exception names it.
  RuleOverride one = over("rare_country_for_user");
  one.enabled = false;
  std::vector<Error> mistakes;
  const RuleSet all(builtin_rules(), HashKey{}, mistakes);
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes, nullptr, std::span(&one, 1));
  EXPECT_TRUE(mistakes.empty()) << mistakes.front().message();
  EXPECT_EQ(rules.size(), all.size() - 1);
  EXPECT_EQ(rules.find("rare_country_for_user"), rules.size());
  ASSERT_EQ(rules.left_out().size(), 1U);
  EXPECT_EQ(rules.left_out()[0], "rare_country_for_user");
  const RuleMask parts = rules.speaks_for(rules.find("unusual_logon"));
  const RuleMask parts_of_all = all.speaks_for(all.find("unusual_logon"));
  EXPECT_EQ(std::popcount(parts), std::popcount(parts_of_all) - 1);
  const ExceptionText text{"e.toml",
                           "[[exception]]\nname = \"a\"\nrule = \"rare_country_for_user\"\n"
                           "user.name = \"bob\"\nreason = \"r\"\nowner = \"o\"\n"
                           "expires = 2030-01-01\n"};
  ExceptionSet exceptions(std::span(&text, 1), nullptr, mistakes);
  exceptions.bind(rules, mistakes);
  EXPECT_TRUE(mistakes.empty());
}

TEST(RuleOverrides, AnOwnRuleOfADisabledIdStaysOutToo) {
  RuleOverride one = over("rare_hour_for_user");
  one.enabled = false;
  std::vector<RuleText> texts(builtin_rules().begin(), builtin_rules().end());
  const auto same = std::find_if(texts.begin(), texts.end(), [](const RuleText& text) {
    return text.toml.find("id = \"rare_hour_for_user\"") != std::string::npos;
  });
  texts.push_back({"mine.toml", same->toml});
  std::vector<Error> mistakes;
  const RuleSet rules(texts, HashKey{}, mistakes, nullptr, std::span(&one, 1));
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(rules.find("rare_hour_for_user"), rules.size());
  EXPECT_EQ(rules.left_out().size(), 1U);
}

TEST(RuleOverrides, SavedStateIsStillTheRules) {
  std::vector<Error> mistakes;
  const RuleSet before(builtin_rules(), HashKey{}, mistakes);
  std::vector<RuleOverride> some = {over("rare_hour_for_user"), over("rare_city_for_user")};
  some[0].threshold = 99;
  some[0].strength = 3;
  some[1].enabled = false;
  const RuleSet after(builtin_rules(), HashKey{}, mistakes, nullptr, some);
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  SavedRules::save(before, out);
  StateReader in(bytes);
  const SavedRules saved(in, after);
  ASSERT_TRUE(in.done());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(saved.judges_alike(i), before.rule(i).id != "rare_city_for_user")
        << before.rule(i).id;
  }
}

TEST(RuleOverrides, AFleetsExceptionGoesBeforeTheHostsOwnOfTheSameName) {
  const auto text = [](const std::string& user) {
    return "[[exception]]\nname = \"vpn\"\nrule = \"*\"\nuser.name = \"" + user +
           "\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2030-01-01\n";
  };
  std::vector<ExceptionText> texts = {{"fleet.toml", text("bob"), false, true},
                                      {"host.toml", text("eve"), false, false}};
  std::vector<Error> mistakes;
  const ExceptionSet exceptions(texts, nullptr, mistakes);
  EXPECT_TRUE(mistakes.empty());
  ASSERT_EQ(exceptions.size(), 1U);
  EXPECT_EQ(exceptions[0].where, "fleet.toml:1");
  texts.push_back({"fleet2.toml", text("sam"), false, true});
  const ExceptionSet twice(texts, nullptr, mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_NE(mistakes[0].message().find("a second exception \"vpn\""), std::string::npos);
}

}  // namespace
}  // namespace doorward
