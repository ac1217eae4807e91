// The tail of a statistic whose distribution is measured, not assumed.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sketch/histograms.h"

namespace doorward {

/// What is believed of the statistic before enough of it was seen: the moments of Fisher's
/// statistic under the dependence between its parts. Brown (1975) fits a scaled chi-square to them.
struct TailPrior {
  double mean = 2.5;
  double variance = 14;
  double events = 1500;  ///< how many measured events weigh as much as this belief
  double scale = 2;      ///< the tail never falls faster than exp(-x / scale); Fisher's: 2
};

/// P(X >= x) under Brown's scaled chi-square c * chi2(f), c = variance / (2 mean),
/// f = 2 mean^2 / variance. 1 for x <= 0.
double brown_tail(const TailPrior& prior, double x);

/// Number of bins, each one unit of the statistic wide; the last takes all above.
inline constexpr std::size_t kTailBins = Histograms::kBins;
inline std::size_t tail_bin(double x) {
  return x <= 0 ? 0 : x >= double{kTailBins - 1} ? kTailBins - 1 : static_cast<std::size_t>(x);
}

/// P(X >= x) given how many past X reached each bin: reached[b] of at least b, never rising, the
/// first of all. While few were seen the prior leads; then the measured share does. Beyond the last
/// bin that still has company, the tail is continued exponentially with the mean excess seen above
/// (peaks over threshold with an exponential excess; Pickands, 1975), never thinner than
/// exp(-x / prior.scale). In (0, 1].
double measured_tail(std::span<const std::uint64_t> reached, const TailPrior& prior, double x);

/// The same given counts of past X by bin.
double measured_tail(const std::array<std::uint64_t, kTailBins>& bins, const TailPrior& prior,
                     double x);

}  // namespace doorward
