#include "sketch/pair_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::hash_number;

PairCounts with_ring(std::size_t bytes, std::int64_t newest, std::uint32_t epochs = 8) {
  PairCounts pairs(bytes);
  pairs.set_ring({newest, epochs});
  return pairs;
}

TEST(PairCounts, ReadsByAge) {
  PairCounts pairs = with_ring(1 << 16, 21);
  const Hash128 key = hash_number(1);
  pairs.add(key, 21);
  pairs.add(key, 21);
  pairs.add(key, 18);  // late
  pairs.add(key, 14);  // the oldest
  const std::array<std::uint8_t, 8> expected = {2, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_EQ(pairs.read(key), expected);
  EXPECT_EQ(pairs.read(hash_number(2)), (std::array<std::uint8_t, 8>{}));
  pairs.set_ring({22, 8});
  const std::array<std::uint8_t, 8> older = {0, 2, 0, 0, 1, 0, 0, 0};
  EXPECT_EQ(pairs.read(key), older);
}

TEST(PairCounts, NegativeEpochsWork) {
  PairCounts pairs = with_ring(1 << 16, -3);
  pairs.add(hash_number(1), -3);
  pairs.add(hash_number(1), -10);
  const std::array<std::uint8_t, 8> expected = {1, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(pairs.read(hash_number(1)), expected);
}

TEST(PairCounts, CountsStopAt255) {
  PairCounts pairs = with_ring(1 << 16, 0);
  PairCounts other = with_ring(1 << 16, 0);
  for (int i = 0; i < 300; ++i) pairs.add(hash_number(1), 0);
  EXPECT_EQ(pairs.read(hash_number(1))[0], 255);
  for (int i = 0; i < 200; ++i) other.add(hash_number(2), 0);
  PairCounts more = other;
  more.merge(other, kAllSlots);
  EXPECT_EQ(more.read(hash_number(2))[0], 255);
  more.merge(pairs, kAllSlots);
  EXPECT_EQ(more.read(hash_number(1))[0], 255);
}

// A sketch that is much too small still never reads too low.
TEST(PairCounts, NeverReadsTooLow) {
  const auto log = testing::random_log(
      {.additions = 60'000, .partitions = 300, .values = 30, .first_epoch = 40, .last_epoch = 47},
      5);
  PairCounts pairs = with_ring(1 << 15, 47);
  for (const auto& addition : log) pairs.add(addition.pair_hash(), addition.epoch);
  std::size_t too_high = 0;
  for (const Space space : {Space::successes, Space::failures}) {
    for (const auto& [pair, epochs] : testing::Exact(log, space).pairs) {
      const testing::Addition key{pair.first, pair.second, 0};
      const auto read = pairs.read(key.pair_hash());
      for (const auto& [epoch, count] : epochs) {
        const auto got = read[static_cast<std::size_t>(47 - epoch)];
        ASSERT_GE(got, std::min(count, 255U));
        too_high += got > count;
      }
    }
  }
  EXPECT_GT(too_high, 0U) << "the sketch was not crowded, the test shows nothing";
}

struct FalseSeen {
  double measured;
  PairFill fill;
};

FalseSeen measure_false_seen(std::size_t pairs_count, std::int64_t epochs) {
  Baseline baseline = testing::make_baseline(std::size_t{8} << 20);
  baseline.advance(epochs - 1);
  PairCounts& pairs = baseline.pairs(Space::successes);
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < pairs_count; ++i) {
    const Hash128 key = join(hash_number(i / 20, 1), hash_number(i, 2), 9);
    const auto times = 1 + random() % 3;
    for (std::uint64_t n = 0; n < times; ++n) {
      pairs.add(key, static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(epochs)));
    }
  }
  constexpr std::size_t kProbes = 1'000'000;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < kProbes; ++i) {
    const Hash128 key = join(hash_number(i / 20, 1), hash_number(i + (1ULL << 40), 2), 9);
    seen += pairs.read(key) != std::array<std::uint8_t, 8>{};
  }
  return {static_cast<double>(seen) / kProbes, pairs.fill()};
}

// The figure of the design: 100,000 pairs in the default 8 MiB, at most 0.2 % of never-seen pairs
// read as seen. All in one epoch is the worst case.
TEST(PairCounts, NeverSeenPairsReadAsUnseenAtTheDefaultSize) {
  const FalseSeen worst = measure_false_seen(100'000, 1);
  EXPECT_LE(worst.measured, 0.002);
  EXPECT_GT(worst.measured, 0.0001) << "suspiciously good";
  EXPECT_NEAR(worst.fill.false_seen, worst.measured, 0.0002);
  EXPECT_NEAR(worst.fill.distinct_pairs, 100'000, 1000);
  const FalseSeen spread = measure_false_seen(100'000, 8);
  EXPECT_LE(spread.measured, worst.measured);
  // A handful of a million probes: the bound holds for what is expected, give or take its Poisson
  // deviation.
  const double deviation = std::sqrt(spread.fill.false_seen / 1'000'000);
  EXPECT_GE(spread.fill.false_seen + 4 * deviation, spread.measured);
  EXPECT_NEAR(spread.fill.distinct_pairs, 100'000, 1000);
}

// The same pairs in every epoch lie at the same places: eight epochs are no worse than one, and the
// prediction knows it.
TEST(PairCounts, RecurringPairsCostNothing) {
  PairCounts pairs = with_ring(std::size_t{1} << 18, 7);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    for (std::int64_t epoch = 0; epoch < 8; ++epoch) pairs.add(hash_number(i), epoch);
  }
  std::size_t seen = 0;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    seen += pairs.read(hash_number(i, 5)) != std::array<std::uint8_t, 8>{};
  }
  const double measured = static_cast<double>(seen) / 200'000;
  EXPECT_GT(measured, 0.002);
  EXPECT_NEAR(pairs.fill().false_seen, measured, measured * 0.2);
}

TEST(PairCounts, AFullSketchSaysSo) {
  PairCounts pairs = with_ring(1 << 12, 0);
  for (std::uint64_t i = 0; i < 100'000; ++i) pairs.add(hash_number(i), 0);
  const PairFill fill = pairs.fill();
  EXPECT_DOUBLE_EQ(fill.false_seen, 1);
  EXPECT_TRUE(std::isfinite(fill.distinct_pairs));
}

TEST(PairCounts, ExpiryErasesWhatLeavesTheRing) {
  PairCounts pairs = with_ring(1 << 14, 7);
  for (std::uint64_t i = 0; i < 1000; ++i)
    pairs.add(hash_number(i), static_cast<std::int64_t>(i % 8));
  pairs.set_ring({10, 8});
  EXPECT_TRUE(pairs.only_slots(EpochRing{7, 5}.slots()));
  EXPECT_FALSE(pairs.only_slots(EpochRing{7, 4}.slots()));
  pairs.set_ring({1000, 8});
  EXPECT_TRUE(pairs.only_slots(0));
}

}  // namespace
}  // namespace doorward
