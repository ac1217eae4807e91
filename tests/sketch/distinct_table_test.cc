#include "sketch/distinct_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::Addition;
using testing::Exact;
using testing::hash_number;
using testing::Log;

constexpr DistinctTable::Sizes kRoomy = {1 << 14, 1 << 18, 1 << 14};
constexpr DistinctTable::Sizes kTight = {2048, 8192, 4096};

DistinctTable with_ring(const DistinctTable::Sizes& sizes, std::int64_t newest,
                        std::uint32_t epochs = 8) {
  DistinctTable table(sizes);
  table.set_ring({newest, epochs});
  return table;
}

void apply(const Log& log, DistinctTable& table) {
  for (const Addition& a : log) table.add(a.partition_hash(), a.value_hash(), a.epoch);
}

TEST(DistinctTable, IsExactUpTo120) {
  DistinctTable table = with_ring(kRoomy, 0);
  for (unsigned values = 1; values <= DistinctTable::kSparseMax; ++values) {
    table.add(hash_number(1), hash_number(values), 0);
    table.add(hash_number(1), hash_number(1 + values / 2), 0);  // again
    ASSERT_EQ(table.estimate(hash_number(1)), values);
  }
  EXPECT_EQ(table.estimate(hash_number(2)), 0);
  EXPECT_EQ(table.blocks_charged(), 8U);
  table.add(hash_number(1), hash_number(1000), 0);
  EXPECT_NEAR(table.estimate(hash_number(1)), 121, 121 * 0.3);
  EXPECT_EQ(table.blocks_charged(), 9U);
}

TEST(DistinctTable, CountsPerAge) {
  DistinctTable table = with_ring(kRoomy, 20);
  for (std::uint64_t value = 0; value < 30; ++value) {
    table.add(hash_number(1), hash_number(value), 20);
    table.add(hash_number(1), hash_number(value + 10), 18);
  }
  EXPECT_EQ(table.estimate(hash_number(1), 0), 30);
  EXPECT_EQ(table.estimate(hash_number(1), 1), 30);
  EXPECT_EQ(table.estimate(hash_number(1), 2), 40);
  table.set_ring({21, 8});
  EXPECT_EQ(table.estimate(hash_number(1), 0), 0);
  EXPECT_EQ(table.estimate(hash_number(1)), 40);
  table.set_ring({26, 8});  // 18 is gone
  EXPECT_EQ(table.estimate(hash_number(1)), 30);
  EXPECT_EQ(table.blocks_charged(), 2U);
  table.set_ring({28, 8});
  EXPECT_EQ(table.estimate(hash_number(1)), 0);
  EXPECT_EQ(table.partitions(), 0U);
  EXPECT_EQ(table.blocks_charged(), 0U);
}

TEST(DistinctTable, DenseCountsPerAgeToo) {
  DistinctTable table = with_ring(kRoomy, 20);
  for (std::uint64_t value = 0; value < 4000; ++value) {
    table.add(hash_number(1), hash_number(value), 13 + static_cast<std::int64_t>(value / 500));
  }
  for (unsigned age = 0; age < 8; ++age) {
    const double expected = 500 * (age + 1);
    EXPECT_NEAR(table.estimate(hash_number(1), age), expected, expected * 0.3) << age;
  }
  table.set_ring({24, 8});
  EXPECT_NEAR(table.estimate(hash_number(1)), 2000, 600);
  table.set_ring({100, 8});
  EXPECT_EQ(table.partitions(), 0U);
  EXPECT_EQ(table.blocks_charged(), 0U);
}

// Mean and spread over many partitions, in several epochs each.
TEST(DistinctTable, ErrorIsWithinTheFormula) {
  for (const std::uint64_t values : {1000U, 10'000U, 100'000U}) {
    const std::uint64_t partitions = values == 100'000 ? 24 : 100;
    DistinctTable table = with_ring(kRoomy, 7);
    double sum = 0;
    double squares = 0;
    for (std::uint64_t p = 0; p < partitions; ++p) {
      for (std::uint64_t v = 0; v < values; ++v) {
        table.add(hash_number(p), hash_number(v, p + 10), static_cast<std::int64_t>(v % 8));
      }
      const double error = table.estimate(hash_number(p)) / static_cast<double>(values) - 1;
      sum += error;
      squares += error * error;
    }
    const double sigma = 1.04 / std::sqrt(128);
    const auto n = static_cast<double>(partitions);
    EXPECT_LE(std::abs(sum / n), 3 * sigma / std::sqrt(n) + 0.003) << values;
    EXPECT_LE(std::sqrt(squares / n), sigma * (1 + 3 / std::sqrt(2 * n))) << values;
  }
}

// The partitions that stay are those with the least hashes, and they are complete.
TEST(DistinctTable, GivesUpTheLargestHashes) {
  const Log log = testing::random_log(
      {.additions = 40'000, .partitions = 1000, .values = 12, .first_epoch = 0, .last_epoch = 7},
      3);
  DistinctTable table = with_ring(kTight, 7);
  apply(log, table);
  std::uint64_t largest_kept = 0;
  std::uint64_t least_given_up = ~0ULL;
  std::size_t kept = 0;
  for (std::uint32_t partition = 0; partition < 1000; ++partition) {
    const Hash128 hash = Addition{partition, 0, 0}.partition_hash();
    if (table.overflowed(hash)) {
      least_given_up = std::min(least_given_up, hash.low);
    } else {
      largest_kept = std::max(largest_kept, hash.low);
      ++kept;
    }
  }
  EXPECT_LT(largest_kept, least_given_up);
  EXPECT_GT(kept, 20U);
  EXPECT_EQ(table.partitions(), kept);
  EXPECT_LE(table.blocks_charged(), table.blocks_limit());
  EXPECT_NEAR(table.partitions_given_up(), 1000.0 - static_cast<double>(kept), 500);
  // Exact over both spaces, since this table takes them all.
  std::map<std::uint32_t, std::set<std::uint32_t>> values;
  for (const Addition& a : log) values[a.partition].insert(a.value);
  for (const auto& [partition, set] : values) {
    const Hash128 hash = Addition{partition, 0, 0}.partition_hash();
    if (table.overflowed(hash) || set.size() > DistinctTable::kSparseMax) continue;
    EXPECT_EQ(table.estimate(hash), static_cast<double>(set.size()));
  }
}

// Time goes on while the table is crowded in some epochs only. Whatever is not overflowed must know
// every value of the ring, and once the crowd has expired there is room again.
TEST(DistinctTable, WhatIsNotOverflowedIsComplete) {
  std::mt19937_64 random(11);
  DistinctTable table = with_ring(kTight, 0, 4);
  std::map<std::uint32_t, std::map<std::uint32_t, std::int64_t>> last_seen;
  std::size_t compared = 0;
  std::size_t overflowed = 0;
  for (std::int64_t epoch = 0; epoch < 30; ++epoch) {
    table.set_ring({epoch, 4});
    const std::uint32_t partitions = epoch % 10 == 3 ? 600 : 40;
    for (int i = 0; i < 1500; ++i) {
      const auto late = epoch - static_cast<std::int64_t>(random() % 2);
      const Addition a{static_cast<std::uint32_t>(random() % partitions),
                       static_cast<std::uint32_t>(random() % 30), late};
      table.add(a.partition_hash(), a.value_hash(), a.epoch);
      std::int64_t& seen = last_seen[a.partition].try_emplace(a.value, late).first->second;
      seen = std::max(seen, late);
    }
    for (const auto& [partition, values] : last_seen) {
      const Hash128 hash = Addition{partition, 0, 0}.partition_hash();
      if (table.overflowed(hash)) {
        ++overflowed;
        continue;
      }
      const auto expected = std::ranges::count_if(
          values, [&](const auto& value) { return value.second > epoch - 4; });
      ASSERT_EQ(table.estimate(hash), static_cast<double>(expected)) << epoch;
      ++compared;
    }
    // The crowd of epoch 3 is gone at 7; what was lost in 3 to 6 is forgotten at 10.
    if (epoch % 10 == 8) {
      EXPECT_EQ(table.partitions(), 40U) << "room did not come back";
      EXPECT_EQ(table.partitions_given_up(), 0);
    }
    if (epoch % 10 == 2 && epoch > 10) {
      for (std::uint32_t partition = 0; partition < 40; ++partition) {
        EXPECT_FALSE(table.overflowed(Addition{partition, 0, 0}.partition_hash()));
      }
    }
  }
  EXPECT_GT(compared, 1000U);
  EXPECT_GT(overflowed, 1000U);
}

TEST(DistinctTable, OverflowEstimatesAreSane) {
  DistinctTable table = with_ring({1024, 4096, 1 << 17}, 0);
  for (std::uint64_t p = 0; p < 400; ++p) {
    for (std::uint64_t v = 0; v < 10; ++v) table.add(hash_number(p, 1), hash_number(v, p + 100), 0);
  }
  const Hash128 busy = {~0ULL - 1, hash_number(1).high};  // at the end of the order: given up
  for (std::uint64_t v = 0; v < 3000; ++v) table.add(busy, hash_number(v, 99), 0);
  ASSERT_TRUE(table.overflowed(busy));
  EXPECT_NEAR(table.estimate(busy), 3000, 3000 * 0.5);
  double sum = 0;
  double count = 0;
  for (std::uint64_t p = 0; p < 400; ++p) {
    if (!table.overflowed(hash_number(p, 1))) continue;
    sum += table.estimate(hash_number(p, 1));
    ++count;
  }
  ASSERT_GT(count, 100);
  EXPECT_GE(sum / count, 9);   // hardly ever too low
  EXPECT_LE(sum / count, 40);  // 256 cells a row for 400 partitions: some share, few share twice
}

TEST(DistinctTable, SurvivesEveryOrderOfTinyHashes) {
  // Partitions with hashes at the very ends of the range, and no hash at all.
  DistinctTable table = with_ring(kTight, 0);
  for (std::uint64_t i = 0; i < 300; ++i) {
    for (std::uint64_t v = 0; v < 40; ++v) {
      table.add({i, i}, hash_number(v), 0);
      table.add({~0ULL - i, i}, hash_number(v), 0);
    }
  }
  EXPECT_EQ(table.estimate({1, 1}), 40);
  EXPECT_FALSE(table.overflowed({0, 0}));
  EXPECT_TRUE(table.overflowed({~0ULL, 0}));
}

}  // namespace
}  // namespace doorward
