// Records written by hand after each format's documentation, and the events that they are.
#include <gtest/gtest.h>

#include "plugins/limits.h"
#include "plugins/sources/json_record.h"
#include "tests/sources/json_support.h"

namespace doorward::testing_json {
namespace {

struct Written {
  const SourcePlugin* plugin;
  std::size_t records, events, other;
};

class JsonWritten : public testing::TestWithParam<Written> {};

TEST_P(JsonWritten, EveryRecordGivesItsEvent) {
  const SourcePlugin& plugin = *GetParam().plugin;
  const std::vector<std::string> records = lines_of(read_file(data_file(plugin)));
  ASSERT_EQ(records.size(), GetParam().records);
  JsonFeeder told(plugin);
  told.feed_all(records);
  EXPECT_EQ(told.documents, lines_of(read_file(data_file(plugin, ".expected.ndjson"))));
  EXPECT_EQ(told.documents.size(), GetParam().events);
  EXPECT_EQ(told.counters().lines, GetParam().records);
  EXPECT_EQ(told.counters().other, GetParam().other);
  EXPECT_EQ(told.counters().malformed, 0U);
  EXPECT_EQ(told.counters().no_stamp, 0U);
  EXPECT_EQ(told.counters().cut_fields, 0U);
  for (const std::string& original : told.originals) {
    EXPECT_NE(std::find(records.begin(), records.end(), original), records.end());
  }
}

/// The reader may take the stamps of several files before it feeds a record.
TEST_P(JsonWritten, AStampOfAnotherRecordInBetweenChangesNothing) {
  const SourcePlugin& plugin = *GetParam().plugin;
  const std::vector<std::string> records = lines_of(read_file(data_file(plugin)));
  const std::unique_ptr<Source> source = plugin.make({});
  InputState input;
  std::vector<Stamp> stamps;
  for (const std::string& record : records) stamps.push_back(source->stamp(record, input));
  JsonFeeder sink(plugin);
  for (std::size_t i = 0; i < records.size(); ++i) source->feed(records[i], stamps[i], sink);
  EXPECT_EQ(sink.documents, lines_of(read_file(data_file(plugin, ".expected.ndjson"))));
}

INSTANTIATE_TEST_SUITE_P(Sources, JsonWritten,
                         testing::Values(Written{&kSourceCloudtrail, 14, 13, 1},
                                         Written{&kSourceEntra, 9, 8, 1},
                                         Written{&kSourceM365, 9, 8, 1},
                                         Written{&kSourceSuricata, 6, 3, 3},
                                         Written{&kSourceAlerts, 7, 5, 2}),
                         [](const auto& row) { return std::string(row.param.plugin->name); });

TEST(JsonSources, FieldsLongerThanTheLimitAreCutAndTheRecordIsNot) {
  const std::string name(kHeldFieldBytesMax + 1, 'n');
  const std::string record =
      R"({"CreationTime":"2026-11-04T10:00:00","Operation":"UserLoggedIn","UserId":")" + name +
      R"(","Workload":"AzureActiveDirectory"})";
  JsonFeeder told(kSourceM365);
  told.feed(record);
  ASSERT_EQ(told.documents.size(), 1U);
  EXPECT_NE(told.documents[0].find("\"name\":\"" + name.substr(1) + "\""), std::string::npos);
  EXPECT_EQ(told.originals[0], record);
  EXPECT_EQ(told.counters().cut_fields, 2U);  // user.name and user.id
}

TEST(JsonValues, GiveNothingWhereThereIsNothing) {
  JsonRecord record;
  ASSERT_TRUE(record.read(R"({"a":{"b":[{"c":"x"},{"c":"y","d":7}],"n":null},"e":[],"f.g":"z",)"
                          R"("h":{"i.j":["k","l"]},"t":"12","u":"1x","big":1e9,"s":""})"));
  const JsonValue root = record.root();
  EXPECT_EQ(root["a"]["b"].first()["c"].text(), "x");
  EXPECT_EQ(root["a"]["b"].where("c", "y")["d"].integer(), 7);
  EXPECT_FALSE(root["a"]["b"].where("c", "z").exists());
  EXPECT_FALSE(root["a"]["n"].exists());
  EXPECT_FALSE(root["a"]["b"]["c"]["d"].exists());
  EXPECT_FALSE(root["e"].first().exists());
  EXPECT_FALSE(root["missing"].where("c").first()["x"].at("y.z").exists());
  EXPECT_EQ(root.at("f.g").text(), "z");
  EXPECT_EQ(root.at("h.i.j").first().text(), "k");
  EXPECT_TRUE(root.at("h.i.j").has("l"));
  EXPECT_FALSE(root.at("h.i.j").has("m"));
  EXPECT_EQ(root.at("a.b.c").text(), "x");
  EXPECT_FALSE(root.at("a..b").exists());
  EXPECT_FALSE(root.at(".").exists());
  EXPECT_EQ(root["t"].integer(), 12);
  EXPECT_FALSE(root["u"].integer().has_value());
  EXPECT_FALSE(root["s"].integer().has_value());
  EXPECT_EQ(root["big"].number(), 1e9);
  EXPECT_FALSE(root["t"].number().has_value());
  EXPECT_EQ(root["a"].text(), "");
  EXPECT_FALSE(JsonValue().exists());
  EXPECT_FALSE(record.read("[1]"));
  EXPECT_FALSE(record.root().exists());
}

TEST(JsonValues, RecordsAreReadUpToTheirLimits) {
  JsonRecord record;
  const auto padded = [](std::size_t size) {
    return R"({"a":")" + std::string(size - 8, 'x') + "\"}";
  };
  EXPECT_TRUE(record.read(padded(JsonRecord::kBytesMax)));
  EXPECT_EQ(record.root()["a"].text().size(), JsonRecord::kBytesMax - 8);
  EXPECT_FALSE(record.read(padded(JsonRecord::kBytesMax + 1)));
  EXPECT_FALSE(record.root().exists());
  const auto nested = [](std::size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(record.read(nested(JsonRecord::kDepthMax - 1)));
  EXPECT_FALSE(record.read(nested(JsonRecord::kDepthMax + 1)));
}

}  // namespace
}  // namespace doorward::testing_json
