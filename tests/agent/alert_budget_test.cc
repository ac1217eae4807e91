// From a budget of false alerts to thresholds.
#include "plugins/pipeline/alert_budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "plugins/pipeline/pipeline.h"
#include "plugins/time_text.h"
#include "tests/agent/office.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

constexpr const char* kRule =
    "name = \"n\"\ndescription = \"d\"\ndetector = \"rare\"\n[rare]\npartition = \"fleet\"\n"
    "by = \"user.name\"\n";

class AlertBudgetTest : public testing::Test {
 protected:
  AlertBudgetTest() {
    // A Thursday on which an epoch begins.
    EXPECT_EQ(start_ % baseline_.options().epoch_us, 0);
    const auto text = [](const std::string& id, const std::string& settings) {
      return RuleText{id + ".toml", "id = \"" + id + "\"\n" + settings + kRule};
    };
    texts_ = {text("a", "threshold = 40\n"), text("b", "threshold = 50\nbudget_share = 3\n"),
              text("fixed", "threshold = 60\nbudget_share = 0\n"),
              text("part", "threshold = 101\n"), text("idle", "threshold = 70\n")};
    rules_.emplace(texts_, HashKey{}, mistakes_);
    EXPECT_TRUE(mistakes_.empty()) << mistakes_[0].message();
  }

  static Baseline fresh() { return std::move(Baseline::make({})).value(); }

  /// Days with `a` verdicts of rule a, and ten times as many of all others but idle.
  static void spend(AlertBudget& budget, Baseline& baseline, TimeUs from, int days, int a) {
    std::vector<Evidence> evidence(5);
    for (int hour = 0; hour < 24 * days; ++hour) {
      const TimeUs time = from + hour * kHour;
      budget.tick(time, baseline);
      baseline.advance(baseline.epoch_of(time));
      for (int i = 0; i < a / 24 * 10; ++i) {
        evidence[0].applies = i % 10 == 0;
        for (std::size_t rule = 1; rule < 4; ++rule) evidence[rule].applies = true;
        budget.count(evidence, 0b11111);
      }
    }
  }

  std::vector<Error> mistakes_;
  std::vector<RuleText> texts_;
  std::optional<RuleSet> rules_;
  Baseline baseline_ = fresh();
  TimeUs start_ = *parse_time("2026-03-05");
};

TEST_F(AlertBudgetTest, SharesOverVerdictsADayMakeThresholds) {
  AlertBudget budget(*rules_, 2);
  spend(budget, baseline_, start_, 21, 240);
  budget.tick(start_ + 21 * kDay, baseline_);
  // Two a day: half a one to a, one and a half to b. 240 and 2,400 verdicts a day.
  EXPECT_TRUE(budget.is_set(0));
  EXPECT_NEAR(budget.threshold(0), score_of(0.5 / 240), 0.01);
  EXPECT_NEAR(budget.threshold(1), score_of(1.5 / 2'400), 0.01);
  // No share, no p-value to fire by, no verdicts: their own.
  for (const std::size_t rule : {2U, 3U, 4U}) {
    EXPECT_FALSE(budget.is_set(rule));
    EXPECT_EQ(budget.threshold(rule), rules_->rule(rule).threshold);
  }
}

TEST_F(AlertBudgetTest, RulesKeepTheirOwnUntilAWeekWasSeen) {
  AlertBudget budget(*rules_, 2);
  const TimeUs monday = start_ + 4 * kDay;
  spend(budget, baseline_, monday, 7, 240);
  EXPECT_FALSE(budget.is_set(0)) << "an hour is missing";
  EXPECT_EQ(budget.threshold(0), 40);
  budget.tick(monday + 7 * kDay, baseline_);
  EXPECT_TRUE(budget.is_set(0));
  // Three days of the first epoch and four of the second.
  EXPECT_NEAR(budget.threshold(0), score_of(0.5 / 240), 0.01);
}

TEST_F(AlertBudgetTest, WithoutABudgetNothingChangesButVerdictsAreCounted) {
  AlertBudget none(*rules_, 0);
  spend(none, baseline_, start_, 14, 240);
  none.flush(baseline_);
  EXPECT_EQ(none.threshold(0), 40);
  std::vector<Evidence> evidence(5);
  evidence[0].threshold = 12;
  none.apply(evidence);
  EXPECT_EQ(evidence[0].threshold, 12);
  // A later run under a budget starts with what this one counted.
  AlertBudget budget(*rules_, 2);
  budget.tick(start_ + 14 * kDay, baseline_);
  EXPECT_NEAR(budget.threshold(0), score_of(0.5 / 240), 0.01);
  budget.apply(evidence);
  EXPECT_EQ(evidence[0].threshold, budget.threshold(0));
}

TEST_F(AlertBudgetTest, MergedBaselinesCountTheFleet) {
  Baseline other = fresh();
  AlertBudget here(*rules_, 2);
  AlertBudget there(*rules_, 2);
  spend(here, baseline_, start_, 14, 240);
  spend(there, other, start_, 14, 720);
  here.flush(baseline_);
  there.flush(other);
  ASSERT_TRUE(baseline_.merge(other).ok());
  AlertBudget fleet(*rules_, 2);
  fleet.tick(start_ + 14 * kDay, baseline_);
  EXPECT_NEAR(fleet.threshold(0), score_of(0.5 / 960), 0.01);
}

TEST_F(AlertBudgetTest, ThresholdsHaveEnds) {
  AlertBudget generous(*rules_, 10'000);
  spend(generous, baseline_, start_, 14, 24);
  EXPECT_EQ(generous.threshold(0), kBudgetScoreMin);
  // A flood of verdicts cannot raise a threshold beyond what always fires.
  AlertBudget tight(*rules_, 0.01);
  Baseline flooded = fresh();
  spend(tight, flooded, start_, 8, 24'000);
  EXPECT_EQ(tight.threshold(1), 100);
  Evidence sure;
  sure.applies = true;
  sure.p_value = 1e-6;
  sure.threshold = tight.threshold(1);
  EXPECT_TRUE(has_fired(sure));
}

TEST_F(AlertBudgetTest, TicksAtTheHourAndCountsWithoutAllocating) {
  AlertBudget budget(*rules_, 2);
  EXPECT_LE(budget.next_tick(), start_);
  budget.tick(start_ + 90 * 60 * kSecondUs, baseline_);
  EXPECT_EQ(budget.next_tick(), start_ + 2 * kHour);
  budget.tick(start_ + 7 * kDay - 1, baseline_);
  EXPECT_EQ(budget.next_tick(), start_ + 7 * kDay);
  std::vector<Evidence> evidence(5);
  evidence[0].applies = true;
  const std::uint64_t before = allocations();
  for (int i = 0; i < 1'000; ++i) {
    budget.count(evidence, 0b11111);
    budget.apply(evidence);
  }
  EXPECT_EQ(allocations(), before);
}

class BudgetPipelineTest : public PipelineTest {};

TEST_F(BudgetPipelineTest, ThresholdsInForceDecideWhatAlerts) {
  const auto alerts_under = [&](double budget) {
    PipelineOptions options;
    options.alerts_from = start_ + 28 * kDay;
    options.budget_per_day = budget;
    start(options);
    const TimeUs monday = ordinary_weeks();
    logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
    const std::size_t joint = rules_.find("unusual_logon");
    EXPECT_EQ(pipeline_->budget().is_set(joint), budget > 0);
    for (const Seen& alert : sink_.alerts) {
      EXPECT_GE(alert.score, pipeline_->budget().threshold(joint));
    }
    return sink_.alerts.size();
  };
  EXPECT_EQ(alerts_under(0), 1U);
  EXPECT_EQ(alerts_under(0.0001), 0U);
  EXPECT_EQ(alerts_under(5), 1U);
}

}  // namespace
}  // namespace doorward
