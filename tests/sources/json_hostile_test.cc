// Records made to break a reader: each is counted, and no other record is lost or changed by it.
#include <gtest/gtest.h>

#include <random>

#include "plugins/sources/json_record.h"
#include "tests/sources/json_support.h"

namespace doorward::testing_json {
namespace {

/// A record of the source that gives an event.
std::string good_record(const SourcePlugin& plugin) {
  return lines_of(read_file(data_file(plugin)))[0];
}

class JsonHostile : public testing::TestWithParam<const SourcePlugin*> {
 protected:
  const SourcePlugin& plugin() const { return *GetParam(); }
};

TEST_P(JsonHostile, WhatIsNoRecordIsCountedAndTheNextOneIsWhole) {
  const std::string good = good_record(plugin());
  std::string garbage(std::size_t{1} << 20, '\0');
  std::mt19937_64 random(20261120);
  for (char& c : garbage) c = static_cast<char>(random());
  const auto with = [&](const std::string& member) { return "{" + member + "," + good.substr(1); };
  const std::vector<std::string> bad = {
      "",
      " ",
      "null",
      "7",
      "\"text\"",
      "[]",
      "[" + good + "]",
      good.substr(0, good.size() - 1),
      good + good,
      good + "}",
      garbage,
      "{" + garbage.substr(1),
      "{\"" + std::string(garbage.size(), 'a'),
      with("\"x\":\"" + std::string(JsonRecord::kBytesMax, 'a') + "\""),
      std::string(JsonRecord::kBytesMax, '['),
      std::string(JsonRecord::kBytesMax, '{'),
      with("\"x\":" + std::string(100, '[') + std::string(100, ']')),
      with("\"x\":\"\xFF\xFE\""),
      with("\"x\":\"\xC0\xAF\""),
      with("\"x\":\"\\ud800\""),
      with("\"x\":\"\\q\""),
      with("\"x\":\"\n\""),
      with("\"x\":123456789012345678901234567890"),
      with("\"x\":1e999"),
      with("\"x\":01"),
      with("\"x\":NaN"),
      with("x:1"),
  };
  JsonFeeder told(plugin());
  told.feed(good);
  ASSERT_EQ(told.documents.size(), 1U);
  for (std::size_t i = 0; i < bad.size(); ++i) {
    told.feed(bad[i]);
    ASSERT_EQ(told.counters().malformed, i + 1) << bad[i].substr(0, 100);
    ASSERT_EQ(told.documents.size(), i + 1) << bad[i].substr(0, 100);
    told.feed(good);
    ASSERT_EQ(told.documents.size(), i + 2) << bad[i].substr(0, 100);
    ASSERT_EQ(told.documents.back(), told.documents.front());
  }
  EXPECT_EQ(told.counters().lines, 2 * bad.size() + 1);
  EXPECT_EQ(told.counters().other + told.counters().no_stamp, 0U);
}

/// Where the values of a record begin and end.
struct Extent {
  std::size_t begin, end;
};

std::vector<Extent> values_of(const std::string& record) {
  std::vector<Extent> values;
  bool quoted = false;
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (record[i] == '\\') {
      ++i;
      continue;
    }
    if (record[i] == '"') quoted = !quoted;
    if (quoted || record[i] != ':') continue;
    std::size_t end = i + 1;
    bool inside = false;
    int deep = 0;
    for (; end < record.size(); ++end) {
      const char c = record[end];
      if (c == '\\') {
        ++end;
        continue;
      }
      if (c == '"') inside = !inside;
      if (inside) continue;
      if (c == '{' || c == '[') ++deep;
      if ((c == '}' || c == ']') && deep-- == 0) break;
      if (c == ',' && deep == 0) break;
    }
    values.push_back({i + 1, end});
  }
  return values;
}

TEST_P(JsonHostile, ValuesOfAnyTypeAnywhereAreTaken) {
  const std::string good = good_record(plugin());
  JsonFeeder told(plugin());
  told.feed(good);
  std::uint64_t fed = 1;
  for (const std::string& record : lines_of(read_file(data_file(plugin())))) {
    for (const Extent& value : values_of(record)) {
      for (const char* other : {"null",
                                "true",
                                "0",
                                "-1",
                                "1.5",
                                "1e308",
                                "18446744073709551615",
                                "\"\"",
                                "\"x\"",
                                "\"99999999999999999999\"",
                                "[]",
                                "[[]]",
                                "[null]",
                                "[{}]",
                                "{}",
                                "{\"x\":{}}",
                                "\"{}\"",
                                "\"{\\\"Operation\\\":1}\"",
                                "\"[\"",
                                "\"\\u0000\""}) {
        told.feed(record.substr(0, value.begin) + other + record.substr(value.end));
        ++fed;
      }
    }
  }
  const SourceCounters& counters = told.counters();
  EXPECT_EQ(counters.lines, fed);
  EXPECT_EQ(counters.other + counters.no_stamp + counters.malformed + told.documents.size(), fed);
  EXPECT_GT(told.documents.size(), fed / 10);
  EXPECT_GT(counters.no_stamp + counters.malformed, 0U);
  told.feed(good);
  EXPECT_EQ(told.documents.back(), told.documents.front());
}

TEST_P(JsonHostile, EveryMemberMayBeMissing) {
  const std::string good = good_record(plugin());
  for (const Extent& value : values_of(good)) {
    std::size_t key = good.rfind('"', good.rfind('"', value.begin) - 1);
    std::size_t end = value.end;
    if (good[end] == ',') {
      ++end;
    } else if (good[key - 1] == ',') {
      --key;
    }
    JsonFeeder told(plugin());
    told.feed(good.substr(0, key) + good.substr(end));
    const SourceCounters& counters = told.counters();
    EXPECT_EQ(counters.other + counters.no_stamp + counters.malformed + told.documents.size(), 1U)
        << good.substr(key, end - key);
  }
}

TEST_P(JsonHostile, ARecordWithoutATimeIsCounted) {
  std::string record = good_record(plugin());
  for (const char* name : {"\"eventTime\":\"", "\"time\":\"", "\"createdDateTime\":\"",
                           "\"CreationTime\":\"", "\"timestamp\":\"", "\"@timestamp\":\""}) {
    const std::size_t at = record.find(name);
    if (at != std::string::npos) record.insert(at + std::string_view(name).size(), "x");
  }
  JsonFeeder told(plugin());
  told.feed(record);
  EXPECT_EQ(told.counters().no_stamp, 1U);
  EXPECT_TRUE(told.documents.empty());
}

INSTANTIATE_TEST_SUITE_P(Sources, JsonHostile, testing::ValuesIn(kJsonSources),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(JsonHostileNames, TextInsideAStringForgesNothing) {
  const std::string forged =
      R"(x\",\"sourceIPAddress\":\"192.0.2.1\",\"userIdentity\":{\"type\":\"Root\"},\"y\":\")";
  std::string record = good_record(kSourceCloudtrail);
  const std::string agent = "\"userAgent\":\"";
  record.insert(record.find(agent) + agent.size(), forged);
  JsonFeeder told(kSourceCloudtrail);
  told.feed(record);
  ASSERT_EQ(told.documents.size(), 1U);
  EXPECT_NE(told.documents[0].find(R"("user":{"name":"alice")"), std::string::npos);
  EXPECT_NE(told.documents[0].find(R"("source":{"address":"203.0.113.20")"), std::string::npos);
}

TEST(JsonHostileNames, ADomainIsTakenFromTheEndOfAName) {
  const auto name_of = [](const std::string& typed) {
    JsonFeeder told(kSourceM365);
    told.feed(R"({"CreationTime":"2026-11-04T10:00:00","Operation":"UserLoginFailed","UserId":")" +
              typed + "\"}");
    const std::string& document = told.documents.at(0);
    const std::size_t at = document.find("\"user\":{\"name\":\"") + 16;
    return document.substr(at, document.find('"', at) - at);
  };
  EXPECT_EQ(name_of("alice@corp.example"), "alice");
  EXPECT_EQ(name_of("alice@evil.example@corp.example"), "alice@evil.example");
  EXPECT_EQ(name_of("@corp.example"), "@corp.example");
  EXPECT_EQ(name_of("alice@"), "alice@");
  EXPECT_EQ(name_of("@"), "@");
}

}  // namespace
}  // namespace doorward::testing_json
