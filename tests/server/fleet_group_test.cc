// The fleet's rules over what several agents tell.
#include "server/rules/fleet_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "plugins/sources/json_record.h"
#include "plugins/time_text.h"
#include "server/rules/alert_facts.h"

namespace doorward {
namespace {

constexpr TimeUs kMinute = 60 * kSecondUs;

SightingRecord logon(const std::string& user, const std::string& source, const std::string& host,
                     TimeUs time, std::uint8_t outcome = 1) {
  return {time, outcome, "ssh_login", user, source, host, "system.auth", "", "", 1};
}

SightingRecord sensor(const std::string& source, TimeUs time) {
  return {time, 0, "alert", "", source, "", "suricata.eve", "SCAN SSH brute force", "", 1};
}

/// One delta of one agent.
struct Delta {
  std::string agent;
  SightingRecord seen;
};

class FleetGroupTest : public testing::Test {
 protected:
  FleetGroupTest() { start(nullptr); }

  void start(const PolicyFiles* policy) {
    mistakes_.clear();
    Result<std::unique_ptr<FleetGroup>> made =
        FleetGroup::make({"default", HashKey{}, 2 * kMinute}, policy, mistakes_);
    ASSERT_TRUE(made.ok());
    group_ = std::move(made).value();
  }
  void tell(const std::string& agent, const SightingRecord& seen) {
    group_->sightings(agent, {&seen, 1}, seen.time);
  }
  void raise(const std::string& agent, const std::string& rule, const SightingRecord& seen) {
    group_->alert(agent, rule, seen, seen.time);
  }
  /// Everything that came was judged, and what was said of it.
  std::vector<FleetAlert> said(TimeUs until) {
    group_->advance(until);
    return group_->take();
  }
  static std::string rule_of(const FleetAlert& alert) {
    JsonRecord record;
    EXPECT_TRUE(record.read(alert.document)) << alert.document;
    return std::string(record.root().at("rule.id").text());
  }
  /// A user who goes through forty hosts in as many minutes.
  [[nodiscard]] std::vector<Delta> fan_out(bool one_agent) const {
    std::vector<Delta> out;
    for (int i = 0; i < 40; ++i) {
      const std::string number = std::to_string(i);
      out.push_back({one_agent ? "collector" : "agent-" + number,
                     logon("eve", "10.1.4.20", "app-" + number, start_ + i * kMinute)});
    }
    return out;
  }
  /// One address that tries two names on each of thirty hosts, within ten minutes.
  [[nodiscard]] std::vector<Delta> spraying(bool one_agent) const {
    std::vector<Delta> out;
    for (int i = 0; i < 60; ++i) {
      out.push_back({one_agent ? "agent-0" : "agent-" + std::to_string(i / 2),
                     logon("u" + std::to_string(i), "203.0.113.66", "web-" + std::to_string(i / 2),
                           start_ + i * 10 * kSecondUs, 2)});
    }
    return out;
  }

  std::vector<Error> mistakes_;
  std::unique_ptr<FleetGroup> group_;
  TimeUs start_ = *parse_time("2026-03-02T08:00:00Z");
  TimeUs end_ = start_ + 12 * 60 * kMinute;
};

TEST_F(FleetGroupTest, JudgesSevenRules) {
  EXPECT_TRUE(mistakes_.empty());
  EXPECT_EQ(group_->rules(),
            (std::vector<std::string>{"account_spraying", "distributed_guessing", "lateral_fan_out",
                                      "multiple_rules_for_entity", "password_spraying",
                                      "signin_from_suspicious_source", "slow_guessing"}));
}

TEST_F(FleetGroupTest, OneUserOnManyHostsEachWithAnAgent) {
  for (const Delta& delta : fan_out(false)) tell(delta.agent, delta.seen);
  const std::vector<FleetAlert> told = said(end_);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(rule_of(told[0]), "lateral_fan_out");
  EXPECT_EQ(told[0].kind, 1);
  EXPECT_EQ(told[0].id.size(), 32U);
  JsonRecord record;
  ASSERT_TRUE(record.read(told[0].document));
  EXPECT_EQ(record.root().at("event.id").text(), told[0].id);
  EXPECT_EQ(record.root().at("user.name").text(), "eve");
  EXPECT_EQ(record.root().at("doorward.fleet.group").text(), "default");
  const JsonValue fleet = record.root()["doorward"]["fleet"];
  EXPECT_TRUE(fleet["agents"].has("agent-21")) << told[0].document;
  EXPECT_TRUE(fleet["hosts"].has("app-14")) << told[0].document;
}

TEST_F(FleetGroupTest, WhatOneAgentSawItHasTold) {
  for (const Delta& delta : fan_out(true)) tell(delta.agent, delta.seen);
  EXPECT_TRUE(said(end_).empty());
  EXPECT_GT(group_->counts().silenced, 0U);
  EXPECT_EQ(group_->counts().sightings, 40U);
  // A second agent, and it is the fleet's.
  tell("other", logon("eve", "10.1.4.20", "db-01", end_));
  EXPECT_EQ(said(end_ + 3 * kMinute).size(), 1U);
}

TEST_F(FleetGroupTest, ASprayingOverManyHosts) {
  for (const Delta& delta : spraying(true)) tell(delta.agent, delta.seen);
  EXPECT_TRUE(said(end_).empty());
  start(nullptr);
  for (const Delta& delta : spraying(false)) tell(delta.agent, delta.seen);
  const std::vector<FleetAlert> told = said(end_);
  ASSERT_GE(told.size(), 1U);
  std::vector<std::string> rules;
  for (const FleetAlert& alert : told) {
    if (alert.kind == 1) rules.push_back(rule_of(alert));
  }
  EXPECT_EQ(std::count(rules.begin(), rules.end(), "password_spraying"), 1) << rules.size();
}

TEST_F(FleetGroupTest, ThreeRulesOnOneUserOnThreeHosts) {
  const auto at = [&](int host, int minute) {
    return logon("mallory", "198.51.100." + std::to_string(host), "web-" + std::to_string(host),
                 start_ + minute * kMinute);
  };
  raise("agent-1", "rare_user", at(1, 0));
  raise("agent-2", "unusual_logon", at(2, 30));
  raise("agent-2", "unusual_logon", at(2, 40));  // the same again is not a third
  EXPECT_TRUE(said(start_ + 60 * kMinute).empty());
  raise("agent-3", "brute_force_success", at(3, 90));
  const std::vector<FleetAlert> told = said(start_ + 120 * kMinute);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(rule_of(told[0]), "multiple_rules_for_entity");
  for (const std::string rule : {"rare_user", "unusual_logon", "brute_force_success"}) {
    EXPECT_NE(told[0].document.find(rule), std::string::npos) << told[0].document;
  }
  // A fourth is no news.
  raise("agent-4", "impossible_travel", at(4, 150));
  EXPECT_TRUE(said(start_ + 180 * kMinute).empty());
  EXPECT_EQ(group_->counts().alerts, 5U);
}

TEST_F(FleetGroupTest, ThreeRulesOfOneAgentAreThatAgentsAlert) {
  int minute = 0;
  for (const std::string rule : {"rare_user", "unusual_logon", "brute_force_success"}) {
    raise("agent-1", rule, logon("mallory", "198.51.100.7", "web-1", start_ + minute++ * kMinute));
  }
  raise("agent-1", "multiple_rules_for_entity",
        logon("mallory", "198.51.100.7", "web-1", start_ + 3 * kMinute));
  raise("agent-1", "no_such_rule", logon("mallory", "198.51.100.7", "web-1", start_));
  EXPECT_TRUE(said(end_).empty());
  EXPECT_EQ(group_->counts().silenced, 1U);
  EXPECT_EQ(group_->counts().unknown, 2U);
}

TEST_F(FleetGroupTest, ASensorHereAndASignInThere) {
  tell("sensor", sensor("1.2.3.4", start_));
  tell("agent-1", logon("alice", "1.2.3.4", "web-01", start_ + 2 * 60 * kMinute));
  const std::vector<FleetAlert> told = said(end_);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(rule_of(told[0]), "signin_from_suspicious_source");
  start(nullptr);
  tell("agent-1", sensor("1.2.3.4", start_));
  tell("agent-1", logon("alice", "1.2.3.4", "web-01", start_ + 2 * 60 * kMinute));
  EXPECT_TRUE(said(end_).empty());
}

TEST_F(FleetGroupTest, TheOrderInWhichAgentsComeDoesNotMatter) {
  std::vector<std::string> first;
  for (unsigned seed = 0; seed < 5; ++seed) {
    start(nullptr);
    std::vector<Delta> all = fan_out(false);
    for (const Delta& delta : spraying(false)) all.push_back(delta);
    // Each delta comes up to a minute after the event.
    std::mt19937 random(seed);
    std::vector<std::pair<TimeUs, Delta>> come;
    for (const Delta& delta : all) {
      come.emplace_back(delta.seen.time + static_cast<TimeUs>(random() % 60) * kSecondUs, delta);
    }
    std::stable_sort(come.begin(), come.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> ids;
    const auto gather = [&] {
      for (const FleetAlert& alert : group_->take()) ids.push_back(alert.id);
    };
    for (const auto& [at, delta] : come) {
      group_->sightings(delta.agent, {&delta.seen, 1}, at);
      gather();
    }
    group_->advance(end_);
    gather();
    EXPECT_GE(ids.size(), 2U);
    if (seed == 0) first = ids;
    EXPECT_EQ(ids, first) << seed;
  }
}

TEST_F(FleetGroupTest, TenMinutesLateStillCounts) {
  // The last five hosts tell of it ten minutes later than all others.
  std::vector<Delta> all = fan_out(false);
  for (std::size_t i = 0; i < all.size(); i += 2) tell(all[i].agent, all[i].seen);
  for (std::size_t i = 1; i < all.size(); i += 2) {
    group_->sightings(all[i].agent, {&all[i].seen, 1}, start_ + 50 * kMinute);
  }
  const std::vector<FleetAlert> told = said(end_);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(rule_of(told[0]), "lateral_fan_out");
}

TEST_F(FleetGroupTest, GoesOnAfterARestartAnywhere) {
  std::vector<Delta> all = fan_out(false);
  for (const Delta& delta : spraying(false)) all.push_back(delta);
  std::stable_sort(all.begin(), all.end(),
                   [](const Delta& a, const Delta& b) { return a.seen.time < b.seen.time; });
  std::vector<std::string> whole;
  for (const int every : {0, 1, 7}) {
    start(nullptr);
    std::vector<std::string> documents;
    int number = 0;
    for (const Delta& delta : all) {
      tell(delta.agent, delta.seen);
      for (const FleetAlert& alert : group_->take()) documents.push_back(alert.document);
      if (every == 0 || ++number % every != 0) continue;
      const std::vector<std::uint8_t> bytes = group_->save();
      start(nullptr);
      ASSERT_TRUE(group_->load(bytes).ok());
    }
    for (const FleetAlert& alert : said(end_)) documents.push_back(alert.document);
    if (every == 0) whole = documents;
    EXPECT_GE(documents.size(), 2U);
    EXPECT_EQ(documents, whole) << every;
  }
}

TEST_F(FleetGroupTest, ADamagedStateIsRefusedAndChangesNothing) {
  for (const Delta& delta : fan_out(false)) tell(delta.agent, delta.seen);
  const std::vector<std::uint8_t> bytes = group_->save();
  start(nullptr);
  const std::vector<std::uint8_t> fresh = group_->save();
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 50) {
    EXPECT_FALSE(group_->load(std::span<const std::uint8_t>(bytes).first(size)).ok());
    EXPECT_EQ(group_->save(), fresh);
  }
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    start(nullptr);
    std::vector<std::uint8_t> bad = bytes;
    bad[random() % bad.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
    (void)group_->load(bad);  // taken or not: never more than is safe
    group_->advance(end_);
  }
}

TEST_F(FleetGroupTest, WhateverAgentsSendStaysBounded) {
  std::mt19937_64 random(3);
  std::vector<SightingRecord> many;
  for (int i = 0; i < 6'000; ++i) {
    many.push_back(logon(std::string(300, static_cast<char>(random() % 256)) + std::to_string(i),
                         "31.7." + std::to_string(i % 250) + ".9", std::to_string(random()),
                         start_ + static_cast<TimeUs>(random() % 60) * kSecondUs,
                         static_cast<std::uint8_t>(random() % 256)));
  }
  for (int agent = 0; agent < 8; ++agent) {
    group_->sightings("agent-" + std::to_string(agent) + std::string(1000, 'x'), many, start_);
    EXPECT_LE(group_->waiting(), kFleetWaitingMax);
  }
  EXPECT_EQ(group_->counts().refused, 8U * (6'000 - kFleetSightingsPerDelta));
  EXPECT_GT(group_->counts().hurried, 0U);
  const FleetGroupCounts before = group_->counts();
  for (const TimeUs time : {INT64_MIN, INT64_MIN + 1, TimeUs{0}, start_ - kFleetLateUs - 1,
                            start_ + kFleetAheadUs + 1, INT64_MAX}) {
    const SightingRecord seen = logon("alice", "10.0.0.1", "web", time);
    group_->sightings("agent", {&seen, 1}, start_);
  }
  EXPECT_EQ(group_->counts().refused, before.refused + 6);
  for (const FleetAlert& alert : said(end_)) {
    JsonRecord record;
    EXPECT_TRUE(record.read(alert.document));
  }
  EXPECT_EQ(group_->waiting(), 0U);
  EXPECT_LE(group_->save().size(), std::size_t{32} << 20);
}

TEST_F(FleetGroupTest, APolicyChangesRulesAndHasExceptions) {
  std::string quiet;
  for (const RuleText& text : builtin_rules()) {
    if (text.file == "rules/lateral_fan_out.toml") quiet = text.toml;
  }
  ASSERT_NE(quiet.find("threshold = 45"), std::string::npos);
  quiet.replace(quiet.find("threshold = 45"), 14, "threshold = 101");
  const PolicyFiles files = {
      {"exceptions/ours.toml",
       "[[exception]]\nname = \"ours\"\nrule = \"password_spraying\"\nsource.ip = "
       "\"@../sets/ours.txt\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2027-01-01\n"},
      {"rules/a.toml", quiet},
      {"rules/bad.toml", "id = 7\n"},
      {"sets/ours.txt", "203.0.113.66\n"}};
  start(&files);
  EXPECT_FALSE(mistakes_.empty());
  for (const Error& mistake : mistakes_) {
    EXPECT_TRUE(mistake.where.starts_with("rules/bad.toml")) << mistake.message();
  }
  for (const Delta& delta : fan_out(false)) tell(delta.agent, delta.seen);
  EXPECT_TRUE(said(end_).empty());
  for (const Delta& delta : spraying(false)) tell(delta.agent, delta.seen);
  for (const FleetAlert& alert : said(end_)) EXPECT_NE(rule_of(alert), "password_spraying");
}

TEST(AlertFactsTest, OfDocumentsAndOfGarbage) {
  JsonRecord record;
  const std::string good =
      R"({"@timestamp":"2026-03-02T08:00:00Z","rule":{"id":"rare_user"},"user":{"name":"alice"},)"
      R"("event":{"outcome":"success","action":"ssh_login","dataset":"system.auth"},)"
      R"("source":{"address":"2001:DB8::1","ip":"2001:db8::1"},"host":{"name":"web-01"}})";
  const std::optional<AlertFacts> facts = read_alert_facts(record, good);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->rule, "rare_user");
  EXPECT_EQ(facts->seen,
            (SightingRecord{*parse_time("2026-03-02T08:00:00Z"), 1, "ssh_login", "alice",
                            "2001:db8::1", "web-01", "system.auth", "", "", 1}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_alert_facts(record, good.substr(0, size)));
  }
  EXPECT_FALSE(read_alert_facts(record, "[]"));
  EXPECT_FALSE(read_alert_facts(record, R"({"rule":{"id":"x"}})"));
  EXPECT_FALSE(
      read_alert_facts(record, R"({"@timestamp":"2026-03-02T08:00:00Z","rule":{"id":1}})"));
  EXPECT_FALSE(read_alert_facts(record, good + std::string(kFleetDocumentBytes, ' ')));
}

}  // namespace
}  // namespace doorward
