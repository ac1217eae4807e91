#include <gtest/gtest.h>

#include "server/store/alert_fields.h"
#include "server/store/text_match.h"
#include "tests/server/store_entries.h"

namespace doorward {
namespace {

TEST(TextGlobTest, StarsAndQuestionMarks) {
  EXPECT_TRUE(text_glob("alice", "alice"));
  EXPECT_FALSE(text_glob("alice", "alicex"));
  EXPECT_FALSE(text_glob("alice", "Alice"));
  EXPECT_TRUE(text_glob("", ""));
  EXPECT_FALSE(text_glob("", "a"));
  EXPECT_TRUE(text_glob("*", ""));
  EXPECT_TRUE(text_glob("**", "x"));
  EXPECT_TRUE(text_glob("svc-*", "svc-"));
  EXPECT_TRUE(text_glob("*-01", "web-01-01"));
  EXPECT_TRUE(text_glob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(text_glob("a*b*c", "aXbYbZ"));
  EXPECT_TRUE(text_glob("web-0?", "web-01"));
  EXPECT_FALSE(text_glob("web-0?", "web-0"));
  EXPECT_TRUE(text_glob("m?ller", "m\xC3\xBCller"));  // one character, two bytes
  EXPECT_TRUE(text_glob("?", "\xFF"));
  EXPECT_FALSE(text_glob("?", "\xFF\xFF"));
  EXPECT_FALSE(text_glob("?", ""));
  EXPECT_TRUE(text_glob("[a]", "[a]"));  // no classes
  const std::string as(1000, 'a');
  EXPECT_FALSE(text_glob("*a*a*a*a*a*a*a*a*b", as));  // and at once
}

TEST(TextWithinTest, LetterCaseDoesNotMatter) {
  EXPECT_TRUE(text_within("NEVER seen", "was never Seen before"));
  EXPECT_FALSE(text_within("nevr", "never"));
  EXPECT_TRUE(text_within("", ""));
  EXPECT_TRUE(text_within("\xC3\xBC", "m\xC3\xBCller"));
}

TEST(AfterPrefixTest, TheNextTextOfAll) {
  EXPECT_EQ(after_prefix("svc-"), "svc.");
  EXPECT_EQ(after_prefix("a\xFF"), "b");
  EXPECT_EQ(after_prefix("\xFF"), "");
  EXPECT_EQ(after_prefix(""), "");
}

TEST(AddressKeyTest, OrderIsThatOfAddressesFamiliesApart) {
  EXPECT_LT(address_key("9.0.0.0"), address_key("10.0.0.0"));
  EXPECT_LT(address_key("255.255.255.255"), address_key("::"));
  EXPECT_LT(address_key("2001:db8::9"), address_key("2001:db8::10"));
  EXPECT_EQ(address_key("2001:DB8:0::9"), address_key("2001:db8::9"));
  EXPECT_EQ(address_key("::ffff:10.1.2.3"), address_key("10.1.2.3"));
  EXPECT_LT(address_key("gate.example"), address_key("0.0.0.0"));
  EXPECT_EQ(address_key(""), "");
}

TEST(AlertFieldsTest, WhatAgentsWrite) {
  SampleAlert alert;
  AlertFieldsReader reader;
  const AlertFields fields = reader.read(alert.document());
  EXPECT_TRUE(fields.readable);
  EXPECT_EQ(fields.time, *parse_time("2026-11-20T08:15:00Z"));
  EXPECT_EQ(fields.rule, "rare_user");
  EXPECT_EQ(fields.severity, "low");
  EXPECT_EQ(fields.user, "alice");
  EXPECT_EQ(fields.address, "192.0.2.7");
  EXPECT_EQ(fields.host, "web-01");
  EXPECT_EQ(fields.message, "alice was never seen before");
  EXPECT_EQ(fields.score, 61.5);
}

TEST(AlertFieldsTest, WhereAFieldIsMissingAnotherHelps) {
  AlertFieldsReader reader;
  const AlertFields fields =
      reader.read(R"({"source":{"address":"gate.example"},"event":{"severity":73}})");
  EXPECT_TRUE(fields.readable);
  EXPECT_EQ(fields.address, "gate.example");
  EXPECT_EQ(fields.severity, "high");
  EXPECT_EQ(fields.time, kNoTime);
  EXPECT_FALSE(fields.score);
  EXPECT_EQ(fields.user, "");
}

TEST(AlertFieldsTest, HostileDocumentsGiveWhatTheyHave) {
  AlertFieldsReader reader;
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("[1]"), std::string("\"x\""),
        std::string("{\"user\":{\"name\":\"\xFF\"}}"), std::string(5000, '['),
        "{\"message\":\"" + std::string(kAlertDocumentMax, 'x') + "\"}"}) {
    EXPECT_FALSE(reader.read(bad).readable) << bad.substr(0, 40);
  }
  const AlertFields odd = reader.read(
      R"({"@timestamp":7,"message":[],"rule":"x","user":{"name":{"a":1}},"host":null,)"
      R"("source":{"ip":false},"doorward":{"score":"high","severity":3},"event":{"severity":"x"}})");
  EXPECT_TRUE(odd.readable);
  EXPECT_EQ(odd.rule + odd.user + odd.host + odd.address + odd.message + odd.severity, "");
  // Cut at the border of a character.
  const std::string name = std::string(kAlertTextMax - 1, 'x') + "\xC3\xBC" + "tail";
  const AlertFields cut = reader.read("{\"user\":{\"name\":\"" + name + "\"}}");
  EXPECT_EQ(cut.user, std::string(kAlertTextMax - 1, 'x'));
  EXPECT_EQ(reader.read(R"({"user":{"name":"after"}})").user, "after");
}

}  // namespace
}  // namespace doorward
