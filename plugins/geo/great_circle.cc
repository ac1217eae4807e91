#include "plugins/geo/great_circle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace doorward {

double great_circle_km(double latitude_a, double longitude_a, double latitude_b,
                       double longitude_b) {
  constexpr double kRadiusKm = 6371.0088;
  constexpr double kRadian = std::numbers::pi / 180;
  const double north = std::sin((latitude_b - latitude_a) * kRadian / 2);
  const double east = std::sin((longitude_b - longitude_a) * kRadian / 2);
  const double half =
      north * north + std::cos(latitude_a * kRadian) * std::cos(latitude_b * kRadian) * east * east;
  return 2 * kRadiusKm * std::asin(std::sqrt(std::clamp(half, 0.0, 1.0)));
}

}  // namespace doorward
