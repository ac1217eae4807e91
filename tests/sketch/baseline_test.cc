#include "sketch/baseline.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/sketch/additions.h"

namespace doorward {
namespace {

TEST(EpochRing, SlotsAreThoseOfTheNewestEpochs) {
  for (std::int64_t newest = -9; newest < 9; ++newest) {
    for (std::uint32_t epochs = 1; epochs <= 8; ++epochs) {
      const EpochRing ring{newest, epochs};
      for (unsigned age_max = 0; age_max < 9; ++age_max) {
        unsigned expected = 0;
        for (unsigned age = 0; age <= age_max && age < epochs; ++age) {
          expected |= 1U << EpochRing::slot_of(newest - age);
        }
        EXPECT_EQ(ring.slots(age_max), expected) << newest << " " << epochs << " " << age_max;
      }
    }
  }
  EXPECT_EQ(EpochRing{}.slots(), 0);
}

TEST(Baseline, RefusesImpossibleOptions) {
  EXPECT_TRUE(Baseline::make({}).ok());
  const auto small = Baseline::make({.bytes = kBaselineBytesMin - 1});
  ASSERT_FALSE(small.ok());
  EXPECT_NE(small.error().message().find("262144"), std::string::npos) << small.error().message();
  EXPECT_FALSE(Baseline::make({.bytes = kBaselineBytesMax + 1}).ok());
  EXPECT_FALSE(Baseline::make({.epochs = 0}).ok());
  EXPECT_FALSE(Baseline::make({.epochs = 9}).ok());
  EXPECT_FALSE(Baseline::make({.epoch_us = 0}).ok());
}

TEST(Baseline, NeverTakesMoreThanItsBytes) {
  for (std::size_t bytes = kBaselineBytesMin; bytes < std::size_t{40} << 20;
       bytes = bytes * 5 / 4 + 77) {
    const auto baseline = Baseline::make({.bytes = bytes});
    ASSERT_TRUE(baseline.ok());
    EXPECT_LE(baseline.value().bytes(), bytes);
    EXPECT_GE(baseline.value().bytes(), bytes - 8192);
  }
}

TEST(Baseline, EpochsAreFloors) {
  const auto made = Baseline::make({.bytes = kBaselineBytesMin, .epoch_us = 1000});
  EXPECT_EQ(made.value().epoch_of(0), 0);
  EXPECT_EQ(made.value().epoch_of(999), 0);
  EXPECT_EQ(made.value().epoch_of(1000), 1);
  EXPECT_EQ(made.value().epoch_of(-1), -1);
  EXPECT_EQ(made.value().epoch_of(-1000), -1);
  EXPECT_EQ(made.value().epoch_of(-1001), -2);
}

TEST(Baseline, TheRingHoldsTheNewestEpochs) {
  Baseline baseline = testing::make_baseline(kBaselineBytesMin, 3);
  EXPECT_EQ(baseline.newest(), kNoEpoch);
  EXPECT_FALSE(baseline.holds(0));
  EXPECT_TRUE(baseline.advance(10));
  EXPECT_FALSE(baseline.advance(9));
  EXPECT_EQ(baseline.newest(), 10);
  EXPECT_TRUE(baseline.holds(10));
  EXPECT_TRUE(baseline.holds(8));
  EXPECT_FALSE(baseline.holds(7));
  EXPECT_FALSE(baseline.holds(11));
  EXPECT_FALSE(baseline.holds(std::numeric_limits<std::int64_t>::min()));
  EXPECT_FALSE(baseline.holds(std::numeric_limits<std::int64_t>::max()));
}

// Every epoch is erased whole, in every sketch, in rings of every length and moves of every width.
TEST(Baseline, ExpiryErasesEverywhere) {
  for (std::uint32_t epochs = 1; epochs <= 8; ++epochs) {
    for (std::int64_t move = 1; move <= 9; ++move) {
      Baseline baseline = testing::make_baseline(kBaselineBytesMin, epochs);
      const auto oldest = 100 - static_cast<std::int64_t>(epochs) + 1;
      const auto log = testing::random_log({.additions = 400,
                                            .partitions = 5,
                                            .values = 8,
                                            .first_epoch = oldest,
                                            .last_epoch = 100},
                                           epochs);
      testing::apply(log, baseline);
      baseline.advance(100 + move);
      const testing::Exact exact(log, Space::successes);
      for (const auto& [partition, totals] : exact.totals) {
        const Hash128 hash = testing::Addition{partition, 0, 0}.partition_hash();
        const auto read = baseline.totals(Space::successes).read(hash);
        for (std::int64_t age = 0; age < 8; ++age) {
          const std::int64_t epoch = 100 + move - age;
          const auto found = totals.find(epoch);
          const bool alive = age < epochs && found != totals.end();
          EXPECT_EQ(read[static_cast<std::size_t>(age)], alive ? found->second : 0);
        }
        const auto expected = exact.distinct(partition, oldest + move, 100);
        EXPECT_EQ(baseline.distinct(Space::successes).estimate(hash),
                  static_cast<double>(expected));
      }
      std::uint64_t in_histograms = 0;
      for (std::uint64_t name = 0; name < 16; ++name) {
        for (const auto count : baseline.histograms().read(testing::hash_number(name, 3))) {
          in_histograms += count;
        }
      }
      const auto alive = std::count_if(log.begin(), log.end(), [&](const auto& addition) {
        return baseline.holds(addition.epoch);
      });
      EXPECT_EQ(in_histograms, static_cast<std::uint64_t>(alive));
    }
  }
}

TEST(Baseline, SpacesAreSeparate) {
  Baseline baseline = testing::make_baseline();
  baseline.advance(1);
  const Hash128 key = testing::hash_number(1);
  baseline.pairs(Space::failures).add(key, 1);
  baseline.totals(Space::failures).add(key, 1);
  baseline.distinct(Space::failures).add(key, key, 1);
  EXPECT_EQ(baseline.pairs(Space::successes).read(key)[0], 0);
  EXPECT_EQ(baseline.totals(Space::successes).read(key)[0], 0U);
  EXPECT_EQ(baseline.distinct(Space::successes).estimate(key), 0);
  EXPECT_EQ(baseline.pairs(Space::failures).read(key)[0], 1);
}

TEST(Baseline, FillTellsHowFull) {
  Baseline baseline = testing::make_baseline(std::size_t{8} << 20);
  EXPECT_EQ(baseline.fill().pairs.false_seen, 0);
  EXPECT_EQ(baseline.fill().pairs.distinct_pairs, 0);
  const auto log = testing::random_log(
      {.additions = 50'000, .partitions = 500, .values = 40, .first_epoch = 0, .last_epoch = 7}, 1);
  testing::apply(log, baseline);
  const testing::Exact exact(log, Space::successes);
  const BaselineFill fill = baseline.fill();
  const auto pairs = static_cast<double>(exact.pairs.size());
  EXPECT_NEAR(fill.pairs.distinct_pairs, pairs, pairs * 0.02);
  EXPECT_EQ(fill.partitions, exact.totals.size());
  EXPECT_EQ(fill.partitions_overflowed, 0);
  EXPECT_GT(fill.blocks, fill.partitions);
  EXPECT_LE(fill.bytes, std::size_t{8} << 20);
}

}  // namespace
}  // namespace doorward
