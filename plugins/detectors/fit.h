// theta and d of detector rare, from how often values were new.
#pragma once

#include <cstdint>

#include "plugins/detectors/fit_counts.h"

namespace doorward {

/// A fit needs so many counted events; with fewer the default stays.
inline constexpr std::uint64_t kFitEventsMin = 1'000;
/// Surprises that the default counts for: with so many new values seen, the fit is half way from
/// the default to what was measured (theta on a logarithmic scale).
inline constexpr double kFitDefaultWeight = 50;
/// Where the fit looks for theta; d is between kDiscountMin and kDiscountMax.
inline constexpr double kFitStrengthMin = 0.01;
inline constexpr double kFitStrengthMax = 1e4;

struct NoveltyFit {
  double strength = 1;       ///< theta
  double discount = 0.5;     ///< d
  std::uint64_t events = 0;  ///< counted
  std::uint64_t novel = 0;   ///< of these, new
  bool fitted = false;       ///< false: too few events, this is the default
  double measured_strength = 1, measured_discount = 0.5;  ///< before shrinking
};

/// The theta and d under which the counts are most likely, each event being new with probability
/// (theta + d K) / (n + theta); then shrunk towards the default. Takes about a million logarithms.
NoveltyFit fit_novelty(const FitBins& bins, double default_strength, double default_discount);

}  // namespace doorward
