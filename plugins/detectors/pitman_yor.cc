#include "plugins/detectors/pitman_yor.h"

#include <algorithm>
#include <cassert>

namespace doorward {

PitmanYor::PitmanYor(double theta, double discount) : theta_(theta), discount_(discount) {
  assert(theta >= 0 && discount >= 0 && discount < 1 && theta + discount > 0);
}

double PitmanYor::novel(double total, double distinct) const {
  if (total <= 0) return 1;
  return std::min(1.0, (theta_ + discount_ * distinct) / (total + theta_));
}

double PitmanYor::at_most(double count, double total, double distinct) const {
  if (total <= 0) return 1;
  return std::min(1.0, (theta_ + discount_ * distinct + distinct * count) / (total + theta_));
}

}  // namespace doorward
