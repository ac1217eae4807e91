#include "plugins/detectors/rates/negative_binomial.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

namespace doorward {
namespace {

/// From this size on a Poisson distribution is the same to five digits.
constexpr double kPoissonSize = 1e6;

}  // namespace

double NegativeBinomial::tail(double x) const {
  if (x <= 0) return 1;
  if (mean <= 0) return 1e-300;
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
