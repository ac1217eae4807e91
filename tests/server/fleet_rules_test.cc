// The fleet's rules as a fold over the log, which goes on after every death of the server.
#include "server/rules/fleet_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "plugins/time_text.h"
#include "tests/server/small_core.h"

namespace doorward {
namespace {

constexpr TimeUs kMinute = 60 * kSecondUs;

class FleetRulesTest : public testing::Test {
 protected:
  FleetRulesTest() {
    std::vector<std::uint8_t> key(16, 7);
    keep({entry(EntryKind::fleet_key, "", 1, start_ - kMinute, key),
          entry(EntryKind::group, kDefaultGroup, 1, start_ - kMinute, entry_bytes(log::GroupT()))});
    for (int i = 0; i < 60; ++i) {
      log::EnrolmentT enrolment;
      enrolment.host = "app-" + std::to_string(i);
      enrolment.group = kDefaultGroup;
      keep({entry(EntryKind::enrolment, agent(i), 1, start_ - kMinute, entry_bytes(enrolment))});
    }
    first_ = log_.entries.size();
    serve();
  }

  void keep(const std::vector<LogEntry>& entries) { ASSERT_TRUE(log_.append(entries).ok()); }

  static std::string agent(int i) {
    std::string number = std::to_string(i);
    return std::string(32 - number.size(), 'a') + number;
  }
  /// A server over the log, as after a kill -9: nothing but the log and its snapshots is left.
  void serve() {
    rules_.reset();
    core_.emplace(log_);
    rules_ = std::move(FleetRules::make(*core_, {})).value();
    core_->run_pending();
  }
  /// A logon of eve's on each of forty hosts, and what an agent's delta makes of it.
  [[nodiscard]] std::vector<LogEntry> fan_out() const {
    std::vector<LogEntry> out;
    for (int i = 0; i < 40; ++i) {
      auto seen = std::make_unique<log::SightingT>();
      seen->time = start_ + i * kMinute;
      seen->outcome = 1;
      seen->action = "ssh_login";
      seen->user = "eve";
      seen->source = "10.1.4.20";
      seen->host = "app-" + std::to_string(i);
      seen->count = 1;
      log::DeltaT delta;
      delta.group = kDefaultGroup;
      delta.sightings.push_back(std::move(seen));
      out.push_back(entry(EntryKind::delta, agent(i), 1, start_ + i * kMinute + 30 * kSecondUs,
                          entry_bytes(delta)));
    }
    return out;
  }
  [[nodiscard]] LogEntry alert(int of, const std::string& rule, TimeUs time) const {
    log::AlertT table;
    table.agent = agent(of);
    table.kind = 1;
    table.score = 80;
    table.occurrences = 1;
    table.document = R"({"@timestamp":")" + format_time(time) + R"(","rule":{"id":")" + rule +
                     R"("},"user":{"name":"mallory"},"source":{"ip":"198.51.100.)" +
                     std::to_string(of) + R"("},"host":{"name":"app-)" + std::to_string(of) +
                     R"("},"event":{"outcome":"success","action":"ssh_login"}})";
    return entry(EntryKind::alert, rule + std::to_string(of), 0, time + kSecondUs,
                 entry_bytes(table));
  }

  TimeUs start_ = *parse_time("2026-03-02T08:00:00Z");
  SmallLog log_;
  std::size_t first_ = 0;
  std::optional<SmallCore> core_;
  std::unique_ptr<FleetRules> rules_;
};

TEST_F(FleetRulesTest, SightingsOfManyAgentsBecomeAnAlert) {
  EXPECT_EQ(rules_->rules(kDefaultGroup), builtin_fleet_rules());
  EXPECT_EQ(builtin_fleet_rules().size(), 7U);
  EXPECT_TRUE(rules_->rules("none").empty());
  for (const LogEntry& delta : fan_out()) core_->come(delta);
  core_->second(start_ + 60 * kMinute);
  ASSERT_EQ(log_.fleet_alerts().size(), 1U);
  const auto told = std::find_if(log_.entries.begin(), log_.entries.end(),
                                 [](const auto& one) { return one.kind == EntryKind::alert; });
  ASSERT_NE(told, log_.entries.end());
  EXPECT_EQ(told->number, 0U);
  const auto* table = entry_table<log::Alert>(*told);
  ASSERT_NE(table, nullptr);
  EXPECT_NE(text_of(table->document()).find("lateral_fan_out"), std::string::npos);
  EXPECT_GE(table->score(), 45);
  ASSERT_EQ(rules_->status().size(), 1U);
  EXPECT_EQ(rules_->status()[0].counts.sightings, 40U);
  EXPECT_EQ(rules_->status()[0].waiting, 0U);
  EXPECT_TRUE(rules_->take_errors().empty());
}

TEST_F(FleetRulesTest, AlertsOfThreeAgentsOnOneUserBecomeAnAlert) {
  core_->come(alert(1, "rare_user", start_));
  core_->come(alert(2, "unusual_logon", start_ + 20 * kMinute));
  core_->come(alert(3, "brute_force_success", start_ + 40 * kMinute));
  EXPECT_TRUE(log_.fleet_alerts().empty()) << "it waits for older ones";
  core_->second(start_ + 60 * kMinute);
  ASSERT_EQ(log_.fleet_alerts().size(), 1U);
  EXPECT_NE(text_of(entry_table<log::Alert>(log_.entries.back())->document())
                .find("multiple_rules_for_entity"),
            std::string::npos);
}

TEST_F(FleetRulesTest, AfterAKillAnywhereTheAlertsAreTheSame) {
  std::vector<LogEntry> all = fan_out();
  for (const LogEntry& one :
       {alert(1, "rare_user", start_), alert(2, "unusual_logon", start_ + 20 * kMinute),
        alert(3, "brute_force_success", start_ + 35 * kMinute)}) {
    all.push_back(one);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const LogEntry& a, const LogEntry& b) { return a.at < b.at; });
  const SmallLog begun = log_;
  std::vector<std::string> whole;
  for (int kind = 0; kind < 4; ++kind) {
    log_ = begun;
    serve();
    int number = 0;
    for (const LogEntry& one : all) {
      core_->come(one);
      core_->second(one.at + kSecondUs);
      ++number;
      // 1: no snapshot ever; 2: some, of earlier; 3: of this very moment.
      if (kind == 2 && number % 5 == 0) rules_->save(core_->view());
      if (kind == 3) rules_->save(core_->view());
      if (kind == 1) log_.snapshots.clear();
      if (kind > 0 && number % 3 == 0) serve();
    }
    core_->second(start_ + 60 * kMinute);
    if (kind == 0) whole = log_.fleet_alerts();
    EXPECT_EQ(whole.size(), 2U);
    EXPECT_EQ(log_.fleet_alerts(), whole) << kind;
    EXPECT_TRUE(rules_->take_errors().empty());
  }
}

TEST_F(FleetRulesTest, ARestartFoldsOnlyWhatCameAfterTheSnapshot) {
  const std::vector<LogEntry> all = fan_out();
  for (std::size_t i = 0; i < 30; ++i) core_->come(all[i]);
  rules_->save(core_->view());
  ASSERT_TRUE(log_.snapshots.contains("rules/default"));
  for (std::size_t i = 30; i < 33; ++i) core_->come(all[i]);
  const std::size_t after = log_.entries.size() - log_.snapshots["rules/default"].place;
  log_.entries_read = 0;
  serve();
  EXPECT_EQ(log_.entries_read, after);
  EXPECT_LE(after, 4U);
  // A damaged one is said, and all is folded anew.
  log_.snapshots["rules/default"].bytes[20] ^= 1U;
  log_.snapshots["rules/default"].bytes.pop_back();
  serve();
  EXPECT_EQ(rules_->take_errors().size(), 1U);
  for (std::size_t i = 33; i < all.size(); ++i) core_->come(all[i]);
  core_->second(start_ + 60 * kMinute);
  EXPECT_EQ(log_.fleet_alerts().size(), 1U);
}

TEST_F(FleetRulesTest, WhatTheLogDoesNotTakeIsTriedAgain) {
  for (const LogEntry& delta : fan_out()) core_->come(delta);
  core_->second(start_ + 60 * kMinute);
  const std::vector<std::string> told = log_.fleet_alerts();
  ASSERT_EQ(told.size(), 1U);
  // The same once more, on a disk that is full when it is to be told.
  std::vector<LogEntry> kept;
  for (const LogEntry& one : log_.entries) {
    if (one.kind != EntryKind::alert) kept.push_back(one);
  }
  log_ = SmallLog();
  keep(kept);
  log_.full = true;
  serve();
  core_->second(start_ + 60 * kMinute);
  core_->second(start_ + 60 * kMinute + kSecondUs);
  EXPECT_TRUE(log_.fleet_alerts().empty());
  rules_->save(core_->view());
  EXPECT_TRUE(log_.snapshots.empty()) << "what is not told yet would be lost with it";
  log_.full = false;
  core_->second(start_ + 61 * kMinute);
  EXPECT_EQ(log_.fleet_alerts(), told);
  EXPECT_EQ(rules_->lost(), 0U);
}

TEST_F(FleetRulesTest, APolicyTakesEffectWhileRunning) {
  std::string quiet;
  for (const RuleText& text : builtin_rules()) {
    if (text.file == "rules/lateral_fan_out.toml") quiet = text.toml;
  }
  quiet.replace(quiet.find("threshold = 45"), 14, "threshold = 101");
  const std::vector<LogEntry> all = fan_out();
  for (std::size_t i = 0; i < 2; ++i) core_->come(all[i]);
  log::PolicyT policy;
  policy.files.push_back(std::make_unique<log::PolicyFileT>());
  policy.files.back()->name = "rules/lateral_fan_out.toml";
  policy.files.back()->text = quiet;
  core_->come(entry(EntryKind::policy, kDefaultGroup, 1, all[2].at - 1, entry_bytes(policy)));
  for (std::size_t i = 2; i < all.size(); ++i) core_->come(all[i]);
  core_->second(start_ + 60 * kMinute);
  EXPECT_TRUE(log_.fleet_alerts().empty());
  EXPECT_EQ(rules_->status()[0].counts.sightings, 40U) << "it went on with what it had";
  EXPECT_TRUE(rules_->take_errors().empty());
}

TEST_F(FleetRulesTest, ANewKeyBeginsAnew) {
  const std::vector<LogEntry> all = fan_out();
  for (std::size_t i = 0; i < 5; ++i) core_->come(all[i]);
  core_->come(entry(EntryKind::fleet_key, "", 2, all[5].at, std::vector<std::uint8_t>(16, 9)));
  EXPECT_EQ(rules_->status()[0].waiting, 0U);
  EXPECT_EQ(rules_->status()[0].counts.sightings, 0U);
  for (std::size_t i = 5; i < all.size(); ++i) core_->come(all[i]);
  core_->second(start_ + 60 * kMinute);
  EXPECT_EQ(log_.fleet_alerts().size(), 1U);
  // What was saved under the old key is not read under the new.
  rules_->save(core_->view());
  serve();
  EXPECT_TRUE(rules_->take_errors().empty());
}

TEST_F(FleetRulesTest, GarbageInTheLogIsPassedOver) {
  for (int size : {0, 1, 7, 64, 4096}) {
    const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size), 0xA5);
    core_->come(
        entry(EntryKind::delta, agent(1), 100 + static_cast<unsigned>(size), start_, bytes));
    core_->come(entry(EntryKind::alert, "x" + std::to_string(size), 0, start_, bytes));
  }
  log::DeltaT elsewhere;
  elsewhere.group = "no such group";
  elsewhere.sightings.push_back(std::make_unique<log::SightingT>());
  core_->come(entry(EntryKind::delta, agent(1), 1, start_, entry_bytes(elsewhere)));
  log::AlertT unreadable;
  unreadable.agent = agent(1);
  unreadable.kind = 1;
  unreadable.document = "{";
  core_->come(entry(EntryKind::alert, "y", 0, start_, entry_bytes(unreadable)));
  core_->second(start_ + 60 * kMinute);
  EXPECT_TRUE(log_.fleet_alerts().empty());
  EXPECT_EQ(rules_->status()[0].counts.sightings + rules_->status()[0].counts.alerts, 0U);
}

}  // namespace
}  // namespace doorward
