// Real records of others, where they are at hand: events agree with the documents that their origin
// expects of them, one by one.
#include <gtest/gtest.h>

#include "plugins/sources/json_record.h"
#include "tests/sources/json_support.h"

namespace doorward::testing_json {
namespace {

std::string corpus(const std::string& name) {
  return read_file(DOORWARD_SHARED_DIR "/corpora/" + name);
}

/// Names whose values have to be equal wherever the expected document has them.
constexpr std::array<std::string_view, 9> kEqual = {
    "event.action", "event.outcome",    "event.id",     "event.provider",     "user.name",
    "user.id",      "cloud.account.id", "cloud.region", "user_agent.original"};

void compare(const SourcePlugin& plugin, const std::string& file, int depth, std::size_t count) {
  const std::string text = corpus(file);
  if (text.empty()) {
    GTEST_SKIP() << "the corpora are not in " DOORWARD_SHARED_DIR "/corpora: nothing compared";
  }
  EXPECT_EQ(plugin.sniff(std::string_view(text).substr(0, 65536)),
            plugin.sniff(read_file(data_file(plugin))));
  const std::vector<std::string> records = records_of(text, depth);
  const std::vector<std::string> expected = records_of(corpus(file + "-expected.json"), 2);
  JsonFeeder told(plugin);
  told.feed_all(records);
  ASSERT_EQ(records.size(), count);
  ASSERT_EQ(expected.size(), count);
  ASSERT_EQ(told.documents.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    JsonRecord mine;
    JsonRecord theirs;
    ASSERT_TRUE(mine.read(told.documents[i]));
    ASSERT_TRUE(theirs.read(expected[i]));
    const JsonValue is = mine.root();
    const JsonValue wanted = theirs.root();
    for (const std::string_view name : kEqual) {
      if (!wanted.at(name).exists() && name != "user.name") continue;
      EXPECT_EQ(is.at(name).text(), wanted.at(name).text()) << file << " " << i << " " << name;
    }
    // To the millisecond there, to the microsecond here.
    EXPECT_EQ(is.at("@timestamp").text().substr(0, 23),
              wanted.at("@timestamp").text().substr(0, 23))
        << file << " " << i;
    EXPECT_FALSE(wanted.at("source.ip").text().empty());
    EXPECT_EQ(is.at("source.ip").text(), wanted.at("source.ip").text()) << file << " " << i;
    EXPECT_EQ(is.at("source.address").text(), wanted.at("source.ip").text()) << file << " " << i;
    if (wanted.at("event.category").exists()) {
      EXPECT_TRUE(wanted.at("event.category").has(is.at("event.category").first().text()))
          << file << " " << i;
    }
    if (wanted["geo"]
            .exists()) {  // as the record tells, in six digits; source.geo is of a database there
      EXPECT_EQ(is.at("source.geo.country_iso_code").text(),
                wanted.at("geo.country_iso_code").text());
      EXPECT_EQ(is.at("source.geo.city_name").text(), wanted.at("geo.city_name").text());
      EXPECT_NEAR(is.at("source.geo.location.lat").number().value_or(999),
                  wanted.at("geo.location.lat").number().value_or(-999), 1e-4);
      EXPECT_NEAR(is.at("source.geo.location.lon").number().value_or(999),
                  wanted.at("geo.location.lon").number().value_or(-999), 1e-4);
    }
  }
  EXPECT_EQ(told.counters().malformed, 0U);
  EXPECT_EQ(told.counters().no_stamp, 0U);
}

TEST(JsonCorpora, CloudtrailConsoleLogin) {
  compare(kSourceCloudtrail, "cloudtrail/test-console-login-json.log", 1, 3);
}
TEST(JsonCorpora, CloudtrailCreateUser) {
  compare(kSourceCloudtrail, "cloudtrail/test-create-user-json.log", 1, 1);
}
TEST(JsonCorpora, CloudtrailTlsDetails) {
  compare(kSourceCloudtrail, "cloudtrail/test-tls-details-json.log", 1, 1);
}
TEST(JsonCorpora, CloudtrailUpdateGroup) {
  compare(kSourceCloudtrail, "cloudtrail/test-update-group-json.log", 1, 2);
}
TEST(JsonCorpora, EntraRaw) {
  compare(kSourceEntra, "entra/test-signinlogs-raw.log", 1, 2);
}
TEST(JsonCorpora, EntraSample) {
  compare(kSourceEntra, "entra/test-signinlogs-sample.log", 1, 2);
}
TEST(JsonCorpora, M365) {
  compare(kSourceM365, "m365/test-azuread-sts-logon-events.json", 2, 69);
}

}  // namespace
}  // namespace doorward::testing_json
