#include "plugins/detectors/measured_tail.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace doorward {
namespace {

TEST(BrownTail, IsChiSquareUnderIndependence) {
  // Fisher's statistic of k independent uniform p-values: mean 2k, variance 4k.
  const TailPrior two{4, 8};
  for (const double x : {1.0, 5.0, 12.0, 30.0}) {
    EXPECT_NEAR(brown_tail(two, x), std::exp(-x / 2) * (1 + x / 2), 1e-9) << x;
  }
  EXPECT_DOUBLE_EQ(brown_tail(two, 0), 1);
}

TEST(MeasuredTail, IsThePriorWhileNothingWasSeen) {
  const TailPrior prior{2.5, 14};
  const std::array<std::uint64_t, kTailBins> none{};
  for (const double x : {3.0, 9.0, 40.0}) {
    EXPECT_DOUBLE_EQ(measured_tail(none, prior, x), brown_tail(prior, x));
  }
}

std::array<std::uint64_t, kTailBins> sample(double scale, int events, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> draw(1 / scale);
  std::array<std::uint64_t, kTailBins> bins{};
  for (int i = 0; i < events; ++i) ++bins[tail_bin(draw(random))];
  return bins;
}

TEST(MeasuredTail, ReadsTheShareThatWasSeen) {
  const auto bins = sample(4, 1'000'000, 1);
  for (const double x : {4.0, 10.0, 20.0, 30.0}) {
    EXPECT_NEAR(measured_tail(bins, {}, x) / std::exp(-x / 4), 1, 0.1) << x;
  }
}

TEST(MeasuredTail, GoesOnBeyondTheDataAtItsOwnPace) {
  const auto bins = sample(4, 200'000, 2);
  // 80 is 1e-9 deep, far beyond 200,000 events.
  const double p = measured_tail(bins, {}, 80);
  EXPECT_LT(p, 1e-6);
  EXPECT_GT(p, 1e-13);
}

TEST(MeasuredTail, NeverRisesWithX) {
  const auto bins = sample(5, 30'000, 3);
  double before = 1;
  for (double x = 0; x < 140; x += 0.125) {
    const double p = measured_tail(bins, {}, x);
    EXPECT_LE(p, before * (1 + 1e-9)) << x;
    EXPECT_GT(p, 0);
    before = p;
  }
}

/// Scored before it is counted, as the pipeline does: p-values of a stream must be calibrated even
/// when the prior is wrong.
TEST(MeasuredTail, IsCalibratedOnAStreamWhateverThePrior) {
  std::mt19937_64 random(11);
  std::exponential_distribution<double> draw(1.0 / 6);
  std::array<std::uint64_t, kTailBins> bins{};
  int below = 0;
  int judged = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double x = draw(random);
    if (i > 20'000 && i % 10 == 0) {
      ++judged;
      below += measured_tail(bins, {2.5, 14}, x) <= 0.01 ? 1 : 0;
    }
    ++bins[tail_bin(x)];
  }
  EXPECT_LE(below, 1.2 * 0.01 * judged);
  EXPECT_GE(below, 0.5 * 0.01 * judged);
}

}  // namespace
}  // namespace doorward
