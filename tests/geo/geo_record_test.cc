// The layouts of records that providers use, and what is no answer.
#include "plugins/geo/geo_record.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plugins/geo/geo_databases.h"
#include "tests/support/files.h"
#include "tests/support/mmdb_writer.h"

namespace doorward {
namespace {

using V = MmdbValue;

/// What an event knows after one database with this record was asked.
struct Filled {
  std::string country, city, number, organization;
  float latitude = 0, longitude = 0;
};

Filled fill(const V& record, const MmdbOptions& options = {}) {
  const TemporaryFolder folder;
  MmdbWriter writer(options);
  writer.add("81.2.69.0/24", record);
  std::vector<Error> mistakes;
  GeoDatabases databases({folder.write("a.mmdb", writer.file())}, mistakes);
  EXPECT_TRUE(mistakes.empty()) << mistakes.front().message();
  Event event;
  event.ip = *IpAddress::parse("81.2.69.142");
  databases.fill_in(event);
  return {std::string(event[Field::geo_country]),
          std::string(event[Field::geo_city]),
          std::string(event[Field::as_number]),
          std::string(event[Field::as_organization]),
          event.latitude,
          event.longitude};
}

const V kMaxMindCity = V::map(
    {{"city",
      V::map({{"geoname_id", V::uint32(2643743)},
              {"names", V::map({{"de", V::text("London (de)")}, {"en", V::text("London")}})}})},
     {"country", V::map({{"iso_code", V::text("GB")}})},
     {"location", V::map({{"accuracy_radius", V::uint16(100)},
                          {"latitude", V::real(51.5142)},
                          {"longitude", V::real(-0.0931)}})},
     {"registered_country", V::map({{"iso_code", V::text("US")}})}});

TEST(GeoRecord, CityInNestedMaps) {
  for (const int record_bits : {24, 28, 32}) {
    for (const int ip_version : {4, 6}) {
      const Filled filled = fill(kMaxMindCity, {record_bits, ip_version, "GeoLite2-City"});
      EXPECT_EQ(filled.country, "GB");
      EXPECT_EQ(filled.city, "London");
      EXPECT_FLOAT_EQ(filled.latitude, 51.5142F);
      EXPECT_FLOAT_EQ(filled.longitude, -0.0931F);
      EXPECT_EQ(filled.number, "");
    }
  }
}

TEST(GeoRecord, CityInFlatFields) {
  const Filled filled = fill(V::map({{"city", V::text("Guangzhou")},
                                     {"country_code", V::text("CN")},
                                     {"latitude", V::short_real(23.125F)},
                                     {"longitude", V::short_real(113.25F)}}));
  EXPECT_EQ(filled.country, "CN");
  EXPECT_EQ(filled.city, "Guangzhou");
  EXPECT_EQ(filled.latitude, 23.125F);
  EXPECT_EQ(filled.longitude, 113.25F);
}

TEST(GeoRecord, PlaceAndNetworkInOneRecordAllAsText) {
  const Filled filled = fill(V::map({{"country", V::text("Sweden")},
                                     {"country_code", V::text("se")},
                                     {"city_name", V::text("Uppsala")},
                                     {"lat", V::text("59.85882")},
                                     {"lng", V::text("17.63889")},
                                     {"asn", V::text("AS64500")},
                                     {"as_name", V::text("Example Net")}}));
  EXPECT_EQ(filled.country, "SE");
  EXPECT_EQ(filled.city, "Uppsala");
  EXPECT_FLOAT_EQ(filled.latitude, 59.85882F);
  EXPECT_FLOAT_EQ(filled.longitude, 17.63889F);
  EXPECT_EQ(filled.number, "64500");
  EXPECT_EQ(filled.organization, "Example Net");
}

TEST(GeoRecord, AutonomousSystems) {
  const Filled maxmind = fill(V::map({{"autonomous_system_number", V::uint32(4200000001)},
                                      {"autonomous_system_organization", V::text("Example AB")}}));
  EXPECT_EQ(maxmind.number, "4200000001");
  EXPECT_EQ(maxmind.organization, "Example AB");
  EXPECT_EQ(maxmind.country, "");
  const Filled iplocate = fill(V::map(
      {{"asn", V::text("64501")}, {"country_code", V::text("NO")}, {"name", V::text("EXAMPLE")}}));
  EXPECT_EQ(iplocate.number, "64501");
  EXPECT_EQ(iplocate.organization, "EXAMPLE");
  EXPECT_EQ(iplocate.country, "NO");
  const Filled nested =
      fill(V::map({{"asn", V::map({{"asn", V::uint16(64502)}, {"name", V::text("Deep")}})}}));
  EXPECT_EQ(nested.number, "64502");
  EXPECT_EQ(nested.organization, "Deep");
  EXPECT_EQ(fill(V::map({{"as_number", V::uint64(64503)}})).number, "64503");
  EXPECT_EQ(fill(V::map({{"as_number", V::int32(64504)}})).number, "64504");
}

TEST(GeoRecord, TheRegisteredCountryStandsInForAMissingOne) {
  EXPECT_EQ(fill(V::map({{"registered_country", V::map({{"iso_code", V::text("FR")}})}})).country,
            "FR");
}

TEST(GeoRecord, WhatIsNoAnswer) {
  const float nan = std::nanf("");
  for (const V& record : {
           V::map({}),
           V::text("just text"),
           V::array({V::text("SE")}),
           V::map({{"country_code", V::text("")}, {"city", V::text("-")}}),
           V::map({{"country_code", V::text("SWE")}}),
           V::map({{"country_code", V::text("S1")}}),
           V::map({{"country_code", V::uint32(46)}}),
           V::map({{"country", V::array({V::text("SE")})}}),
           V::map({{"latitude", V::real(59.9)}}),
           V::map({{"latitude", V::real(0)}, {"longitude", V::real(0)}}),
           V::map({{"latitude", V::real(90.1)}, {"longitude", V::real(1)}}),
           V::map({{"latitude", V::real(10)}, {"longitude", V::real(-180.1)}}),
           V::map({{"latitude", V::real(std::nan(""))}, {"longitude", V::real(1)}}),
           V::map({{"lat", V::text("59.9N")}, {"lng", V::text("17")}}),
           V::map({{"asn", V::text("AS")}, {"name", V::text("of nothing")}}),
           V::map({{"asn", V::text("AS-64500")}}),
           V::map({{"asn", V::text("4294967296")}}),
           V::map({{"asn", V::uint64(1ULL << 40)}}),
           V::map({{"asn", V::int32(-1)}}),
           V::map({{"asn", V::uint32(0)}, {"org", V::text("none")}}),
       }) {
    const Filled filled = fill(record);
    EXPECT_EQ(filled.country + filled.city + filled.number + filled.organization, "");
    EXPECT_EQ(std::isnan(filled.latitude), std::isnan(nan));
    EXPECT_TRUE(std::isnan(filled.longitude));
  }
}

TEST(GeoRecord, LongTextIsCutBetweenCharacters) {
  const std::string fits(kGeoTextBytesMax, 'x');
  EXPECT_EQ(fill(V::map({{"city", V::text(fits)}})).city, fits);
  EXPECT_EQ(fill(V::map({{"city", V::text(fits + "y")}})).city, fits);
  const std::string before(kGeoTextBytesMax - 1, 'x');
  EXPECT_EQ(fill(V::map({{"city", V::text(before + "\xc3\xa4 and more")}})).city, before);
  EXPECT_EQ(fill(V::map({{"city", V::text(std::string(70'000, 'x'))}})).city, fits);
}

TEST(GeoRecord, SharedValuesAreFollowedByTheirPointers) {
  const TemporaryFolder folder;
  MmdbWriter writer;
  const std::uint32_t name = writer.put(V::text("Malmo"));
  const std::uint32_t place = writer.put(V::map({{"iso_code", V::text("SE")}}));
  writer.add("81.2.69.0/24", V::map({{"city", V::pointer(name)}, {"country", V::pointer(place)}}));
  std::vector<Error> mistakes;
  GeoDatabases databases({folder.write("a.mmdb", writer.file())}, mistakes);
  Event event;
  event.ip = *IpAddress::parse("81.2.69.1");
  EXPECT_TRUE(databases.fill_in(event));
  EXPECT_EQ(event[Field::geo_city], "Malmo");
  EXPECT_EQ(event[Field::geo_country], "SE");
}

}  // namespace
}  // namespace doorward
