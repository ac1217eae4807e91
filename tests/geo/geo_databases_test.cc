// Several databases at once, what an event brings with it, and files that change.
#include "plugins/geo/geo_databases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tests/support/allocations.h"
#include "tests/support/files.h"
#include "tests/support/mmdb_writer.h"

namespace doorward {
namespace {

using V = MmdbValue;
constexpr TimeUs kMinute = 60 * kSecondUs;

Event event_from(const char* ip) {
  Event event;
  event.ip = *IpAddress::parse(ip);
  return event;
}

std::string country_file(const std::string& country) {
  MmdbWriter writer;
  for (const char* network : {"81.2.69.0/24", "10.0.0.0/8", "2a00:23c0::/32"}) {
    writer.add(network, V::map({{"country_code", V::text(country)}}));
  }
  return writer.file();
}

std::string city_file() {
  MmdbWriter writer({24, 6, "City"});
  const auto place = [](const char* country, const char* city, double latitude, double longitude) {
    return V::map({{"country_code", V::text(country)},
                   {"city", V::text(city)},
                   {"latitude", V::real(latitude)},
                   {"longitude", V::real(longitude)}});
  };
  writer.add("81.2.0.0/16", place("GB", "Leeds", 53.8, -1.5));
  writer.add("81.2.69.0/24", place("GB", "London", 51.5, -0.1));
  writer.add("2a00:23c0::/32", place("GB", "Bath", 51.4, -2.4));
  return writer.file();
}

std::string asn_file(std::uint32_t number, const char* name) {
  MmdbWriter writer({32, 6, "ASN"});
  writer.add("81.2.69.0/24", V::map({{"autonomous_system_number", V::uint32(number)},
                                     {"autonomous_system_organization", V::text(name)}}));
  return writer.file();
}

class GeoDatabasesTest : public testing::Test {
 protected:
  GeoDatabases open(const std::vector<std::string>& paths) {
    std::vector<Error> mistakes;
    GeoDatabases databases(paths, mistakes);
    EXPECT_TRUE(mistakes.empty()) << mistakes.front().message();
    return databases;
  }
  TemporaryFolder folder_;
};

TEST_F(GeoDatabasesTest, TheFirstAnswerForEachAttributeIsTaken) {
  GeoDatabases databases = open({folder_.write("country.mmdb", country_file("GB")),
                                 folder_.write("city.mmdb", city_file()),
                                 folder_.write("asn.mmdb", asn_file(64500, "Example"))});
  EXPECT_EQ(databases.size(), 3U);
  EXPECT_EQ(databases.describe()[1], folder_.path("city.mmdb") + " (City)");
  Event event = event_from("81.2.69.142");
  EXPECT_TRUE(databases.fill_in(event));
  EXPECT_EQ(event[Field::geo_country], "GB");
  EXPECT_EQ(event[Field::geo_city], "London");
  EXPECT_EQ(event[Field::as_number], "64500");
  EXPECT_EQ(event[Field::as_organization], "Example");
  EXPECT_FLOAT_EQ(event.latitude, 51.5F);

  Event wider = event_from("81.2.70.1");
  EXPECT_TRUE(databases.fill_in(wider));
  EXPECT_EQ(wider[Field::geo_city], "Leeds");
  EXPECT_EQ(wider[Field::as_number], "");
  Event six = event_from("2a00:23c0:1::1");
  EXPECT_TRUE(databases.fill_in(six));
  EXPECT_EQ(six[Field::geo_city], "Bath");
  Event elsewhere = event_from("8.8.8.8");
  EXPECT_FALSE(databases.fill_in(elsewhere));
  EXPECT_EQ(elsewhere[Field::geo_country], "");
}

TEST_F(GeoDatabasesTest, SpecialAddressesAreNotLookedUp) {
  GeoDatabases databases = open({folder_.write("country.mmdb", country_file("GB"))});
  Event event = event_from("10.1.2.3");  // which the file has
  EXPECT_FALSE(databases.fill_in(event));
  EXPECT_EQ(event[Field::geo_country], "");
  Event without;
  EXPECT_FALSE(databases.fill_in(without));
}

TEST_F(GeoDatabasesTest, WhatTheLogSaysStays) {
  GeoDatabases databases = open({folder_.write("city.mmdb", city_file()),
                                 folder_.write("asn.mmdb", asn_file(64500, "Example"))});
  Event event = event_from("81.2.69.142");
  event[Field::geo_country] = "GB";
  event[Field::geo_city] = "Croydon";
  event.latitude = 51.4F;
  event.longitude = -0.2F;
  event[Field::as_number] = "64500";
  EXPECT_TRUE(databases.fill_in(event));
  EXPECT_EQ(event[Field::geo_city], "Croydon");
  EXPECT_EQ(event.latitude, 51.4F);
  EXPECT_EQ(event[Field::as_organization], "Example");
  EXPECT_FALSE(databases.fill_in(event)) << "nothing is left to add";
}

TEST_F(GeoDatabasesTest, NothingIsMixedFromTwoPlaces) {
  GeoDatabases databases = open({folder_.write("country.mmdb", country_file("NO")),
                                 folder_.write("city.mmdb", city_file()),
                                 folder_.write("asn.mmdb", asn_file(64500, "Example"))});
  Event event = event_from("81.2.69.142");
  event[Field::as_number] = "64499";
  EXPECT_TRUE(databases.fill_in(event));
  EXPECT_EQ(event[Field::geo_country], "NO");
  EXPECT_EQ(event[Field::geo_city], "") << "a city of another country";
  EXPECT_TRUE(std::isnan(event.latitude));
  EXPECT_EQ(event[Field::as_organization], "") << "of another AS";
}

TEST_F(GeoDatabasesTest, AnIpv4FileHasNoIpv6Addresses) {
  MmdbWriter writer({28, 4, "city ipv4"});
  writer.add("81.2.69.0/24", V::map({{"country_code", V::text("GB")}}));
  GeoDatabases databases = open({folder_.write("v4.mmdb", writer.file())});
  Event six = event_from("2a00:23c0::1");
  EXPECT_FALSE(databases.fill_in(six));
  Event four = event_from("::ffff:81.2.69.1");
  EXPECT_TRUE(databases.fill_in(four));
  EXPECT_EQ(four[Field::geo_country], "GB");
}

TEST_F(GeoDatabasesTest, LookingUpAllocatesNothing) {
  GeoDatabases databases = open({folder_.write("city.mmdb", city_file()),
                                 folder_.write("asn.mmdb", asn_file(64500, "Example"))});
  const Event event = event_from("81.2.69.142");
  const std::uint64_t before = allocations();
  EXPECT_GT(before, 0U) << "the counter counts";
  int added = 0;
  for (int i = 0; i < 100; ++i) {
    Event copy = event;
    added += databases.fill_in(copy) ? 1 : 0;
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(added, 100);
}

TEST_F(GeoDatabasesTest, AMissingOrBrokenFileIsNamedAndTheOthersWork) {
  std::vector<Error> mistakes;
  const std::string broken = folder_.write("broken.mmdb", "this is no database");
  GeoDatabases databases({folder_.path("none.mmdb"), broken, folder_.dir(),
                          folder_.write("country.mmdb", country_file("GB"))},
                         mistakes);
  ASSERT_EQ(mistakes.size(), 3U);
  EXPECT_EQ(mistakes[0].message(), folder_.path("none.mmdb") + ": No such file or directory");
  EXPECT_EQ(mistakes[1].where, broken);
  EXPECT_TRUE(mistakes[1].what.starts_with("not a whole MMDB file: ")) << mistakes[1].what;
  EXPECT_EQ(mistakes[2].message(), folder_.dir() + ": expected a file");
  Event event = event_from("81.2.69.142");
  EXPECT_TRUE(databases.fill_in(event));
  EXPECT_EQ(event[Field::geo_country], "GB");
}

TEST_F(GeoDatabasesTest, TooManyFilesAreAMistake) {
  const std::string path = folder_.write("country.mmdb", country_file("GB"));
  std::vector<Error> mistakes;
  const GeoDatabases most(std::vector<std::string>(kGeoDatabasesMax, path), mistakes);
  EXPECT_TRUE(mistakes.empty());
  const GeoDatabases more(std::vector<std::string>(kGeoDatabasesMax + 1, path), mistakes);
  EXPECT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(more.size(), kGeoDatabasesMax);
}

class GeoReload : public GeoDatabasesTest {
 protected:
  std::string country(GeoDatabases& databases) {
    Event event = event_from("81.2.69.142");
    databases.fill_in(event);
    return std::string(event[Field::geo_country]);
  }
  /// Puts a new file in the place of another, as updaters do.
  void replace(const std::string& path, const std::string& bytes) {
    std::filesystem::rename(folder_.write("new", bytes), path);
  }
};

TEST_F(GeoReload, AReplacedFileIsTakenAtTheNextLook) {
  const std::string path = folder_.write("country.mmdb", country_file("GB"));
  GeoDatabases databases = open({path});
  EXPECT_TRUE(databases.reload_if_changed(0, kMinute).empty());
  replace(path, country_file("NO"));
  EXPECT_TRUE(databases.reload_if_changed(kMinute - 1, kMinute).empty());
  EXPECT_EQ(country(databases), "GB") << "not yet time to look";
  EXPECT_TRUE(databases.reload_if_changed(kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "NO");
  replace(path, country_file("SE"));
  EXPECT_TRUE(databases.reload_if_changed(0, kMinute).empty());
  EXPECT_EQ(country(databases), "SE") << "the clock went back";
}

TEST_F(GeoReload, ABrokenNewFileLeavesTheOldOneAndIsToldOnce) {
  const std::string path = folder_.write("country.mmdb", country_file("GB"));
  GeoDatabases databases = open({path});
  const std::string good = country_file("NO");
  replace(path, good.substr(0, good.size() / 2));
  const std::vector<Error> news = databases.reload_if_changed(1 * kMinute, kMinute);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].where, path);
  EXPECT_EQ(country(databases), "GB");
  EXPECT_TRUE(databases.reload_if_changed(2 * kMinute, kMinute).empty());
  replace(path, "another broken one");
  EXPECT_TRUE(databases.reload_if_changed(3 * kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "GB");
  replace(path, good);
  EXPECT_TRUE(databases.reload_if_changed(4 * kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "NO");
  replace(path, "broken again");
  EXPECT_EQ(databases.reload_if_changed(5 * kMinute, kMinute).size(), 1U)
      << "a good one was there in between";
}

TEST_F(GeoReload, AFileThatIsGoneIsToldOnceAndStaysInUse) {
  const std::string path = folder_.write("country.mmdb", country_file("GB"));
  GeoDatabases databases = open({path});
  std::filesystem::remove(path);
  EXPECT_EQ(databases.reload_if_changed(1 * kMinute, kMinute).size(), 1U);
  EXPECT_TRUE(databases.reload_if_changed(2 * kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "GB");
  folder_.write("country.mmdb", country_file("NO"));
  EXPECT_TRUE(databases.reload_if_changed(3 * kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "NO");
}

TEST_F(GeoReload, AFileThatWasMissingAtFirstIsTakenWhenItComes) {
  std::vector<Error> mistakes;
  GeoDatabases databases({folder_.path("late.mmdb")}, mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_TRUE(databases.reload_if_changed(1 * kMinute, kMinute).empty()) << "told already";
  EXPECT_EQ(country(databases), "");
  folder_.write("late.mmdb", country_file("GB"));
  EXPECT_TRUE(databases.reload_if_changed(2 * kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "GB");
}

TEST_F(GeoReload, AFileCutShortUnderOurFeetIsNotRead) {
  // Big enough that its end lies on pages of its own, which are gone after the cut.
  MmdbWriter writer;
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 4; ++i) writer.put(V::text(filler + std::to_string(i)));
  writer.add("81.2.69.0/24", V::map({{"country_code", V::text("GB")}}));
  const std::string path = folder_.write("country.mmdb", writer.file());
  GeoDatabases databases = open({path});
  EXPECT_EQ(country(databases), "GB");
  std::filesystem::resize_file(path, 100);
  EXPECT_EQ(country(databases), "");
  EXPECT_EQ(databases.reload_if_changed(1 * kMinute, kMinute).size(), 1U);
  EXPECT_EQ(country(databases), "");
  folder_.write("country.mmdb", country_file("NO"));
  EXPECT_TRUE(databases.reload_if_changed(2 * kMinute, kMinute).empty());
  EXPECT_EQ(country(databases), "NO");
}

}  // namespace
}  // namespace doorward
