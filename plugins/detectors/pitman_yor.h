// Predictive probabilities of the two-parameter Poisson-Dirichlet (Pitman-Yor) process (Pitman and
// Yor, 1997; Pitman, "Combinatorial Stochastic Processes", 2006).
#pragma once

namespace doorward {

/// What rule files, policies and fits may give; anything else is a mistake there.
inline constexpr double kStrengthMin = 0;
inline constexpr double kStrengthMax = 1e6;
inline constexpr double kDiscountMin = 0.01;
inline constexpr double kDiscountMax = 0.99;

/// Strength theta >= 0 and discount 0 <= d < 1, not both 0.
class PitmanYor {
 public:
  PitmanYor(double theta, double discount);

  /// Probability that the next value is one never seen, after `total` values of which `distinct`
  /// are different: (theta + d K) / (n + theta), at most 1. 1 when total = 0.
  [[nodiscard]] double novel(double total, double distinct) const;

  /// An upper bound of the probability that the next value is never seen, or one that so far was
  /// seen at most `count` times: no more than K values can be that rare, and each has at most
  /// `count` of the total, so (theta + d K + K c) / (n + theta), at most 1. `count` may be
  /// fractional (weighted by age). The process's own expectation of that mass, sum K pi_j (j - d) /
  /// (n + theta), is smaller where habits are even: a user's one address of 200 logons would get p
  /// = 0.07 where nothing is rarer and p is 1. A bound keeps the ordinary at 1 and costs little for
  /// values seen once or twice.
  [[nodiscard]] double at_most(double count, double total, double distinct) const;

 private:
  double theta_;
  double discount_;
};

}  // namespace doorward
