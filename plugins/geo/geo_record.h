// What a record of a geography database says about an address, whatever its layout. The layouts of
// the providers differ; where each attribute may stand is a table of paths in geo_record.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

struct MMDB_entry_s;

namespace doorward {

/// Longest city or organisation that is taken from a database, in bytes; a longer one is cut before
/// the character that crosses it.
inline constexpr std::size_t kGeoTextBytesMax = 128;

/// Views point into the database.
struct GeoRecord {
  std::array<char, 2> country{};     ///< ISO 3166 code in upper case; zeroes: not known
  std::string_view city;             ///< as the database writes it, in English where it has names
  std::string_view as_organization;  ///< only together with a number
  std::uint32_t as_number = 0;       ///< 0: none
  /// Degrees; both or none (NaN). 0, 0 is how some providers say that they do not know.
  float latitude = std::numeric_limits<float>::quiet_NaN();
  float longitude = std::numeric_limits<float>::quiet_NaN();

  [[nodiscard]] std::string_view country_code() const {
    return country[0] == '\0' ? std::string_view{} : std::string_view{country.data(), 2};
  }
};

/// Reads an entry of an open database. What is missing, of an unexpected type
/// or out of range stays empty. Does not allocate.
GeoRecord read_geo_record(MMDB_entry_s& entry);

}  // namespace doorward
