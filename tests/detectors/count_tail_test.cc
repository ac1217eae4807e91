// How unusual a count is: belief first, the measured share later.
#include "plugins/detectors/sequence/count_tail.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plugins/detectors/evidence.h"

namespace doorward {
namespace {

using Bins = std::array<std::uint64_t, kCountBins>;

TEST(CountTail, BinsOfCounts) {
  EXPECT_EQ(count_bin(0), 0U);
  EXPECT_EQ(count_bin(63), 63U);
  EXPECT_EQ(count_bin(64), 64U);
  EXPECT_EQ(count_bin(127), 71U);
  EXPECT_EQ(count_bin(128), 72U);
  EXPECT_EQ(count_bin(16'383), 127U);
  EXPECT_EQ(count_bin(UINT32_MAX), 127U);
}

TEST(CountTail, BeliefIsGeometric) {
  const Bins none{};
  EXPECT_EQ(count_tail(none, 0), 1);
  EXPECT_DOUBLE_EQ(count_tail(none, 1), 0.05);
  EXPECT_DOUBLE_EQ(count_tail(none, 3), 0.05 / 4);
  EXPECT_DOUBLE_EQ(count_tail(none, 11), 0.05 / 1024);
  EXPECT_GT(count_tail(none, UINT32_MAX), 0);
}

TEST(CountTail, MeasuredShareWhereThereIsCompany) {
  Bins bins{};
  bins[0] = 990'000;
  bins[3] = 9000;
  bins[20] = 1000;
  // Nearly all trust is in what was measured.
  EXPECT_NEAR(std::log(count_tail(bins, 2)), std::log(0.01), 0.01);
  EXPECT_NEAR(std::log(count_tail(bins, 20)), std::log(0.001), 0.02);
  // Beyond: at most four as large in a million, and less with the count, but not much less.
  EXPECT_NEAR(std::log(count_tail(bins, 21)), std::log(4e-6), 0.02);
  EXPECT_NEAR(std::log(count_tail(bins, 210)), std::log(4e-7), 0.3);
}

TEST(CountTail, AnOfficeThatFailsMuchMakesFailuresOrdinary) {
  Bins quiet{};
  quiet[0] = 20'000;
  quiet[1] = 500;
  quiet[2] = 20;
  Bins office = quiet;
  for (unsigned n = 5; n < 30; ++n) office[n] = 40;
  EXPECT_GT(score_of(count_tail(quiet, 20)), 60);
  EXPECT_LT(score_of(count_tail(office, 20)), 30);
  EXPECT_GT(score_of(count_tail(office, 200)), 60);
}

TEST(CountTail, NeverGrowsWithTheCount) {
  Bins bins{};
  for (unsigned b = 0; b < kCountBins; b += 1 + b / 7) {
    bins[b] = static_cast<std::uint64_t>(100'000 / (1 + b * b * b));
    double before = 1;
    for (std::uint32_t n = 0; n < 40'000; n += 1 + n / 50) {
      const double p = count_tail(bins, n);
      EXPECT_LE(p, before * (1 + 1e-12)) << n << " with bins to " << b;
      EXPECT_GT(p, 0);
      before = p;
    }
  }
}

}  // namespace
}  // namespace doorward
