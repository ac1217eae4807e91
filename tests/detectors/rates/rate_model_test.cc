// The predictive distribution and what it is made of.
#include <gtest/gtest.h>

#include <cmath>

#include "plugins/detectors/rates/negative_binomial.h"
#include "plugins/detectors/rates/rate_detector.h"
#include "plugins/detectors/rates/rate_history.h"
#include "plugins/detectors/state_check.h"
#include "tests/detectors/rates/rate_stand.h"

namespace doorward {
namespace {

TEST(NegativeBinomial, TailIsTheSumOfItsTerms) {
  for (const double size : {0.3, 1.0, 2.5, 40.0}) {
    for (const double mean : {0.2, 3.0, 25.0}) {
      const NegativeBinomial model{mean, size};
      const double q = mean / (mean + size);
      double term = std::pow(1 - q, size);
      double below = 0;
      for (int x = 0; x < 60; ++x) {
        EXPECT_NEAR(model.tail(x), 1 - below, 1e-9) << size << " " << mean << " " << x;
        below += term;
        term *= q * (x + size) / (x + 1);
      }
    }
  }
}

// Small counts are summed, others are not, and far tails keep their digits.
TEST(NegativeBinomial, TailFallsByTheProbabilityOfACount) {
  for (const double size : {0.05, 0.7, 3.0, 200.0}) {
    for (const double mean : {0.5, 6.0, 45.0}) {
      const NegativeBinomial model{mean, size};
      for (int x = 0; x < 90; ++x) {
        const double probability =
            std::exp(std::lgamma(x + size) - std::lgamma(size) - std::lgamma(x + 1) +
                     size * std::log(size / (mean + size)) + x * std::log(mean / (mean + size)));
        const double tail = model.tail(x);
        EXPECT_NEAR(tail - model.tail(x + 1), probability, tail * 1e-9)
            << size << " " << mean << " " << x;
      }
    }
  }
}

TEST(NegativeBinomial, OfGreatSizeIsPoissonAndFarTailsStayAboveZero) {
  const NegativeBinomial poisson{4, 1e9};
  EXPECT_NEAR(poisson.tail(1), 1 - std::exp(-4), 1e-9);
  EXPECT_NEAR(poisson.tail(3), 1 - std::exp(-4.0) * (1 + 4 + 8), 1e-9);
  EXPECT_DOUBLE_EQ(poisson.tail(0), 1);
  EXPECT_GT(poisson.tail(1e5), 0);
  EXPECT_LE(poisson.tail(1e5), 1e-290);
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() : baseline_(std::move(Baseline::make({})).value()) { baseline_.advance(2800); }

  void bucket(Hash128 partition, std::uint32_t count, std::int64_t epoch = 2800) {
    Taught taught;
    taught.of_fleet = history_.settled(baseline_, fleet_) &&
                      history_.kind_of(baseline_, partition) == Kind::newcomer;
    // As it comes, one event after the other.
    for (std::uint32_t to = 1; to <= count; ++to) {
      history_.teach(baseline_, epoch, fleet_, partition, 30, to, taught);
    }
  }
  [[nodiscard]] RateModel model(Hash128 partition, const Taught& taught = {}) const {
    return history_.model(baseline_, fleet_, partition, 30, taught);
  }
  static Hash128 partition(int i) { return hash_text(HashKey{}, "host" + std::to_string(i)); }

  Hash128 fleet_ = hash_text(HashKey{}, "fleet");
  RateHistory history_{"rule", {.usual = 4, .spread = 1, .hours = RateHistory::Hours::none}};
  Baseline baseline_;
};

TEST_F(HistoryTest, BeginsWithItsPrior) {
  EXPECT_NEAR(model(partition(1)).beyond.mean, 2, 1e-12);
  EXPECT_NEAR(model(partition(1)).beyond.size, 1, 1e-12);
  EXPECT_EQ(model(partition(1)).kind, Kind::newcomer);
}

TEST_F(HistoryTest, AnOwnHistoryTakesOverMeanAndDispersion) {
  // 300 buckets of 12 and 32 in turn: z is 10 or 30, mean 20, variance 100.
  for (int i = 0; i < 300; ++i) bucket(partition(1), i % 2 == 0 ? 12 : 32);
  const RateModel own = model(partition(1));
  EXPECT_EQ(own.kind, Kind::established);
  EXPECT_EQ(own.buckets, 300);
  EXPECT_NEAR(own.beyond.mean, 20, 0.3);
  EXPECT_NEAR(own.beyond.variance(), 100, 10);
  // Never below Poisson: 300 buckets of exactly 22.
  for (int i = 0; i < 300; ++i) bucket(partition(2), 22);
  EXPECT_GE(model(partition(2)).beyond.variance(), model(partition(2)).beyond.mean);
}

TEST_F(HistoryTest, TakesTheBucketThatIsJudgedOutAgain) {
  for (int i = 0; i < 40; ++i) bucket(partition(1), 5 + static_cast<std::uint32_t>(i % 3));
  const RateModel before = model(partition(1));
  Taught taught;
  for (std::uint32_t to = 1; to <= 90; ++to) {
    history_.teach(baseline_, 2800, fleet_, partition(1), 30, to, taught);
  }
  const RateModel during = model(partition(1), taught);
  EXPECT_DOUBLE_EQ(during.beyond.mean, before.beyond.mean);
  EXPECT_DOUBLE_EQ(during.beyond.size, before.beyond.size);
  EXPECT_GT(model(partition(1)).beyond.mean, before.beyond.mean) << "it did teach";
}

TEST_F(HistoryTest, OneEventTeachesNothing) {
  for (int i = 0; i < 1000; ++i) bucket(partition(i), 1);
  for (const std::uint32_t counter : baseline_.totals(Space::successes).raw()) {
    ASSERT_EQ(counter, 0U);
  }
}

TEST_F(HistoryTest, NewcomersMakeThePriorOnceARuleHasSettled) {
  // In its first epoch everything is new, also what the whole internet guesses at.
  for (int i = 0; i < 30; ++i) bucket(partition(i), 500);
  EXPECT_NEAR(model(partition(9999)).beyond.mean, 2, 1e-9);
  baseline_.advance(2801);
  for (int i = 100; i < 300; ++i) bucket(partition(i), i % 4 == 0 ? 4 : 2, 2801);
  const RateModel after = model(partition(9999));
  EXPECT_LT(after.beyond.mean, 1) << "mean z of newcomers is 0.5";
  EXPECT_GT(after.beyond.mean, 0.4);
  // Two in a hundred that are quite different do not set the scale.
  for (int i = 300; i < 304; ++i) bucket(partition(i), 1000, 2801);
  EXPECT_LT(model(partition(9999)).beyond.mean, 1.2);
  EXPECT_LT(model(partition(9999)).beyond.tail(40), 1e-4);
}

// A flag that is neither yes nor no is undefined behaviour to look at: such a block is not taken.
TEST(RateState, FlagsOfABlockFromAFileAreLookedAt) {
  const std::vector<RuleText> texts = {
      rate_rule("high_count", "event.outcome = \"failure\"", "partition = \"host.name\"\n")};
  std::vector<Error> mistakes;
  const RuleSet rules(texts, HashKey{}, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes[0].message();
  constexpr std::size_t kNotes = 8192;  // seen_once, where nothing is said
  const std::size_t first_head = 64 + FirstSeen::bytes(kNotes);
  for (const std::size_t flag :
       {place_of<RateHead>(&RateHead::kind), place_of<RateHead>(&RateHead::counted),
        place_of<RateHead>(&RateHead::assumed)}) {
    LiveState state = rules.make_state();
    ASSERT_LT(first_head + flag, state.of(0).size());
    EXPECT_TRUE(rules.restore(0, state.of(0)));
    state.of(0)[first_head + flag] = std::byte{1};
    EXPECT_TRUE(rules.restore(0, state.of(0))) << flag;
    state.of(0)[first_head + flag] = std::byte{7};
    EXPECT_FALSE(rules.restore(0, state.of(0))) << flag;
  }
}

TEST(RateMerge, TwoHostsTotalsAreThoseOfBothLogs) {
  // Never fires, and counts are small enough that the fleet's cut, which follows the mean of what
  // was seen so far, does not act; then every update is a sum.
  const RuleSet rules = rules_of({rate_rule("high_count", "event.outcome = \"success\"",
                                            "partition = \"host.name\"\nhours = \"own\"", 101)});
  RateStand first(rules);
  RateStand second(rules);
  RateStand both(rules);
  for (int i = 0; i < 20'000; ++i) {
    const bool odd = i * 7919 % 13 < 6;
    const std::string host = (odd ? "odd-" : "even-") + std::to_string(i % 5);
    const Event event =
        attempt(start_time() + i * kMinuteUs, "alice", "10.1.2.3", host, Outcome::success);
    (odd ? first : second).take(event);
    both.take(event);
  }
  ASSERT_TRUE(first.baseline().merge(second.baseline()).ok());
  const auto merged = first.baseline().totals(Space::successes).raw();
  const auto whole = both.baseline().totals(Space::successes).raw();
  EXPECT_TRUE(std::equal(merged.begin(), merged.end(), whole.begin(), whole.end()));
  EXPECT_TRUE(std::any_of(whole.begin(), whole.end(), [](std::uint32_t c) { return c > 100; }));
  // Every busy bucket is in the measured distribution once.
  const Hash128 name = hash_text(HashKey{}, "rate\npeaks");
  EXPECT_EQ(first.baseline().histograms().read(name)[64],
            both.baseline().histograms().read(name)[64]);
  EXPECT_GT(both.baseline().histograms().read(name)[64], 1000U);
}

}  // namespace
}  // namespace doorward
