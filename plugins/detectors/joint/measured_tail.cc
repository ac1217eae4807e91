#include "plugins/detectors/joint/measured_tail.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace doorward {
namespace {

/// Events after which measurement and prior weigh the same.
constexpr double kPriorEvents = 1500;
/// A bin's tail is trusted as it is down to this many events.
constexpr std::uint64_t kCompany = 12;
/// Events used to measure the mean excess from which the tail is continued.
constexpr std::uint64_t kExcessEvents = 48;
/// Scale of Fisher's tail under independence: P ~ exp(-x/2).
constexpr double kFisherScale = 2;
constexpr double kScaleMax = 12;

/// Smallest bin b such that fewer than `least` events lie at b + 1 and above.
std::size_t last_bin_with(const std::array<std::uint64_t, kTailBins + 1>& tail,
                          std::uint64_t least) {
  std::size_t bin = 0;
  while (bin + 1 < kTailBins && tail[bin + 1] >= least) ++bin;
  return bin;
}

}  // namespace

double brown_tail(const TailPrior& prior, double x) {
  if (x <= 0) return 1;
  using namespace boost::math::policies;
  using Quiet =
      policy<domain_error<ignore_error>, overflow_error<ignore_error>,
             underflow_error<ignore_error>, evaluation_error<ignore_error>, promote_double<false>>;
  const double scale = prior.variance / (2 * prior.mean);
  const double freedom = 2 * prior.mean * prior.mean / prior.variance;
  const double q = boost::math::gamma_q(freedom / 2, x / (2 * scale), Quiet());
  return std::clamp(q, 1e-300, 1.0);
}

double measured_tail(const std::array<std::uint64_t, kTailBins>& bins, const TailPrior& prior,
                     double x) {
  if (x <= 0) return 1;
  std::array<std::uint64_t, kTailBins + 1> tail{};
  for (std::size_t b = kTailBins; b-- > 0;) tail[b] = tail[b + 1] + bins[b];
  const auto seen = static_cast<double>(tail[0]);
  const double believed = brown_tail(prior, x);
  if (tail[0] < kCompany) return believed;

  const std::size_t edge = last_bin_with(tail, kCompany);
  double measured = 0;
  if (x < static_cast<double>(edge)) {
    // Between two bins the tail falls geometrically.
    const std::size_t bin = tail_bin(x);
    const auto high = static_cast<double>(tail[bin]);
    const auto low = static_cast<double>(tail[bin + 1]);
    measured = high * std::pow(low / high, x - static_cast<double>(bin)) / seen;
  } else {
    const std::size_t from = last_bin_with(tail, kExcessEvents);
    double excess = 0;
    for (std::size_t b = from; b < kTailBins; ++b) {
      excess += static_cast<double>(bins[b]) * (static_cast<double>(b - from) + 0.5);
    }
    const double scale =
        std::clamp(excess / static_cast<double>(tail[from]), kFisherScale, kScaleMax);
    measured =
        static_cast<double>(tail[edge]) / seen * std::exp(-(x - static_cast<double>(edge)) / scale);
  }
  const double trust = seen / (seen + kPriorEvents);
  return std::clamp(std::exp(trust * std::log(measured) + (1 - trust) * std::log(believed)), 1e-300,
                    1.0);
}

}  // namespace doorward
