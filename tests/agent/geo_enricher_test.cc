// What stands between the logs and the pipeline: places are added, nothing else changes.
#include "agent/geo_enricher.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/files.h"
#include "tests/support/mmdb_writer.h"

namespace doorward {
namespace {

using V = MmdbValue;

class Keeper final : public EventSink {
 public:
  void on_event(const Event& event) override {
    seen = &event;
    country = std::string(event[Field::geo_country]);
    user = std::string(event[Field::user_name]);
    ++count;
  }
  const Event* seen = nullptr;
  std::string country;
  std::string user;
  int count = 0;
};

Event logon(const char* ip) {
  Event event;
  event[Field::user_name] = "alice";
  event.ip = *IpAddress::parse(ip);
  return event;
}

std::string file_of(const char* country) {
  MmdbWriter writer;
  writer.add("81.2.69.0/24", V::map({{"country_code", V::text(country)}}));
  return writer.file();
}

TEST(GeoEnricher, WithoutDatabasesTheEventItselfGoesOn) {
  GeoDatabases none;
  Keeper keeper;
  GeoEnricher enricher(none, keeper);
  const Event event = logon("81.2.69.1");
  enricher.on_event(event);
  EXPECT_EQ(keeper.seen, &event);
  EXPECT_EQ(keeper.country, "");
  EXPECT_EQ(enricher.counts().open, 0U);
}

TEST(GeoEnricher, AddsToACopyAndCounts) {
  const TemporaryFolder folder;
  std::vector<Error> mistakes;
  GeoDatabases databases({folder.write("c.mmdb", file_of("SE"))}, mistakes);
  ASSERT_TRUE(mistakes.empty());
  Keeper keeper;
  GeoEnricher enricher(databases, keeper);
  const Event event = logon("81.2.69.1");
  enricher.on_event(event);
  EXPECT_EQ(keeper.country, "SE");
  EXPECT_EQ(keeper.user, "alice");
  EXPECT_EQ(event[Field::geo_country], "") << "the caller's event is left alone";
  enricher.on_event(logon("10.1.2.3"));
  enricher.on_event(logon("8.8.8.8"));
  EXPECT_EQ(keeper.count, 3);
  EXPECT_EQ(enricher.counts().open, 2U);
  EXPECT_EQ(enricher.counts().filled, 1U);
}

TEST(GeoEnricher, RefreshesOnceAMinute) {
  const TemporaryFolder folder;
  const std::string path = folder.write("c.mmdb", file_of("SE"));
  std::vector<Error> mistakes;
  GeoDatabases databases({path}, mistakes);
  Keeper keeper;
  GeoEnricher enricher(databases, keeper);
  EXPECT_TRUE(enricher.refresh(0).empty());
  std::filesystem::rename(folder.write("new", file_of("NO")), path);
  EXPECT_TRUE(enricher.refresh(kGeoReloadUs - 1).empty());
  enricher.on_event(logon("81.2.69.1"));
  EXPECT_EQ(keeper.country, "SE");
  EXPECT_TRUE(enricher.refresh(kGeoReloadUs).empty());
  enricher.on_event(logon("81.2.69.1"));
  EXPECT_EQ(keeper.country, "NO");
}

}  // namespace
}  // namespace doorward
