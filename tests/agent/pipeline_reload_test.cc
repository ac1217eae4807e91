// A saved pipeline under other rules: what is theirs goes on, what is not is dropped and told.
#include <algorithm>

#include "tests/agent/office.h"
#include "tests/agent/restarts.h"
#include "tests/support/rules_changed.h"

namespace doorward {
namespace {

const std::string kDemo = std::string(DOORWARD_SOURCE_DIR) + "/examples/fleet-auth.log.gz";

/// Fires on every failure, once a user, an hour long.
constexpr const char* kLoud = R"(
id = "loud"
name = "Loud"
description = "Every failure."
detector = "sequence"
threshold = 50
severity = "low"
risk_score = 99
suppress = "1h"
suppress_by = ["user.name"]
[when]
event.outcome = "failure"
[sequence]
score = 60
[[sequence.step]]
event.outcome = "failure"
)";

std::vector<RuleText> with_loud(const std::string& from = "", const std::string& to = "") {
  std::vector<RuleText> texts(builtin_rules().begin(), builtin_rules().end());
  std::string toml = kLoud;
  if (!from.empty()) toml.replace(toml.find(from), from.size(), to);
  texts.push_back({"loud.toml", toml});
  return texts;
}

class PipelineReload : public testing::Test {
 protected:
  static std::unique_ptr<RuleSet> rules(const std::vector<RuleText>& texts) {
    std::vector<Error> mistakes;
    auto out = std::make_unique<RuleSet>(texts, HashKey{}, mistakes);
    EXPECT_TRUE(mistakes.empty()) << mistakes.front().message();
    return out;
  }

  static void fail(EventSink& sink, const std::string& user, TimeUs time) {
    Event event;
    event.time = time;
    event.outcome = Outcome::failure;
    event[Field::user_name] = user;
    event[Field::host_name] = "gate-01";
    event[Field::event_action] = "ssh_login";
    event[Field::source_address] = "31.1.2.3";
    event.ip = *IpAddress::parse("31.1.2.3");
    sink.on_event(event);
  }

  TimeUs start_ = *parse_time("2026-03-02T08:00:00Z");
};

TEST_F(PipelineReload, ARuleThatChangesLeavesTheOthersAsTheyAre) {
  const auto before = rules({builtin_rules().begin(), builtin_rules().end()});
  // None of them speaks around the change; what they count goes into other rules' documents.
  const auto after = rules(rules_changed("high_count_logons", "threshold = 75", "threshold = 76"));
  Restarts whole(*before, {}, 0, 0);
  read_logs({kDemo}, whole);
  const auto expected = whole.finish();
  Restarts changed(*before, {}, 0, 0);
  changed.change_at = 4'000;
  changed.change_to = after.get();
  read_logs({kDemo}, changed);
  EXPECT_EQ(changed.restarts, 1);
  EXPECT_EQ(changed.loss.rules, std::vector<std::string>{"high_count_logons"});
  EXPECT_EQ(changed.loss.unlearned, 0U);
  changed.finish();
  EXPECT_EQ(changed.said.all, whole.said.all);
  // Of the changed rule, the current bucket began anew. All pairs are what they were.
  EXPECT_EQ(changed.baseline().fill().pairs.distinct_pairs,
            whole.baseline().fill().pairs.distinct_pairs);
}

TEST_F(PipelineReload, RulesInAnotherOrderWithOneMoreGoOn) {
  std::vector<RuleText> texts(builtin_rules().begin(), builtin_rules().end());
  const auto before = rules(texts);
  std::reverse(texts.begin(), texts.end());
  texts.insert(texts.begin(), {"loud.toml", kLoud});
  texts.front().toml.replace(texts.front().toml.find("threshold = 50"), 14, "threshold = 101");
  const auto after = rules(texts);
  ASSERT_NE(before->find("unusual_logon"), after->find("unusual_logon"));
  Restarts whole(*before, {}, 0, 0);
  read_logs({kDemo}, whole);
  whole.finish();
  Restarts changed(*before, {}, 0, 0);
  changed.change_at = 6'000;
  changed.change_to = after.get();
  read_logs({kDemo}, changed);
  changed.finish();
  EXPECT_TRUE(changed.loss.rules.empty());
  EXPECT_EQ(changed.said.by_rule, whole.said.by_rule);
  EXPECT_EQ(changed.baseline().fill().pairs.distinct_pairs,
            whole.baseline().fill().pairs.distinct_pairs);
}

TEST_F(PipelineReload, ALoudRuleKeepsItsPeriodItsCountsAndItsSummary) {
  const auto loud = rules(with_loud());
  for (const int every : {0, 7, 40}) {
    Restarts run(*loud, {}, every, 3);
    for (int i = 0; i < 300; ++i) {
      fail(run, "user" + std::to_string(i % 150), start_ + i * kSecondUs);
    }
    fail(run, "later", start_ + 3 * kHour);
    EXPECT_EQ(run.said.summaries, 1) << every;
    EXPECT_EQ(run.pipeline().counts().summed_up, 100U) << "50 users, twice";
    EXPECT_EQ(std::count(run.said.by_rule.begin(), run.said.by_rule.end(), "loud"),
              100 + 100 + 1 + 1)
        << "alerts, their updates, the summary, the one later";
  }
}

TEST_F(PipelineReload, ARuleThatNowJudgesOtherwiseTellsItsCountsAtOnce) {
  const auto loud = rules(with_loud());
  const auto changed = rules(with_loud("score = 60", "score = 61"));
  Restarts run(*loud, {}, 0, 0);
  for (int i = 0; i < 3; ++i) fail(run, "alice", start_ + i * kSecondUs);
  EXPECT_EQ(run.said.updates, 0);
  run.restart(*changed);
  EXPECT_EQ(run.loss.rules, std::vector<std::string>{"loud"});
  EXPECT_EQ(run.said.updates, 1);
  EXPECT_NE(run.said.all.back().find("2 more"), std::string::npos) << run.said.all.back();
  fail(run, "alice", start_ + 5 * kSecondUs);
  EXPECT_EQ(run.said.alerts, 2) << "a new judgement alerts anew";
}

TEST_F(PipelineReload, ALouderThresholdKeepsWhatWasTold) {
  const auto loud = rules(with_loud());
  const auto changed = rules(with_loud("threshold = 50", "threshold = 55"));
  Restarts run(*loud, {}, 0, 0);
  for (int i = 0; i < 3; ++i) fail(run, "alice", start_ + i * kSecondUs);
  run.restart(*changed);
  fail(run, "alice", start_ + 5 * kSecondUs);
  EXPECT_EQ(run.said.alerts, 1);
  run.finish();
  EXPECT_NE(run.said.all.back().find("3 more"), std::string::npos) << run.said.all.back();
}

TEST_F(PipelineReload, WhatARuleThatIsGoneHadToSayIsCountedAsLost) {
  const auto loud = rules(with_loud());
  const auto without = rules({builtin_rules().begin(), builtin_rules().end()});
  Restarts run(*loud, {}, 0, 0);
  for (int i = 0; i < 300; ++i) fail(run, "user" + std::to_string(i % 150), start_ + i * kSecondUs);
  run.restart(*without);
  EXPECT_EQ(run.loss.rules, std::vector<std::string>{"loud"});
  EXPECT_EQ(run.loss.untold_updates, 100U);
  EXPECT_EQ(run.loss.untold_summaries, 1U);
  fail(run, "alice", start_ + 2 * kHour);
  EXPECT_EQ(run.said.updates, 0);
}

TEST_F(PipelineReload, ARunningAgentTellsItBeforeTheRuleGoes) {
  const auto loud = rules(with_loud());
  const auto without = rules({builtin_rules().begin(), builtin_rules().end()});
  Restarts run(*loud, {}, 0, 0);
  for (int i = 0; i < 300; ++i) fail(run, "user" + std::to_string(i % 150), start_ + i * kSecondUs);
  run.pipeline().tell_before(*loud);
  EXPECT_EQ(run.said.updates + run.said.summaries, 0) << "nothing goes";
  run.pipeline().tell_before(*without);
  EXPECT_EQ(run.said.updates, 100);
  EXPECT_EQ(run.said.summaries, 1);
  run.restart(*without);
  EXPECT_EQ(run.loss.untold_updates, 0U);
  EXPECT_EQ(run.loss.untold_summaries, 0U);
}

TEST_F(PipelineReload, FailuresAreHeldBackOverARestart) {
  std::vector<RuleText> texts =
      rules_changed("rare_user", "event.outcome = \"success\"", "event.outcome = \"failure\"");
  const auto is_it = [](const RuleText& text) {
    return text.toml.find("id = \"rare_user\"") != std::string::npos;
  };
  texts = {*std::find_if(texts.begin(), texts.end(), is_it)};
  const auto one = rules(texts);
  std::vector<std::vector<std::uint8_t>> baselines;
  for (const bool restarts : {false, true}) {
    Restarts run(*one, {}, 0, 0);
    for (int i = 0; i < 30'000; ++i) fail(run, "alice", start_ + i * kSecondUs);
    fail(run, "mallory", start_ + 12 * kHour);
    EXPECT_EQ(run.pipeline().quarantined(), 1U);
    if (restarts) run.restart(*one);
    EXPECT_EQ(run.pipeline().quarantined(), 1U);
    fail(run, "alice", start_ + 8 * kDay);
    EXPECT_EQ(run.pipeline().quarantined(), 0U);
    baselines.push_back(run.finish());
  }
  EXPECT_EQ(baselines[0], baselines[1]);
}

TEST_F(PipelineTest, WhatIsHeldBackIsRemappedOrDropped) {
  start();
  const TimeUs monday = ordinary_weeks();
  logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
  ASSERT_EQ(pipeline_->quarantined(), 1U);
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  pipeline_->save(out);
  std::vector<Error> mistakes;
  const auto load = [&](const std::vector<RuleText>& texts, std::size_t held, std::uint64_t lost) {
    const RuleSet rules(texts, HashKey{}, mistakes);
    Pipeline other(rules, *baseline_, sink_, {});
    StateReader in(bytes);
    const PipelineLoss loss = other.load(in);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(other.quarantined(), held);
    EXPECT_EQ(loss.unlearned, lost);
  };
  load(rules_changed("rare_user", "", ""), 1, 0);
  std::vector<RuleText> only;
  for (const RuleText& text : builtin_rules()) {
    if (text.toml.find("detector = \"high_count\"") != std::string::npos) only.push_back(text);
  }
  load(only, 0, 1);
}

TEST_F(PipelineTest, AdvanceDoesWhatTheNextEventWouldFindDue) {
  PipelineOptions options;
  options.alerts_from = start_ + 14 * kDay;
  options.now = start_ + 60 * kDay;
  start(options);
  const TimeUs monday = ordinary_weeks();
  for (int i = 0; i < 5; ++i) {
    logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour + i * 600 * kSecondUs);
  }
  EXPECT_EQ(pipeline_->quarantined(), 1U + 4U);
  EXPECT_TRUE(sink_.updates.empty());
  pipeline_->advance(monday + kDay);
  EXPECT_TRUE(sink_.updates.empty());
  pipeline_->advance(monday + kDay + 4 * kHour);
  EXPECT_EQ(sink_.updates.size(), 1U);
  EXPECT_EQ(pipeline_->quarantined(), 5U);
  pipeline_->advance(kNoTime);
  pipeline_->advance(monday);  // never goes back
  pipeline_->advance(monday + 365 * kDay);
  EXPECT_EQ(pipeline_->quarantined(), 5U) << "ahead of the clock: nothing happens";
  pipeline_->advance(monday + 7 * kDay + 4 * kHour);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
  EXPECT_EQ(baseline_->newest(), baseline_->epoch_of(monday + 7 * kDay));
  EXPECT_EQ(pipeline_->counts().future, 0U) << "no event was refused";
}

}  // namespace
}  // namespace doorward
