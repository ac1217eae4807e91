// After make() nothing allocates.
#include <gtest/gtest.h>

#include "tests/sketch/additions.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

TEST(Allocation, NothingAllocatesAfterMake) {
  // Crowded in every respect: partitions, blocks, names, epochs that expire.
  const auto log = testing::random_log(
      {.additions = 50'000, .partitions = 2000, .values = 40, .first_epoch = 0, .last_epoch = 30},
      1);
  const auto others = testing::baseline_of(log);
  std::size_t before = allocations();
  auto made = Baseline::make({.bytes = kBaselineBytesMin});
  EXPECT_GT(allocations(), before) << "the counter does not count";
  Baseline& baseline = made.value();
  before = allocations();
  double sum = 0;
  for (const auto& addition : log) {
    const std::uint64_t slow = (static_cast<std::uint64_t>(&addition - log.data())) / 5000;
    auto later = addition;
    later.epoch = addition.epoch % 8 + static_cast<std::int64_t>(slow);
    testing::apply(later, baseline);
    sum += baseline.distinct(Space::successes).estimate(addition.partition_hash());
    sum += baseline.pairs(Space::successes).read(addition.pair_hash())[0];
    sum += static_cast<double>(baseline.histograms().read(addition.partition_hash())[0]);
  }
  EXPECT_TRUE(baseline.merge(others).ok());
  sum += baseline.fill().pairs.false_seen;
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(sum, 0);
  EXPECT_GT(baseline.fill().partitions_overflowed, 0);
}

}  // namespace
}  // namespace doorward
