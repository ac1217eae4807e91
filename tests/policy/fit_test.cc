// theta and d are found again in what a Pitman-Yor process with them would have taught; counts add.
#include "plugins/detectors/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "plugins/rule_set.h"

namespace doorward {
namespace {

/// Partitions that each draw `events` values of a Pitman-Yor process.
FitCounts draw(double strength, double discount, int partitions, int events, unsigned seed) {
  std::mt19937_64 random(seed);
  FitCounts counts({"rule"});
  for (int p = 0; p < partitions; ++p) {
    double distinct = 1;
    for (int n = 1; n < events; ++n) {
      const double novel = (strength + discount * distinct) / (n + strength);
      const bool is_novel = std::uniform_real_distribution<double>(0, 1)(random) < novel;
      counts.count(0, {static_cast<double>(n), distinct, is_novel});
      if (is_novel) ++distinct;
    }
  }
  return counts;
}

struct Process {
  double strength;
  double discount;
};

class FitFinds : public testing::TestWithParam<Process> {};

TEST_P(FitFinds, WhatWasDrawn) {
  const auto [strength, discount] = GetParam();
  const FitCounts counts = draw(strength, discount, 2000, 400, 7);
  const NoveltyFit fit = fit_novelty(*counts.bins("rule"), 1, 0.5);
  ASSERT_TRUE(fit.fitted);
  RecordProperty("strength", std::to_string(fit.strength));
  RecordProperty("discount", std::to_string(fit.discount));
  std::printf("drawn %.2f %.2f, found %.3f %.3f (events %lu, novel %lu)\n", strength, discount,
              fit.strength, fit.discount, static_cast<unsigned long>(fit.events),
              static_cast<unsigned long>(fit.novel));
  EXPECT_NEAR(fit.strength, strength, 0.15 * strength);
  EXPECT_NEAR(fit.discount, discount, 0.15 * discount);
}

INSTANTIATE_TEST_SUITE_P(Processes, FitFinds,
                         testing::Values(Process{1, 0.5}, Process{5, 0.3}, Process{0.5, 0.7},
                                         Process{20, 0.2}, Process{2, 0.8}));

TEST(Fit, TooFewEventsLeaveTheDefault) {
  const FitCounts counts = draw(20, 0.2, 1, 1000, 1);  // 999 events
  const NoveltyFit fit = fit_novelty(*counts.bins("rule"), 1, 0.5);
  EXPECT_EQ(fit.events, 999U);
  EXPECT_FALSE(fit.fitted);
  EXPECT_EQ(fit.strength, 1);
  EXPECT_EQ(fit.discount, 0.5);
}

TEST(Fit, FewSurprisesStayNearTheDefault) {
  FitBins bins{};
  bins[fit_bin_of_total(1000)] = 5000;  // a fleet where nothing new ever comes
  bins[fit_bin_of_share(0.001)] = 5000;
  bins[fit_bin_of_share(0.001) + kFitShareBins] = 5 * kFitShareOne;
  const NoveltyFit fit = fit_novelty(bins, 1, 0.5);
  EXPECT_TRUE(fit.fitted);
  EXPECT_LT(fit.measured_strength, 0.1);
  EXPECT_EQ(fit.strength, 1);
  EXPECT_EQ(fit.discount, 0.5);
}

TEST(Fit, StaysWithinItsBoundsWhateverTheCounts) {
  for (const std::uint64_t many : {std::uint64_t{1}, kFitNumberMax, UINT64_MAX}) {
    FitBins bins{};
    bins.fill(many);
    const NoveltyFit fit = fit_novelty(bins, 0, 0.01);
    EXPECT_TRUE(std::isfinite(fit.strength) && std::isfinite(fit.discount));
    EXPECT_LE(fit.strength, kFitStrengthMax * 1.001);
    EXPECT_GE(fit.discount, 0.01);
    EXPECT_LE(fit.discount, 0.99);
  }
}

TEST(FitCounts, OfTwoHostsAddToThoseOfBothLogs) {
  FitCounts one({"a", "", "b"});
  FitCounts two({"b", "a"});
  FitCounts both({"a", "b"});
  one.count(0, {5, 2, true});
  one.count(1, {5, 2, true});  // not counted
  one.count(2, {300, 9, false});
  two.count(0, {300, 9, false});
  two.count(1, {1, 1, true});
  both.count(0, {5, 2, true});
  both.count(0, {1, 1, true});
  both.count(1, {300, 9, false});
  both.count(1, {300, 9, false});
  one.merge(two);
  EXPECT_EQ(one.encode(), both.encode());
  EXPECT_EQ((*one.bins("a"))[fit_bin_of_total(5)], 1U);
  EXPECT_EQ((*one.bins("a"))[fit_bin_of_new(2)], 1U);
  EXPECT_EQ((*one.bins("b"))[fit_bin_of_total(300)], 2U);
  EXPECT_EQ((*one.bins("b"))[fit_bin_of_share(0.03)], 2U);
  EXPECT_EQ(one.bins(""), nullptr);
}

TEST(FitCounts, WhatIsTooLargeIsNotCounted) {
  FitCounts counts({"a"});
  counts.count(0, {1'048'575, 4'095, true});
  EXPECT_FALSE(counts.empty());
  counts.clear();
  counts.count(0, {1'048'576, 2, true});
  counts.count(0, {30'000, 4'096, true});
  counts.count(0, {1e300, 1e300, true});
  EXPECT_TRUE(counts.empty());
  counts.count(0, {0.3, 0.0, false});  // weighted by age
  EXPECT_EQ((*counts.bins("a"))[fit_bin_of_total(1)], 1U);
  EXPECT_EQ((*counts.bins("a"))[fit_bin_of_share(1)], 1U);
}

TEST(FitCounts, ABinHoldsTheNumbersThatItSays) {
  for (int n = 1; n < 1 << 20; n += n < 100 ? 1 : 97) {
    const std::size_t bin = fit_bin_of_total(n);
    ASSERT_LT(bin, kFitBins) << n;
    EXPECT_LE(fit_range_of_total(bin).first, n);
    EXPECT_GE(fit_range_of_total(bin).last, n);
    if (n >= 1 << 12) continue;
    const std::size_t fresh = fit_bin_of_new(n);
    ASSERT_LT(fresh, kFitDistinctBins);
    EXPECT_LE(fit_range_of_new(fresh).first, n);
    EXPECT_GE(fit_range_of_new(fresh).last, n);
    const std::size_t share = fit_bin_of_share(fit_share(1, n));
    EXPECT_LE(fit_range_of_share(share).first, 1.0 / n);
    EXPECT_GE(fit_range_of_share(share).last, 1.0 / n);
  }
}

TEST(FitCounts, ComeBackFromTheirBytes) {
  const FitCounts counts = draw(1, 0.5, 10, 100, 3);
  const std::vector<std::uint8_t> bytes = counts.encode();
  const Result<FitCounts> back = FitCounts::decode(bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back.value().encode(), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(FitCounts::decode(std::span(bytes).first(size)).ok()) << size;
  }
  std::vector<std::uint8_t> more = bytes;
  more.push_back(0);
  EXPECT_FALSE(FitCounts::decode(more).ok());
  more.resize(kFitBytesMax + 1);
  const Result<FitCounts> large = FitCounts::decode(more);
  ASSERT_FALSE(large.ok());
  EXPECT_NE(large.error().what.find("longer than"), std::string::npos);
}

TEST(FitCounts, SavedCountsOfRulesThatAreGoneAreLeftOut) {
  FitCounts before({"a", "gone"});
  before.count(0, {4, 2, true});
  before.count(1, {4, 2, true});
  FitCounts now({"new", "a"});
  const std::vector<std::uint8_t> bytes = before.encode();
  StateReader in(bytes);
  now.load(in);
  EXPECT_TRUE(in.done());
  EXPECT_EQ((*now.bins("a"))[fit_bin_of_new(2)], 1U);
  EXPECT_EQ(now.bins("gone"), nullptr);
}

TEST(FitCounts, RareRulesCountWhatIsLearned) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  FitCounts counts = rules.make_fit_counts();
  Result<Baseline> baseline = Baseline::make({});
  ASSERT_TRUE(baseline.ok());
  Event event;
  event.time = std::int64_t{1'780'000'000} * 1'000'000;
  event.outcome = Outcome::success;
  event[Field::event_action] = "ssh_login";
  event[Field::user_name] = "alice";
  const std::int64_t epoch = baseline.value().epoch_of(event.time);
  baseline.value().advance(epoch);
  EventKeys keys{};
  for (const char* host : {"web-01", "web-01", "web-01", "db-01", "web-01"}) {
    event[Field::host_name] = host;
    const RuleMask mask = rules.prepare(event, keys);
    rules.learn(keys, mask, epoch, baseline.value(), &counts);
  }
  const FitBins* bins = counts.bins("rare_host_for_user");
  ASSERT_NE(bins, nullptr);
  // web-01 again after 1 and after 2, db-01 after 3, web-01 once more after 4, of two hosts.
  for (const int total : {1, 2, 3, 4}) EXPECT_EQ((*bins)[fit_bin_of_total(total)], 1U) << total;
  EXPECT_EQ((*bins)[fit_bin_of_new(1)], 1U);
  EXPECT_EQ((*bins)[fit_bin_of_share(1)], 1U);
  EXPECT_EQ((*bins)[fit_bin_of_share(0.5)], 2U);  // 1 of 2, and 2 of 4
  EXPECT_EQ(counts.bins("unusual_logon"), nullptr);
}

}  // namespace
}  // namespace doorward
