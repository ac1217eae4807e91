// Distances on the globe.
#pragma once

namespace doorward {

/// Kilometres along the great circle between two points in degrees, north and east positive, on a
/// sphere of the Earth's mean radius (haversine formula; Sinnott, 1984). At most 0.6 % off the
/// ellipsoid's.
double great_circle_km(double latitude_a, double longitude_a, double latitude_b,
                       double longitude_b);

/// Half of the way round: no two points are further apart.
inline constexpr double kFarthestKm = 20'015.1;

}  // namespace doorward
