#include "plugins/geo/geo_record.h"

#include <maxminddb.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <span>

namespace doorward {
namespace {

/// Keys from the outermost map inwards, ended by a null as libmaxminddb wants it.
using Path = std::array<const char*, 4>;

// Tried in order; the first that gives something usable is taken.
constexpr Path kCountry[] = {
    {"country", "iso_code"},             // MaxMind, DB-IP
    {"country_code"},                    // IPLocate, ip-location-db, IPinfo Lite
    {"country"},                         // IPinfo
    {"country_iso_code"},                //
    {"country_short"},                   // IP2Location
    {"registered_country", "iso_code"},  // MaxMind, where the country itself is not known
};
constexpr Path kCity[] = {
    {"city", "names", "en"},  // MaxMind, DB-IP
    {"city_name"},            // IPLocate
    {"city"},                 // ip-location-db, IPinfo
    {"city", "name"},         //
};
constexpr Path kLatitude[] = {{"location", "latitude"}, {"latitude"}, {"lat"}};
constexpr Path kLongitude[] = {{"location", "longitude"}, {"longitude"}, {"lng"}, {"lon"}};
constexpr Path kAsNumber[] = {
    {"autonomous_system_number"},            // MaxMind, DB-IP, ip-location-db
    {"asn"},                                 // IPLocate, IPinfo ("AS64500")
    {"as_number"},                           //
    {"asn", "asn"},                          //
    {"as", "number"},                        //
    {"traits", "autonomous_system_number"},  // MaxMind Enterprise
};
constexpr Path kAsOrganization[] = {
    {"autonomous_system_organization"},            // MaxMind, DB-IP, ip-location-db
    {"as_organization"},                           // DB-IP
    {"as_name"},                                   // IPinfo
    {"org"},                                       // IPLocate
    {"name"},                                      // IPLocate, IPinfo
    {"asn", "name"},                               //
    {"as", "name"},                                //
    {"traits", "autonomous_system_organization"},  // MaxMind Enterprise
};

/// The value at a path; nullopt when there is none, or the data there is damaged.
std::optional<MMDB_entry_data_s> value_at(MMDB_entry_s& entry, const Path& path) {
  MMDB_entry_data_s data{};
  if (MMDB_aget_value(&entry, &data, path.data()) != MMDB_SUCCESS || !data.has_data) {
    return std::nullopt;
  }
  return data;
}

/// Text of at most kGeoTextBytesMax bytes; empty for what is no text, or stands for none.
std::string_view text_of(const MMDB_entry_data_s& data) {
  if (data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size == 0) return {};
  std::string_view text(data.utf8_string, data.data_size);
  if (text == "-") return {};  // how IP2Location says that it does not know
  if (text.size() > kGeoTextBytesMax) {
    std::size_t end = kGeoTextBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  return text;
}

std::string_view first_text(MMDB_entry_s& entry, std::span<const Path> paths) {
  for (const Path& path : paths) {
    const std::optional<MMDB_entry_data_s> data = value_at(entry, path);
    if (!data) continue;
    if (const std::string_view text = text_of(*data); !text.empty()) return text;
  }
  return {};
}

/// A two-letter code in upper case; zeroes for anything else ("Sweden").
std::array<char, 2> first_country(MMDB_entry_s& entry) {
  for (const Path& path : kCountry) {
    const std::optional<MMDB_entry_data_s> data = value_at(entry, path);
    const std::string_view text = data ? text_of(*data) : std::string_view{};
    if (text.size() != 2) continue;
    const std::array<char, 2> code = {static_cast<char>(text[0] & ~0x20),
                                      static_cast<char>(text[1] & ~0x20)};
    const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (letter(code[0]) && letter(code[1])) return code;
  }
  return {};
}

/// 64500, or the text "64500" or "AS64500"; 0 for anything else.
std::uint32_t as_number_of(const MMDB_entry_data_s& data) {
  switch (data.type) {
    case MMDB_DATA_TYPE_UINT16:
      return data.uint16;
    case MMDB_DATA_TYPE_UINT32:
      return data.uint32;
    case MMDB_DATA_TYPE_UINT64:
      return data.uint64 <= UINT32_MAX ? static_cast<std::uint32_t>(data.uint64) : 0;
    case MMDB_DATA_TYPE_INT32:
      return data.int32 > 0 ? static_cast<std::uint32_t>(data.int32) : 0;
    case MMDB_DATA_TYPE_UTF8_STRING: {
      std::string_view text = text_of(data);
      if (text.starts_with("AS")) text.remove_prefix(2);
      std::uint32_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      return error == std::errc() && end == text.data() + text.size() ? number : 0;
    }
    default:
      return 0;
  }
}

std::uint32_t first_as_number(MMDB_entry_s& entry) {
  for (const Path& path : kAsNumber) {
    const std::optional<MMDB_entry_data_s> data = value_at(entry, path);
    if (!data) continue;
    if (const std::uint32_t number = as_number_of(*data); number != 0) return number;
  }
  return 0;
}

/// Degrees within [-most, most]; NaN for anything else.
float degrees_of(const MMDB_entry_data_s& data, double most) {
  double value = std::numeric_limits<double>::quiet_NaN();
  switch (data.type) {
    case MMDB_DATA_TYPE_DOUBLE:
      value = data.double_value;
      break;
    case MMDB_DATA_TYPE_FLOAT:
      value = static_cast<double>(data.float_value);
      break;
    case MMDB_DATA_TYPE_UTF8_STRING: {
      const std::string_view text = text_of(data);
      double parsed = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
      if (error == std::errc() && end == text.data() + text.size()) value = parsed;
      break;
    }
    default:
      break;
  }
  return value >= -most && value <= most ? static_cast<float>(value)
                                         : std::numeric_limits<float>::quiet_NaN();
}

float first_degrees(MMDB_entry_s& entry, std::span<const Path> paths, double most) {
  for (const Path& path : paths) {
    const std::optional<MMDB_entry_data_s> data = value_at(entry, path);
    if (!data) continue;
    if (const float degrees = degrees_of(*data, most); !std::isnan(degrees)) return degrees;
  }
  return std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

GeoRecord read_geo_record(MMDB_entry_s& entry) {
  GeoRecord out;
  out.country = first_country(entry);
  out.city = first_text(entry, kCity);
  const float latitude = first_degrees(entry, kLatitude, 90);
  if (!std::isnan(latitude)) {
    const float longitude = first_degrees(entry, kLongitude, 180);
    if (!std::isnan(longitude) && (latitude != 0 || longitude != 0)) {
      out.latitude = latitude;
      out.longitude = longitude;
    }
  }
  out.as_number = first_as_number(entry);
  if (out.as_number != 0) out.as_organization = first_text(entry, kAsOrganization);
  return out;
}

}  // namespace doorward
