#include "sketch/totals.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::hash_number;

TEST(Totals, ReadsByAgeAndAddsMany) {
  Totals totals(1 << 14);
  totals.set_ring({9, 3});
  totals.add(hash_number(1), 9);
  totals.add(hash_number(1), 7, 1000);
  const std::array<std::uint32_t, 8> expected = {1, 0, 1000, 0, 0, 0, 0, 0};
  EXPECT_EQ(totals.read(hash_number(1)), expected);
  totals.set_ring({10, 3});
  const std::array<std::uint32_t, 8> later = {0, 1, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(totals.read(hash_number(1)), later);
}

TEST(Totals, StopAtTheirLimit) {
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
  Totals totals(1 << 14);
  totals.set_ring({0, 8});
  totals.add(hash_number(1), 0, kMax - 1);
  totals.add(hash_number(1), 0);
  EXPECT_EQ(totals.read(hash_number(1))[0], kMax);
  totals.add(hash_number(1), 0, 5);
  EXPECT_EQ(totals.read(hash_number(1))[0], kMax);
  const Totals other = totals;
  totals.merge(other, kAllSlots);
  EXPECT_EQ(totals.read(hash_number(1))[0], kMax);
}

TEST(Totals, NeverReadTooLow) {
  const auto log = testing::random_log(
      {.additions = 30'000, .partitions = 800, .values = 5, .first_epoch = 3, .last_epoch = 6}, 2);
  Totals totals(1 << 14);
  totals.set_ring({6, 8});
  for (const auto& addition : log) totals.add(addition.partition_hash(), addition.epoch);
  for (const auto& [partition, epochs] : testing::Exact(log, Space::successes).totals) {
    const auto read = totals.read(testing::Addition{partition, 0, 0}.partition_hash());
    for (const auto& [epoch, count] : epochs) {
      ASSERT_GE(read[static_cast<std::size_t>(6 - epoch)], count);
    }
  }
}

}  // namespace
}  // namespace doorward
