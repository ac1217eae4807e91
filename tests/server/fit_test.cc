// theta and d end to end at the server: counts in deltas, what is fitted, the policy that it makes.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "plugins/clock.h"
#include "plugins/policy/edit.h"
#include "plugins/policy/policy.h"
#include "proto/additions_codec.h"
#include "server/daemon/fit_duty.h"
#include "server/manage/fits.h"
#include "tests/server/api_world.h"

namespace doorward {
namespace {

constexpr const char* kRule = "rare_host_for_user";

/// Events of a rule whose values come as theta and d say (a Chinese restaurant), in partitions of
/// 200.
FitCounts drawn(double theta, double d, int partitions, std::uint64_t seed) {
  FitCounts out({kRule});
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  for (int p = 0; p < partitions; ++p) {
    double distinct = 1;
    for (double total = 1; total < 200; ++total) {
      const bool novel = uniform(random) < (theta + d * distinct) / (theta + total);
      out.count(0, {total, distinct, novel});
      if (novel) ++distinct;
    }
  }
  return out;
}

LogEntry delta_with(const HashKey& key, const std::string& agent, std::uint64_t sequence,
                    const FitCounts& fit) {
  log::DeltaT table;
  table.group = kDefaultGroup;
  table.key_name = key_name(key);
  Additions additions;
  constexpr std::int64_t kWeekUs = std::int64_t{7} * 24 * 3600 * 1'000'000;
  additions.pair(Space{}, sequence, clock_now() / kWeekUs);
  table.additions = encode_additions(additions);
  table.fit = fit.encode();
  return packed_entry(EntryKind::delta, agent, sequence, 1'000'000, table);
}

class Fit : public testing::Test {
 protected:
  Fit() {
    world.populate();
    world.core->ask([this](FleetView& view) { key = view.state.key(); });
    world.core->run_pending();
  }
  GroupFit group() {
    GroupFit out;
    world.core->ask([&](FleetView& view) { out = view.baselines.fit(kDefaultGroup).value(); });
    world.core->run_pending();
    return out;
  }
  json::object shown() {
    const ApiResponse response = world.ask(Role::analyst, "GET", "/api/v1/groups/default/fit");
    EXPECT_EQ(response.status, 200U) << response.body;
    return object_of(response);
  }
  std::uint64_t version() {
    std::uint64_t out = 0;
    world.core->ask([&](FleetView& view) {
      const PolicyVersion* policy = view.state.group(kDefaultGroup)->policy();
      out = policy == nullptr ? 0 : policy->version;
    });
    world.core->run_pending();
    return out;
  }

  ApiWorld world;
  HashKey key;
};

TEST_F(Fit, EachDeltaCountsOnceAlsoAfterARestart) {
  const FitCounts one = drawn(2, 0.6, 20, 1);
  const FitCounts two = drawn(2, 0.6, 10, 2);
  world.append(delta_with(key, kAgentOne, 10, one));
  world.append(delta_with(key, kAgentOne, 10, one));  // sent again
  world.append(delta_with(key, kAgentTwo, 11, two));
  FitCounts both = one;
  both.merge(two);
  EXPECT_EQ(group().counts.encode(), both.encode());
  EXPECT_EQ(group().agents, 2U);
  EXPECT_EQ(group().largest, kAgentOne);
  EXPECT_EQ(group().largest_events, one.events());

  world.core->ask([&](FleetView& view) {
    // A snapshot, and all of it anew from the log.
    const std::vector<std::uint8_t> bytes = view.baselines.save();
    ASSERT_TRUE(view.baselines.load(bytes));
    EXPECT_EQ(view.baselines.fit(kDefaultGroup)->counts.encode(), both.encode());
    ASSERT_TRUE(view.baselines.refold(view.log, nullptr));
    EXPECT_EQ(view.baselines.fit(kDefaultGroup)->counts.encode(), both.encode());
    EXPECT_EQ(view.baselines.fit(kDefaultGroup)->largest_events, one.events());
  });
  world.core->run_pending();
}

TEST_F(Fit, CountsUnderAnotherKeyAreNotTaken) {
  HashKey other = key;
  other.bytes[0] ^= 1;
  world.append(delta_with(other, kAgentOne, 10, drawn(2, 0.6, 20, 1)));
  EXPECT_TRUE(group().counts.empty());
}

TEST_F(Fit, WhatADroppedAgentCountedIsOut) {
  const FitCounts kept = drawn(2, 0.6, 10, 2);
  world.append(delta_with(key, kAgentOne, 10, drawn(2, 0.6, 20, 1)));
  world.append(delta_with(key, kAgentTwo, 11, kept));
  const ApiResponse dropped =
      world.ask(Role::admin, "POST", std::string("/api/v1/agents/") + kAgentOne + "/drop-baseline");
  ASSERT_EQ(dropped.status, 200U) << dropped.body;
  EXPECT_EQ(group().counts.encode(), kept.encode());
  EXPECT_EQ(group().agents, 1U);
}

TEST_F(Fit, SummedUpDeltasKeepTheirCounts) {
  FitCounts all;
  for (std::uint64_t i = 10; i < 80; ++i) {
    const FitCounts some = drawn(2, 0.6, 1, i);
    all.merge(some);
    world.append(delta_with(key, kAgentOne, i, some));
  }
  world.core->change(
      [](FleetView& view) -> Result<std::vector<LogEntry>> {
        return std::vector<LogEntry>{*view.baselines.close_round(kDefaultGroup, view.now)};
      },
      nullptr);
  world.core->run_pending();
  world.core->ask([&](FleetView& view) {
    auto done = view.baselines.compact(view.log);
    ASSERT_TRUE(done) << done.error().message();
    ASSERT_TRUE(done.value().has_value());
    ASSERT_TRUE(view.log.replace(done.value()->places, done.value()->entry));
    ASSERT_TRUE(view.baselines.refold(view.log, nullptr));
    EXPECT_EQ(view.baselines.fit(kDefaultGroup)->counts.encode(), all.encode());
  });
  world.core->run_pending();
}

TEST_F(Fit, GarbageAndTooMuchIsRefused) {
  world.core->ask([](FleetView& view) {
    EXPECT_TRUE(view.baselines.check_fit({}));
    const std::vector<std::uint8_t> garbage(40, 0xAB);
    EXPECT_FALSE(view.baselines.check_fit(garbage));
    FitCounts many({kRule});
    many.count(0, {10, 2, false});
    for (int i = 0; i < 30; ++i) many.merge(FitCounts(many));
    const Status status = view.baselines.check_fit(many.encode());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message(),
              "its counts to fit from tell of more than 100000000 events");
  });
  world.core->run_pending();
}

TEST_F(Fit, WhatIsShownCanBeAppliedAndRolledBack) {
  EXPECT_EQ(text_at(shown(), "overrides"), "");
  world.append(delta_with(key, kAgentOne, 10, drawn(3, 0.2, 300, 1)));
  const json::object answer = shown();
  const json::array& rules = answer.at("rules").get_array();
  const auto rule = std::find_if(rules.begin(), rules.end(), [](const json::value& one) {
    return text_at(one.get_object(), "rule") == kRule;
  });
  ASSERT_NE(rule, rules.end());
  EXPECT_TRUE(rule->at("changes").get_bool());
  EXPECT_EQ(rule->at("events").to_number<int>(), 300 * 199);
  EXPECT_NEAR(rule->at("strength_fitted").to_number<double>(), 3, 0.5);
  EXPECT_NEAR(rule->at("discount_fitted").to_number<double>(), 0.2, 0.05);
  EXPECT_TRUE(text_at(answer, "overrides").starts_with("[rules.rare_host_for_user]\nstrength = "));
  EXPECT_EQ(answer.at("largest_share").to_number<double>(), 1);

  json::object body{{"files", answer.at("files")}, {"comment", "fitted"}};
  const ApiResponse applied =
      world.ask(Role::admin, "POST", "/api/v1/policies/default/apply", json::serialize(body));
  ASSERT_EQ(applied.status, 200U) << applied.body;
  EXPECT_EQ(text_at(world.last_audit(), "action"), "policy.apply");
  EXPECT_EQ(version(), 1U);
  // What is in force now fits.
  EXPECT_EQ(text_at(shown(), "overrides"), "");
}

TEST_F(Fit, OnlyWhoeverAsksForItGetsItByItself) {
  world.append(delta_with(key, kAgentOne, 10, drawn(3, 0.2, 300, 1)));
  FitDuty duty(*world.core);
  const auto look = [&](const char* mode) {
    world.core->ask([&](FleetView& view) {
      ServerSettings settings = view.settings;
      settings.fit = mode;
      FleetView as{view.state, view.alerts, view.baselines, view.live,
                   view.log,   settings,    view.now};
      duty.look(kDefaultGroup, as);
    });
    world.core->run_pending();
  };
  look("suggest");
  look("apply");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (version() == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(version(), 1U);  // by the second, since they come one after the other
  const json::object audit = world.last_audit();
  EXPECT_EQ(text_at(audit, "action"), "baseline.fit");
  EXPECT_EQ(text_at(audit, "by"), "server");
  EXPECT_EQ(text_at(shown(), "overrides"), "");
}

TEST(PolicyEdit, SetsNumbersWhereTheyBelongAndLeavesTheRest) {
  const std::string before =
      "# ours\n[rules.rare_host_for_user]  # quieter\nthreshold = 70\nstrength = 2  # by hand\n\n"
      "[alerts]\nbudget_per_day = 2\n";
  const std::vector<RuleNumbers> numbers = {{"rare_host_for_user", 1.23456, 0.3333},
                                            {"rare_user", 12, 0.5}};
  const Result<std::string> after = with_rule_numbers(before, numbers);
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after.value(),
            "# ours\n[rules.rare_host_for_user]  # quieter\ndiscount = 0.333\nthreshold = 70\n"
            "strength = 1.23  # by hand\n\n[alerts]\nbudget_per_day = 2\n\n[rules.rare_user]\n"
            "strength = 12\ndiscount = 0.5\n");
  // Again: nothing changes.
  EXPECT_EQ(with_rule_numbers(after.value(), numbers).value(), after.value());
  EXPECT_EQ(with_rule_numbers("", {}).value(), "");
}

TEST(PolicyEdit, WhatCannotBeEditedIsLeftToAPerson) {
  const std::vector<RuleNumbers> numbers = {{"rare_user", 12, 0.5}};
  for (const char* text :
       {"rules.rare_user.strength = 3\n", "[rules]\nrare_user = {strength = 3}\n",
        "[alerts]\nbudget = 2\n", "[[["}) {
    EXPECT_FALSE(with_rule_numbers(text, numbers)) << text;
  }
}

}  // namespace
}  // namespace doorward
