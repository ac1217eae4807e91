#include "plugins/detectors/measured_tail.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace doorward {
namespace {

/// A bin's tail is trusted as it is down to this many events.
constexpr std::uint64_t kCompany = 12;
/// Events used to measure the mean excess from which the tail is continued.
constexpr std::uint64_t kExcessEvents = 48;
/// The tail never falls slower than by so many times the prior's scale.
constexpr double kScaleMax = 6;

/// Smallest bin b such that fewer than `least` events lie at b + 1 and above.
std::size_t last_bin_with(std::span<const std::uint64_t> tail, std::uint64_t least) {
  std::size_t bin = 0;
  while (bin + 1 < tail.size() && tail[bin + 1] >= least) ++bin;
  return bin;
}

}  // namespace

double brown_tail(const TailPrior& prior, double x) {
  if (x <= 0) return 1;
  if (prior.variance == prior.mean * prior.mean) {  // two degrees of freedom
    return std::max(1e-300, std::exp(-x / prior.mean));
  }
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
  std::array<std::uint64_t, kTailBins> reached = bins;
  for (std::size_t b = kTailBins - 1; b-- > 0;) reached[b] += reached[b + 1];
  return measured_tail(std::span<const std::uint64_t>(reached), prior, x);
}

double measured_tail(std::span<const std::uint64_t> tail, const TailPrior& prior, double x) {
  if (x <= 0) return 1;
  const auto seen = static_cast<double>(tail[0]);
  const double believed = brown_tail(prior, x);
  if (tail[0] < kCompany) return believed;

  const std::size_t edge = last_bin_with(tail, kCompany);
  double measured = 0;
  if (x < static_cast<double>(edge)) {
    // Between two bins the tail falls geometrically.
    const auto bin = static_cast<std::size_t>(x);
    const auto high = static_cast<double>(tail[bin]);
    const auto low = static_cast<double>(tail[bin + 1]);
    measured = high * std::pow(low / high, x - static_cast<double>(bin)) / seen;
  } else {
    const std::size_t from = last_bin_with(tail, kExcessEvents);
    double excess = 0;
    for (std::size_t b = from; b < tail.size(); ++b) {
      const std::uint64_t above = b + 1 < tail.size() ? tail[b + 1] : 0;
      excess += static_cast<double>(tail[b] - above) * (static_cast<double>(b - from) + 0.5);
    }
    const double scale =
        std::clamp(excess / static_cast<double>(tail[from]), prior.scale, kScaleMax * prior.scale);
    measured =
        static_cast<double>(tail[edge]) / seen * std::exp(-(x - static_cast<double>(edge)) / scale);
  }
  const double trust = seen / (seen + prior.events);
  return std::clamp(std::exp(trust * std::log(measured) + (1 - trust) * std::log(believed)), 1e-300,
                    1.0);
}

}  // namespace doorward
