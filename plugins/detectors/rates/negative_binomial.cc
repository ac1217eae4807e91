#include "plugins/detectors/rates/negative_binomial.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace doorward {
namespace {

/// From this size on a Poisson distribution is the same to five digits.
constexpr double kPoissonSize = 1e6;
/// Up to so many counts below x are summed, which is quicker than the incomplete beta function ...
constexpr double kSummedMax = 48;
/// ... unless the tail is so small that the difference to 1 loses its digits.
constexpr double kSummedLeast = 1e-5;

/// 1 - P(X < x) for whole x, by the recurrence of the probabilities: P(k + 1) = P(k) (size + k) /
/// (k + 1) q, with P(0) = (1 - q)^size.
double summed_tail(double x, double size, double mean) {
  const double q = mean / (mean + size);
  double probability = std::exp(-size * std::log1p(mean / size));
  double below = 0;
  for (double k = 0; k < x; ++k) {
    below += probability;
    probability *= (size + k) / (k + 1) * q;
  }
  return 1 - below;
}

}  // namespace

double NegativeBinomial::tail(double x) const {
  if (x <= 0) return 1;
  if (mean <= 0) return 1e-300;
  if (x <= kSummedMax && x == std::floor(x) && size < kPoissonSize) {
    const double summed = summed_tail(x, size, mean);
    if (summed >= kSummedLeast) return summed;
  }
  using namespace boost::math::policies;
  using Quiet =
      policy<domain_error<ignore_error>, overflow_error<ignore_error>,
             underflow_error<ignore_error>, denorm_error<ignore_error>,
             evaluation_error<ignore_error>, pole_error<ignore_error>, promote_double<false>>;
  const double p = size >= kPoissonSize
                       ? boost::math::gamma_p(x, mean, Quiet())
                       : boost::math::ibeta(x, size, mean / (mean + size), Quiet());
  return std::clamp(p, 1e-300, 1.0);
}

}  // namespace doorward
