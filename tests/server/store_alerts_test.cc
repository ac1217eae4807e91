// What the index of alerts keeps of the log's entries.
#include <sqlite3.h>

#include <limits>
#include <string>

#include "server/store/embedded_alerts.h"
#include "tests/server/store_alerts_world.h"

namespace doorward {
namespace {

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
