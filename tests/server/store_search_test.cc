// Questions to the index of alerts.
#include <algorithm>
#include <limits>
#include <random>
#include <string>

#include "plugins/ip_ranges.h"
#include "server/store/text_match.h"
#include "tests/server/store_alerts_world.h"

namespace doorward {
namespace {

class StoreSearchTest : public StoreAlertsTest {
 protected:
  void SetUp() override {
    StoreAlertsTest::SetUp();
    const auto one = [](std::string id, std::string user, std::string address, std::string host,
                        std::string rule, double score, std::string time, std::string agent,
                        std::string message) {
      SampleAlert alert;
      alert.id = std::move(id);
      alert.user = std::move(user);
      alert.address = std::move(address);
      alert.host = std::move(host);
      alert.rule = std::move(rule);
      alert.score = score;
      alert.time = std::move(time);
      alert.agent = std::move(agent);
      alert.message = std::move(message);
      return alert.entry();
    };
    add({one("1", "alice", "192.0.2.7", "web-01", "rare_user", 10, "2026-01-01T00:00:00Z", "a",
             "first"),
         one("2", "bob", "192.0.2.200", "web-02", "rare_user", 50, "2026-01-02T00:00:00Z", "a",
             "Second one"),
         one("3", "svc-backup", "198.51.100.1", "db-01", "password_spraying", 90,
             "2026-01-03T00:00:00Z", "b", "third"),
         one("4", "svc-deploy", "2001:db8::1", "db-02", "password_spraying", 70,
             "2026-01-04T00:00:00Z", "b", "fourth"),
         one("5", "alice", "gate.example", "web-01", "lateral_fan_out", 30, "2026-01-05T00:00:00Z",
             "", "fifth [x]")});
    add({verdict_entry("2", 1, 2)});
  }
};

TEST_F(StoreSearchTest, ByEachField) {
  EXPECT_EQ(found({}), (Ids{"5", "4", "3", "2", "1"}));
  EXPECT_EQ(found({.user = "alice"}), (Ids{"5", "1"}));
  EXPECT_EQ(found({.user = "Alice"}), Ids{});
  EXPECT_EQ(found({.user = "svc-*"}), (Ids{"4", "3"}));
  EXPECT_EQ(found({.user = "svc-b*p"}), Ids{"3"});
  EXPECT_EQ(found({.user = "*e"}), (Ids{"5", "1"}));
  EXPECT_EQ(found({.user = "b?b"}), Ids{"2"});
  EXPECT_EQ(found({.user = "*"}).size(), 5U);
  EXPECT_EQ(found({.host = "web-0?"}), (Ids{"5", "2", "1"}));
  EXPECT_EQ(found({.rule = "password_*"}), (Ids{"4", "3"}));
  EXPECT_EQ(found({.agent = "b"}), (Ids{"4", "3"}));
  EXPECT_EQ(found({.text = "second ONE"}), Ids{"2"});
  EXPECT_EQ(found({.text = "[x]"}), Ids{"5"});
  EXPECT_EQ(found({.min_score = 70.0}), (Ids{"4", "3"}));
  EXPECT_EQ(found({.verdict = AlertVerdict::false_positive}), Ids{"2"});
  EXPECT_EQ(found({.verdict = AlertVerdict::open}), (Ids{"5", "4", "3", "1"}));
  EXPECT_EQ(found({.user = "alice", .min_score = 20.0}), Ids{"5"});
  EXPECT_EQ(found({.user = "' OR 1=1 --"}), Ids{});
}

TEST_F(StoreSearchTest, ByAddressAndNetwork) {
  EXPECT_EQ(found({.address = "192.0.2.7"}), Ids{"1"});
  EXPECT_EQ(found({.address = "192.0.2.0/24"}), (Ids{"2", "1"}));
  EXPECT_EQ(found({.address = "192.0.2.128/25"}), Ids{"2"});
  EXPECT_EQ(found({.address = "0.0.0.0/0"}), (Ids{"3", "2", "1"}));
  EXPECT_EQ(found({.address = "::/0"}), Ids{"4"});
  EXPECT_EQ(found({.address = "2001:DB8:0:0::1"}), Ids{"4"});
  EXPECT_EQ(found({.address = "gate.example"}), Ids{"5"});
  const auto mistake = index().search({.address = "192.0.2.7/24"});
  ASSERT_FALSE(mistake);
  EXPECT_EQ(mistake.error().where, "address");
}

TEST_F(StoreSearchTest, ByTimeAndInPages) {
  const auto day = [](const char* text) { return *parse_time(text); };
  EXPECT_EQ(found({.from = day("2026-01-02"), .to = day("2026-01-04")}), (Ids{"3", "2"}));
  EXPECT_EQ(found({.from = day("2026-01-05")}), Ids{"5"});
  EXPECT_EQ(found({.to = day("2026-01-02")}), Ids{"1"});
  EXPECT_EQ(found({.limit = 2}), (Ids{"5", "4"}));
  EXPECT_EQ(found({.before = 4, .limit = 2}), (Ids{"3", "2"}));
  EXPECT_EQ(found({.before = 2, .limit = 2}), Ids{"1"});
  EXPECT_EQ(found({.before = 1, .limit = 2}), Ids{});
  EXPECT_EQ(found({.before = std::numeric_limits<std::uint64_t>::max()}).size(), 5U);
  EXPECT_EQ(found({.limit = 0}).size(), 1U);
  const auto mistake = index().search({.user = std::string(kQueryTextMax + 1, 'x')});
  ASSERT_FALSE(mistake);
  EXPECT_NE(mistake.error().message().find("at most 1024 bytes"), std::string::npos);
}

TEST_F(StoreSearchTest, WhatIsKnownOfAnEntity) {
  const auto alice = index().history(AlertIndex::Entity::user, "alice").value();
  EXPECT_EQ(alice.alerts, 2U);
  EXPECT_EQ(alice.first, *parse_time("2026-01-01"));
  EXPECT_EQ(alice.last, *parse_time("2026-01-05"));
  ASSERT_EQ(alice.hosts.size(), 1U);
  EXPECT_EQ(alice.hosts[0].name, "web-01");
  EXPECT_EQ(alice.hosts[0].alerts, 2U);
  EXPECT_EQ(alice.hosts[0].first, *parse_time("2026-01-01"));
  EXPECT_EQ(alice.hosts[0].last, *parse_time("2026-01-05"));
  ASSERT_EQ(alice.addresses.size(), 2U);
  EXPECT_EQ(alice.addresses[0].name, "gate.example");  // of equals the newest
  EXPECT_EQ(alice.rules.size(), 2U);
  const auto address = index().history(AlertIndex::Entity::address, "2001:0db8::1").value();
  ASSERT_EQ(address.users.size(), 1U);
  EXPECT_EQ(address.users[0].name, "svc-deploy");
  EXPECT_EQ(index().history(AlertIndex::Entity::host, "web-01").value().alerts, 2U);
  EXPECT_EQ(index().history(AlertIndex::Entity::host, "web-*").value().alerts, 0U);
}

/// All ways into the table give what looking at every alert would.
TEST_F(StoreAlertsTest, SearchesAgreeWithLookingAtEach) {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  std::vector<LogEntry> entries;
  constexpr unsigned kAlerts = 12'000;  // more than what counts as few
  for (unsigned i = 0; i < kAlerts; ++i) {
    SampleAlert alert;
    alert.id = std::to_string(i);
    // Half of all are of two users, the rest of many.
    alert.user =
        below(2) == 0 ? (below(2) == 0 ? "root" : "admin") : "user" + std::to_string(below(500));
    alert.address = "10." + std::to_string(below(3)) + ".0." + std::to_string(below(250));
    alert.host = "host-" + std::to_string(below(3));
    alert.score = below(1000) / 10.0;
    alert.time = format_time(TimeUs{1'767'225'600} * 1'000'000 + TimeUs{i} * 60'000'000 -
                             TimeUs{below(7200)} * 1'000'000);
    entries.push_back(alert.entry());
    if (entries.size() == 1000) add(std::exchange(entries, {}));
  }
  std::vector<AlertRow> all;
  for (std::uint64_t before = 0;;) {
    const auto page = index().search({.before = before, .limit = 1000}).value();
    if (page.empty()) break;
    all.insert(all.end(), page.begin(), page.end());
    before = page.back().place;
  }
  ASSERT_EQ(all.size(), kAlerts);
  for (int i = 0; i < 300; ++i) {
    AlertQuery query;
    const char* users[] = {"", "root", "user17", "user1*", "*min", "r*t", "*"};
    query.user = users[below(7)];
    const char* addresses[] = {"", "10.1.0.0/16", "10.2.0.7", "10.0.0.0/8", "10.0.0.0/30"};
    query.address = addresses[below(5)];
    const char* hosts[] = {"", "host-1", "host-?", ""};
    query.host = hosts[below(4)];
    if (below(2) == 0) query.min_score = below(1010) / 10.0;
    if (below(2) == 0) query.from = all.back().time + TimeUs{below(kAlerts)} * 60'000'000;
    if (below(2) == 0) query.to = all.back().time + TimeUs{below(kAlerts)} * 60'000'000;
    if (below(3) == 0) query.before = 1 + below(kAlerts);
    query.limit = 1 + below(80);
    Ids want;
    const auto range = IpRange::parse(query.address.empty() ? "10.0.0.0/8" : query.address).value();
    for (const AlertRow& row : all) {
      if (want.size() == query.limit) break;
      if ((query.user.empty() || text_glob(query.user, row.user)) &&
          (query.host.empty() || text_glob(query.host, row.host)) &&
          range.contains(*IpAddress::parse(row.address)) &&
          (!query.min_score || row.score >= *query.min_score) &&
          (!query.from || row.time >= *query.from) && (!query.to || row.time < *query.to) &&
          (query.before == 0 || row.place < query.before)) {
        want.push_back(row.id);
      }
    }
    EXPECT_EQ(found(query), want) << query.user << " " << query.address << " " << query.host;
  }
}

}  // namespace
}  // namespace doorward
