// The negative binomial distribution with real-valued size: counts whose own rate varies.
#pragma once

namespace doorward {

/// Mean and size k: variance = mean + mean^2 / k. A large k is Poisson.
struct NegativeBinomial {
  double mean = 1;
  double size = 1;

  [[nodiscard]] double variance() const { return mean + mean * mean / size; }

  /// P(X >= x), by the regularised incomplete beta function: I_q(x, k) with q = mean / (mean + k).
  /// 1 for x <= 0; never below 1e-300.
  [[nodiscard]] double tail(double x) const;
};

}  // namespace doorward
