#include "plugins/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/agent/office.h"

namespace doorward {
namespace {

TEST_F(PipelineTest, BuiltInRulesLoadWithoutMistakes) {
  ASSERT_TRUE(mistakes_.empty()) << mistakes_.front().message();
  EXPECT_EQ(rules_.size(), builtin_rules().size());
}

TEST_F(PipelineTest, OrdinaryWeeksAreQuietAndAnIntrusionIsOneAlert) {
  PipelineOptions options;
  options.alerts_from = start_ + 14 * kDay;
  start(options);
  const TimeUs monday = ordinary_weeks();
  EXPECT_TRUE(sink_.alerts.empty());
  logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
  ASSERT_EQ(sink_.alerts.size(), 1U) << "one event gives one alert, whatever rules fired";
  const Seen& alert = sink_.alerts[0];
  EXPECT_EQ(alert.rule, "unusual_logon");
  EXPECT_NE(alert.sentence.find("alice logged on to db-04 from 203.0.113.9: "), std::string::npos)
      << alert.sentence;
  EXPECT_NE(alert.sentence.find("a new address for alice (1 in "), std::string::npos);
  EXPECT_NE(alert.sentence.find("at 03:00 UTC when alice is never on"), std::string::npos);
  EXPECT_NE(alert.sentence.find("nobody in the fleet has used"), std::string::npos);
}

TEST_F(PipelineTest, TheLikeIsHeldBackAndCounted) {
  PipelineOptions options;
  options.alerts_from = start_ + 14 * kDay;
  start(options);
  const TimeUs monday = ordinary_weeks();
  for (int i = 0; i < 5; ++i) {
    logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour + i * 600 * kSecondUs);
  }
  EXPECT_EQ(sink_.alerts.size(), 1U);
  EXPECT_EQ(pipeline_->counts().held_back, 4U);
  // A day after the alert its count is told; two quiet days later it is a new alert.
  logon("bob", "10.1.5.7", "db-01", monday + kDay + 3 * kHour);
  ASSERT_EQ(sink_.updates.size(), 1U);
  EXPECT_EQ(sink_.updates[0], sink_.alerts[0].id + " 5");
  logon("alice", "203.0.113.9", "db-04", monday + 2 * kDay + 3 * kHour);
  ASSERT_EQ(sink_.alerts.size(), 2U);
  EXPECT_EQ(sink_.alerts[1].occurrences, 1U);
  EXPECT_NE(sink_.alerts[0].id, sink_.alerts[1].id);
}

TEST_F(PipelineTest, AnIntruderDoesNotBecomeNormalByPersisting) {
  PipelineOptions options;
  options.alerts_from = start_ + 14 * kDay;
  start(options);
  const TimeUs monday = ordinary_weeks();
  // Every third day for a week the alert comes again with no lower score: nothing was learned.
  for (int i = 0; i < 3; ++i)
    logon("alice", "203.0.113.9", "db-04", monday + i * 3 * kDay + 3 * kHour);
  ASSERT_EQ(sink_.alerts.size(), 3U);
  EXPECT_GE(sink_.alerts[2].score, sink_.alerts[0].score * 0.9);
  EXPECT_EQ(pipeline_->quarantined(), 3U);
  // An epoch later it is let go.
  logon("bob", "10.1.5.7", "db-01", monday + 20 * kDay + 9 * kHour);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
}

TEST_F(PipelineTest, FailuresNeverTeachWhatIsUsual) {
  start();
  for (int i = 0; i < 1000; ++i) {
    logon("alice", "203.0.113.9", "db-04", start_ + i * kSecondUs, Outcome::failure);
  }
  EXPECT_EQ(baseline_->fill().pairs.distinct_pairs, 0);
  EXPECT_EQ(pipeline_->counts().failure, 1000U);
}

TEST_F(PipelineTest, AStampFromTheFutureIsRefusedAndErasesNothing) {
  PipelineOptions options;
  options.alerts_from = start_ + 365 * kDay;
  options.now = start_ + 28 * kDay;
  start(options);
  ordinary_weeks();
  const std::int64_t newest = baseline_->newest();
  logon("mallory", "203.0.113.9", "db-04", start_ + 3650 * kDay);
  EXPECT_EQ(baseline_->newest(), newest);
  EXPECT_EQ(pipeline_->counts().future, 1U);
}

TEST_F(PipelineTest, TheSameLogGivesTheSameIds) {
  std::vector<std::string> first;
  for (int run = 0; run < 2; ++run) {
    PipelineOptions options;
    options.alerts_from = start_ + 14 * kDay;
    start(options);
    const TimeUs monday = ordinary_weeks();
    logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
    logon("mallory", "203.0.113.77", "db-04", monday + 3 * kHour);
    std::vector<std::string> ids;
    for (const Seen& alert : sink_.alerts) ids.push_back(alert.id);
    ASSERT_FALSE(ids.empty());
    EXPECT_EQ(ids[0].size(), 32U);
    if (run == 0) first = ids;
    EXPECT_EQ(ids, first);
  }
}

TEST_F(PipelineTest, AFloodThatKeepsOneRuleBusyKeepsNoOtherQuiet) {
  start();
  // Somebody guesses at names that nobody has, on and on, and by and by at alice as well. All of it
  // is many failures on the host, which was told long ago.
  for (int i = 0; i < 3'000; ++i) {
    const bool alice = i >= 1'500 && i % 10 == 0;
    guess(alice ? "alice" : "guess" + std::to_string(i), !alice, start_ + i * 2 * kSecondUs);
  }
  const auto told = [&](const std::string& rule) {
    return std::count_if(sink_.alerts.begin(), sink_.alerts.end(),
                         [&](const Seen& alert) { return alert.rule == rule; });
  };
  EXPECT_GE(told("high_count_logon_failures"), 1);
  EXPECT_EQ(told("high_count_failures_for_user"), 1);
}

TEST_F(PipelineTest, AgentsBaselinesAddUpToTheBaselineOfAllLogs) {
  // Learning only: what is learned does not depend on what was alerted elsewhere.
  PipelineOptions options;
  options.alerts_from = INT64_MAX;
  struct Host {
    Baseline baseline = std::move(Baseline::make({})).value();
    Collect sink;
  };
  std::array<Host, 3> hosts;  // two agents and one that reads everything
  std::array<std::optional<Pipeline>, 3> pipelines;
  for (std::size_t i = 0; i < 3; ++i) {
    pipelines[i].emplace(rules_, hosts[i].baseline, hosts[i].sink, options);
  }
  for (int i = 0; i < 5000; ++i) {
    const std::string user = "user" + std::to_string(i * i % 97);
    const std::string ip = "10." + std::to_string(i % 3) + ".4." + std::to_string(i * 7 % 250);
    Event event;
    event.time = start_ + i * 600 * kSecondUs;
    event.outcome = Outcome::success;
    event[Field::user_name] = user;
    event[Field::host_name] = i % 2 == 0 ? "web-01" : "db-01";
    event[Field::event_action] = "ssh_login";
    event[Field::source_address] = ip;
    event.ip = *IpAddress::parse(ip);
    pipelines[static_cast<std::size_t>(i % 2)]->on_event(event);
    pipelines[2]->on_event(event);
  }
  ASSERT_TRUE(hosts[0].baseline.merge(hosts[1].baseline).ok());
  EXPECT_EQ(hosts[0].baseline.fill().pairs.distinct_pairs,
            hosts[2].baseline.fill().pairs.distinct_pairs);
  // And what is asked of them is answered alike.
  std::vector<Evidence> merged(rules_.size());
  std::vector<Evidence> whole(rules_.size());
  EventKeys keys;
  for (int i = 0; i < 500; ++i) {
    const std::string user = "user" + std::to_string(i % 97);
    const std::string ip = "10.1." + std::to_string(i % 9) + "." + std::to_string(i % 250);
    Event event;
    event.time = start_ + 30 * kDay + i * kHour;
    event.outcome = Outcome::success;
    event[Field::user_name] = user;
    event[Field::host_name] = "db-01";
    event[Field::event_action] = "ssh_login";
    event[Field::source_address] = ip;
    event.ip = *IpAddress::parse(ip);
    const RuleMask mask = rules_.prepare(event, keys);
    rules_.score(event, keys, mask, hosts[0].baseline, rules_.make_state(), merged);
    rules_.score(event, keys, mask, hosts[2].baseline, rules_.make_state(), whole);
    for (std::size_t r = 0; r < rules_.size(); ++r) {
      if (rules_.rule(r).detector != "rare") continue;
      EXPECT_DOUBLE_EQ(merged[r].p_value, whole[r].p_value);
    }
  }
}

}  // namespace
}  // namespace doorward
