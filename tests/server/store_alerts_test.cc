#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>

#include "plugins/ip_ranges.h"
#include "server/store/alert_fields.h"
#include "server/store/embedded_alerts.h"
#include "server/store/sqlite_log.h"
#include "server/store/text_match.h"
#include "tests/server/store_entries.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

using Ids = std::vector<std::string>;

class StoreAlertsTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_ = {};
    auto opened = open_store(folder_.dir());
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(opened).value();
  }
  AlertIndex& index() { return *store_.alerts; }
  /// Appends and gives the entries their places.
  std::vector<LogEntry> append(std::vector<LogEntry> entries) {
    const auto places = store_.log->append(entries);
    EXPECT_TRUE(places) << places.error().message();
    for (std::size_t i = 0; i < entries.size(); ++i) entries[i].place = places.value()[i].value();
    return entries;
  }
  void add(std::vector<LogEntry> entries) {
    const Status folded = index().fold(append(std::move(entries)));
    EXPECT_TRUE(folded) << folded.error().message();
  }
  AlertRow get(const std::string& id) {
    const auto row = index().get(id);
    EXPECT_TRUE(row && row.value()) << id;
    return row && row.value() ? *row.value() : AlertRow();
  }
  Ids found(const AlertQuery& query) {
    const auto rows = index().search(query);
    EXPECT_TRUE(rows) << rows.error().message();
    Ids out;
    if (rows) {
      for (const AlertRow& row : rows.value()) out.push_back(row.id);
    }
    return out;
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(StoreAlertsTest, AnAlertIsFoundWithAllThatIsKnownOfIt) {
  SampleAlert alert;
  alert.at = 77;
  add({alert.entry()});
  const AlertRow row = get("a1");
  EXPECT_EQ(row.place, 1U);
  EXPECT_EQ(row.id, "a1");
  EXPECT_EQ(row.agent, "agent-1");
  EXPECT_EQ(row.kind, "alert");
  EXPECT_EQ(row.time, *parse_time("2026-11-20T08:15:00Z"));
  EXPECT_EQ(row.received, 77);
  EXPECT_EQ(row.rule, "rare_user");
  EXPECT_EQ(row.severity, "low");
  EXPECT_EQ(row.user, "alice");
  EXPECT_EQ(row.address, "192.0.2.7");
  EXPECT_EQ(row.host, "web-01");
  EXPECT_EQ(row.score, 61.5);
  EXPECT_EQ(row.occurrences, 1U);
  EXPECT_EQ(row.message, "alice was never seen before");
  EXPECT_EQ(row.verdict, AlertVerdict::open);
  EXPECT_EQ(row.document, alert.document());
  EXPECT_EQ(index().search({}).value()[0].document, "");
  EXPECT_FALSE(index().get("none").value());
}

TEST_F(StoreAlertsTest, UpdatesRaiseWhatTheAlertHas) {
  SampleAlert alert;
  SampleAlert update = alert;
  update.kind = 2;
  update.occurrences = 40;
  update.score = 95;
  update.severity = "high";
  update.message = "39 more";
  SampleAlert late = update;
  late.occurrences = 10;
  late.score = 3;
  add({alert.entry(), update.entry(), late.entry()});
  const AlertRow row = get("a1");
  EXPECT_EQ(row.occurrences, 40U);
  EXPECT_EQ(row.score, 95);
  EXPECT_EQ(row.severity, "high");
  EXPECT_EQ(row.kind, "alert");
  EXPECT_EQ(row.message, alert.message);
  EXPECT_EQ(row.document, alert.document());
  EXPECT_EQ(row.place, 1U);
  EXPECT_EQ(index().counts().value().alerts, 1U);
}

TEST_F(StoreAlertsTest, AnUpdateThatComesFirstIsFilledInByItsAlert) {
  SampleAlert alert;
  SampleAlert update = alert;
  update.kind = 2;
  update.occurrences = 5;
  update.rule = "";
  update.score = 70;
  add({update.entry()});
  EXPECT_EQ(get("a1").kind, "update");
  add({alert.entry()});
  const AlertRow row = get("a1");
  EXPECT_EQ(row.kind, "alert");
  EXPECT_EQ(row.place, 1U);
  EXPECT_EQ(row.rule, "rare_user");
  EXPECT_EQ(row.occurrences, 5U);
  EXPECT_EQ(row.score, 70);
  EXPECT_EQ(row.document, alert.document());
  EXPECT_EQ(found({.rule = "rare_user"}), Ids{"a1"});
}

TEST_F(StoreAlertsTest, SummariesAreKeptWithTheirNewestFigures) {
  SampleAlert summary;
  summary.kind = 3;
  summary.occurrences = 20;
  SampleAlert newer = summary;
  newer.occurrences = 30;
  newer.message = "30 further alerts";
  add({summary.entry(), newer.entry()});
  const AlertRow row = get("a1");
  EXPECT_EQ(row.kind, "summary");
  EXPECT_EQ(row.occurrences, 30U);
  EXPECT_EQ(row.message, "30 further alerts");
  EXPECT_EQ(row.document, newer.document());
}

TEST_F(StoreAlertsTest, OneAgentHasNoSayOverTheAlertsOfAnother) {
  SampleAlert alert;
  SampleAlert other = alert;
  other.agent = "agent-2";
  other.kind = 2;
  other.occurrences = 4'000'000'000;
  other.score = 100;
  add({alert.entry(), other.entry()});
  EXPECT_EQ(get("a1").occurrences, 1U);
  EXPECT_EQ(get("a1").score, 61.5);
  EXPECT_EQ(get("a1").agent, "agent-1");
}

TEST_F(StoreAlertsTest, TheLastVerdictHolds) {
  SampleAlert alert;
  add({alert.entry()});
  EXPECT_EQ(index().counts().value().open, 1U);
  add({verdict_entry("a1", 1, 1, "ann", "it was", 50), verdict_entry("none", 1, 1)});
  EXPECT_EQ(get("a1").verdict, AlertVerdict::true_positive);
  EXPECT_EQ(index().counts().value().open, 0U);
  add({verdict_entry("a1", 2, 3, "bob", "a drill", 60), verdict_entry("a1", 3, 9, "eve")});
  const AlertRow row = get("a1");
  EXPECT_EQ(row.verdict, AlertVerdict::benign);
  EXPECT_EQ(row.verdict_by, "bob");
  EXPECT_EQ(row.verdict_comment, "a drill");
  EXPECT_EQ(row.verdict_at, 60);
  EXPECT_EQ(index().counts().value().open, 0U);
  add({verdict_entry("a1", 4, 0)});
  EXPECT_EQ(index().counts().value().open, 1U);
}

TEST_F(StoreAlertsTest, HostileDocumentsAreKeptWithWhatIsKnown) {
  SampleAlert alert;
  const std::string huge =
      "{\"message\":\"" + std::string(kAlertDocumentMax, 'x') + "\",\"user\":{\"name\":\"u\"}}";
  const std::vector<std::pair<std::string, std::string>> documents = {
      {"huge", huge}, {"bytes", "{\"user\":\"\xFF\xFE\"}"}, {"text", "not json"}, {"none", ""}};
  std::vector<LogEntry> entries;
  for (const auto& [id, document] : documents) {
    alert.id = id;
    entries.push_back(alert.entry(document));
  }
  entries.push_back(log_entry(EntryKind::alert, "damaged", 0, {1, 2, 3}, 1000));
  log::AlertT wild;
  wild.agent = "agent-1";
  wild.kind = 99;
  wild.score = std::numeric_limits<double>::quiet_NaN();
  entries.push_back(log_entry(EntryKind::alert, std::string("w\0\xFF'", 4), 0, packed(wild)));
  add(entries);
  for (const auto& [id, document] : documents) {
    const AlertRow row = get(id);
    EXPECT_EQ(row.agent, "agent-1") << id;
    EXPECT_EQ(row.score, 61.5);
    EXPECT_EQ(row.time, 1000);
    EXPECT_EQ(row.user, "");
    EXPECT_EQ(row.document, document);
  }
  EXPECT_EQ(get("damaged").agent, "");
  EXPECT_EQ(get(std::string("w\0\xFF'", 4)).score, 0);
  EXPECT_EQ(index().counts().value().alerts, 6U);
  EXPECT_EQ(found({}).size(), 6U);
}

TEST_F(StoreAlertsTest, FoldsOnceWhateverItIsGiven) {
  SampleAlert one;
  SampleAlert two = one;
  two.id = "a2";
  const auto first = append({one.entry()});
  ASSERT_TRUE(index().fold(first));
  ASSERT_TRUE(index().fold(first));
  EXPECT_EQ(index().folded(), 1U);
  // Another process appended in between, and an earlier fold failed: the gap is read from the log.
  append({two.entry(), verdict_entry("a1", 1, 1)});
  const auto last = append({log_entry(EntryKind::audit, "", 1)});
  ASSERT_TRUE(index().fold(last));
  EXPECT_EQ(index().folded(), 4U);
  EXPECT_EQ(index().counts().value().alerts, 2U);
  EXPECT_EQ(index().counts().value().open, 1U);
  EXPECT_EQ(get("a1").verdict, AlertVerdict::true_positive);
}

TEST_F(StoreAlertsTest, CatchesUpWhenItIsOpened) {
  SampleAlert alert;
  std::vector<LogEntry> entries;
  for (int i = 0; i < 2500; ++i) {
    alert.id = "a" + std::to_string(i);
    entries.push_back(alert.entry());
    entries.push_back(log_entry(EntryKind::delta, "x", static_cast<std::uint64_t>(i), {1}));
  }
  append(entries);
  EXPECT_EQ(index().folded(), 0U);
  open();
  EXPECT_EQ(index().folded(), 5000U);
  EXPECT_EQ(index().counts().value().alerts, 2500U);
}

TEST_F(StoreAlertsTest, PlacesWithoutAlertsNeedNoWriting) {
  std::uint64_t n = 0;
  for (int i = 0; i < 50; ++i) add({log_entry(EntryKind::delta, "x", ++n, {1})});
  EXPECT_EQ(index().folded(), 50U);
  SampleAlert alert;
  add({alert.entry()});
  EXPECT_EQ(index().counts().value().alerts, 1U);
  open();
  EXPECT_EQ(index().folded(), 51U);
  add({log_entry(EntryKind::delta, "x", ++n, {1})});
  open();
  EXPECT_EQ(index().folded(), 52U);
}

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

TEST_F(StoreAlertsTest, RetiringRemovesTheOldAndTheTooMany) {
  std::vector<LogEntry> entries;
  for (int i = 1; i <= 10; ++i) {
    SampleAlert alert;
    alert.id = std::to_string(i);
    alert.at = i * 100;
    entries.push_back(alert.entry());  // places 1..10
  }
  SampleAlert update;
  update.id = "1";
  update.kind = 2;
  update.occurrences = 5;
  entries.push_back(update.entry());             // 11
  entries.push_back(verdict_entry("2", 1, 1));   // 12
  entries.push_back(verdict_entry("10", 1, 1));  // 13
  add(entries);
  EXPECT_EQ(index().counts().value().oldest, 100);
  EXPECT_EQ(index().retire(0, 100, 100).value(), std::vector<std::uint64_t>());
  // Older than 350: the first three, two at a time.
  EXPECT_EQ(index().retire(350, 100, 2).value(), (std::vector<std::uint64_t>{1, 2, 11, 12}));
  EXPECT_EQ(index().counts().value().alerts, 8U);
  EXPECT_EQ(index().counts().value().open, 7U);
  EXPECT_FALSE(index().get("1").value());
  // Nobody forgot them in the log, perhaps because of a crash: they are told again.
  open();
  const auto places = index().retire(350, 100, 2).value();
  EXPECT_EQ(places, (std::vector<std::uint64_t>{1, 2, 3, 11, 12}));
  ASSERT_TRUE(store_.log->forget(places));
  EXPECT_EQ(index().retire(350, 100, 2).value(), std::vector<std::uint64_t>());
  // At most five.
  EXPECT_EQ(index().retire(0, 5, 100).value(), (std::vector<std::uint64_t>{4, 5}));
  const AlertIndex::Counts counts = index().counts().value();
  EXPECT_EQ(counts.alerts, 5U);
  EXPECT_EQ(counts.open, 4U);
  EXPECT_EQ(counts.oldest, 600);
  EXPECT_EQ(found({}), (Ids{"10", "9", "8", "7", "6"}));
  EXPECT_EQ(store_.log->sizes().value().entries, 8U);
}

}  // namespace
}  // namespace doorward
