#include "plugins/detectors/evidence.h"

#include <algorithm>
#include <cmath>

namespace doorward {
namespace {
constexpr double kPNone = 0.05;
constexpr double kPFull = 1e-6;
}  // namespace

double score_of(double p_value) {
  if (!(p_value < kPNone)) return 0;
  if (p_value <= kPFull) return 100;
  return 100 * std::log(kPNone / p_value) / std::log(kPNone / kPFull);
}

bool has_fired(const Evidence& evidence) {
  return evidence.applies && score_of(evidence.p_value) >= evidence.threshold;
}

double p_value_of(double score) {
  return kPNone * std::pow(kPFull / kPNone, std::clamp(score, 0.0, 100.0) / 100);
}

}  // namespace doorward
