// Two logons of one user from places too far apart for the time between them.
//
//   [sequence]
//   by = "user.name"          who cannot be in two places
//   faster_than_kmh = 900     this key makes the rule one about journeys
//   least_km = 500            shorter ones are not judged
//   score = 75                of a hit; there is no probability to be told here
//
// Each event with coordinates is compared with the places of its user next to it in time. What is
// kept, and what stays quiet, is in last_places.h. Networks whose users come out elsewhere (VPN
// exits, mobile roaming) belong into exceptions.
#pragma once

#include <memory>

#include "plugins/detectors/detector.h"

namespace doorward {

/// The detector of a [sequence] table that has the key faster_than_kmh. Mistakes are noted in
/// `table`, and the detector is then null.
std::unique_ptr<Detector> make_travel(Rule& rule, Params& table, ViewTable& views);

}  // namespace doorward
