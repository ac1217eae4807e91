// Where the addresses of tests/data/rules are.
#pragma once

#include <string>

#include "tests/support/mmdb_writer.h"

namespace doorward {

/// A geography database of the networks in tests/data/rules.
inline std::string rule_log_places() {
  struct Place {
    const char* network;
    const char* city;
    const char* country;
    double latitude;
    double longitude;
  };
  MmdbWriter writer;
  for (const Place& place : {Place{"89.160.0.0/16", "Linkoping", "SE", 58.41, 15.62},
                             Place{"81.2.69.0/24", "London", "GB", 51.51, -0.12},
                             Place{"216.160.83.0/24", "Seattle", "US", 47.61, -122.33},
                             Place{"175.16.199.0/24", "Changchun", "CN", 43.88, 125.32}}) {
    writer.add(place.network, MmdbValue::map({{"city", MmdbValue::text(place.city)},
                                              {"country_code", MmdbValue::text(place.country)},
                                              {"latitude", MmdbValue::real(place.latitude)},
                                              {"longitude", MmdbValue::real(place.longitude)}}));
  }
  return writer.file();
}

}  // namespace doorward
