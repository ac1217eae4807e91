// What a pipeline tells beside alerts, and what floods cannot do to it.
#include "plugins/ecs_document.h"
#include "tests/agent/office.h"

namespace doorward {
namespace {

/// A rule that fires on every event of an action, so that floods are easy to make.
constexpr const char* kEveryFailure = R"(
id = "every_failure"
name = "Every failure"
description = "Fires on a user who is new among failures."
detector = "rare"
threshold = 0
suppress_by = ["user.name"]
[when]
event.outcome = "failure"
[rare]
partition = "fleet"
by = "user.name"
)";

class Notes final : public PipelineSink {
 public:
  void on_alert(const Alert& alert) override {
    ++alerts;
    last_id = alert_id(alert.event, *alert.primary.rule);
  }
  void on_update(const AlertUpdate& update) override {
    updates.emplace_back();
    append_update_document(update, updates.back());
  }
  void on_summary(const AlertSummary& summary) override {
    summaries.emplace_back();
    append_summary_document(summary, summaries.back());
  }
  int alerts = 0;
  std::string last_id;
  std::vector<std::string> updates;
  std::vector<std::string> summaries;
};

class PipelineNotesTest : public testing::Test {
 protected:
  void start(const PipelineOptions& options = {}) {
    const RuleText text{"every.toml", kEveryFailure};
    rules_.emplace(std::span(&text, 1), HashKey{}, mistakes_);
    ASSERT_TRUE(mistakes_.empty()) << mistakes_[0].message();
    baseline_.emplace(std::move(Baseline::make({})).value());
    pipeline_.emplace(*rules_, *baseline_, sink_, options);
    // Something to be new among.
    fail("first", noon_ - kDay);
    fail("first", noon_ - kDay);
  }
  void fail(const std::string& user, TimeUs time) {
    Event event;
    event.time = time;
    event.outcome = Outcome::failure;
    event[Field::user_name] = user;
    event[Field::host_name] = "web-01";
    event[Field::source_address] = "203.0.113.9";
    event.ip = *IpAddress::parse("203.0.113.9");
    pipeline_->on_event(event);
  }

  std::vector<Error> mistakes_;
  std::optional<RuleSet> rules_;
  std::optional<Baseline> baseline_;
  Notes sink_;
  std::optional<Pipeline> pipeline_;
  TimeUs noon_ = *parse_time("2026-11-20T12:00:00Z");
};

TEST_F(PipelineNotesTest, EveryAlertIsRaisedHeldBackOrSummedUpAndAllIsTold) {
  start();
  const int before = sink_.alerts;
  const auto held = [&] { return pipeline_->counts().held_back; };
  const std::uint64_t held_before = held();
  for (int i = 0; i < 5'000; ++i) fail("user" + std::to_string(i % 1'000), noon_ + i * 1'000);
  EXPECT_EQ(sink_.alerts - before, 100);
  EXPECT_EQ(held() - held_before, 400U) << "what is alike to the hundred";
  EXPECT_EQ(pipeline_->counts().summed_up, 4'500U);
  EXPECT_TRUE(sink_.summaries.empty());
  fail("first", noon_ + kAlertPeriodUs);
  ASSERT_EQ(sink_.summaries.size(), 1U);
  EXPECT_NE(sink_.summaries[0].find("\"message\":\"every_failure: 4,500 further alerts between "
                                    "2026-11-20T12:00:00Z and 2026-11-20T12:00:04Z, from 1 address "
                                    "(203.0.113.9 4,500 times) for about "),
            std::string::npos)
      << sink_.summaries[0];
  EXPECT_NE(sink_.summaries[0].find("\"summary\":true,\"occurrences\":4500,"), std::string::npos);
  EXPECT_TRUE(sink_.updates.empty());
  pipeline_->finish();
  EXPECT_EQ(sink_.updates.size(), 100U);
  EXPECT_EQ(pipeline_->counts().updates, 100U);
  EXPECT_EQ(pipeline_->counts().summaries, 1U);
  pipeline_->finish();
  EXPECT_EQ(sink_.updates.size() + sink_.summaries.size(), 101U);
}

TEST_F(PipelineNotesTest, AnUpdateNamesTheAlertItBelongsTo) {
  start();
  fail("mallory", noon_);
  const std::string id = sink_.last_id;
  for (int i = 1; i <= 4; ++i) fail("mallory", noon_ + i * kHour);
  fail("first", noon_ + kDay);
  EXPECT_EQ(sink_.updates.back(),
            "{\"@timestamp\":\"2026-11-20T16:00:00.000000Z\",\"message\":\"every_failure: 4 more "
            "like the alert of 2026-11-20T12:00:00Z on mallory from 203.0.113.9 to web-01, the "
            "last at 2026-11-20T16:00:00Z\",\"event\":{\"kind\":\"alert\",\"id\":\"" +
                id +
                "\",\"start\":\"2026-11-20T12:00:00.000000Z\",\"end\":"
                "\"2026-11-20T16:00:00.000000Z\",\"risk_score\":21,\"severity\":21},\"rule\":{"
                "\"id\":\"every_failure\",\"name\":\"Every failure\",\"version\":\"1\"},\"user\":{"
                "\"name\":\"mallory\"},\"source\":{\"address\":\"203.0.113.9\"},\"host\":{\"name\":"
                "\"web-01\"},\"doorward\":{\"score\":" +
                sink_.updates.back().substr(sink_.updates.back().find("\"score\":") + 8,
                                            sink_.updates.back().find(",\"update\"") -
                                                sink_.updates.back().find("\"score\":") - 8) +
                ",\"update\":true,\"occurrences\":5}}");
}

TEST_F(PipelineNotesTest, AlertsBelowTheLeastScoreHaveNoUpdatesAndTakeNoPlaces) {
  PipelineOptions options;
  options.min_score = 99;
  start(options);
  for (int i = 0; i < 500; ++i) fail("user" + std::to_string(i % 250), noon_ + i);
  pipeline_->finish();
  EXPECT_EQ(sink_.alerts, 0);
  EXPECT_TRUE(sink_.updates.empty());
  EXPECT_TRUE(sink_.summaries.empty());
  EXPECT_EQ(pipeline_->counts().summed_up, 0U);
  EXPECT_GE(pipeline_->counts().below_min_score, 250U);
}

class FloodTest : public PipelineTest {};

TEST_F(FloodTest, FailuresDoNotTakeThePlacesOfSuccessesInQuarantine) {
  // A rule on failures whose alerts would be held back from learning.
  std::vector<RuleText> texts;
  for (const RuleText& text : builtin_rules()) {
    const bool quiet = text.toml.find("detector = \"rare\"") != std::string::npos ||
                       text.toml.find("detector = \"joint\"") != std::string::npos;
    if (quiet) texts.push_back(text);  // the others would alert on the flood as well
  }
  std::string loud = kEveryFailure;
  loud.replace(loud.find("threshold = 0"), 13, "threshold = 60");
  loud.replace(loud.find("by = \"user.name\"\n"), 17,
               "by = \"user.name\"\ndiscount = 0.01\ntheta = 0.001\n");
  texts.push_back({"loud.toml", loud});
  rules_ = RuleSet(texts, HashKey{}, mistakes_);
  ASSERT_TRUE(mistakes_.empty()) << mistakes_[0].message();
  PipelineOptions options;
  options.alerts_from = start_ + 14 * kDay;
  start(options);
  for (int i = 0; i < 20'000; ++i) {
    logon("known", "198.51.100.7", "web-01", start_ + i * kSecondUs, Outcome::failure);
  }
  const TimeUs monday = ordinary_weeks();
  for (int i = 0; i < 5'000; ++i) {
    logon("forged" + std::to_string(i), "198.51.100.7", "web-01", monday + i, Outcome::failure);
  }
  EXPECT_EQ(pipeline_->quarantined(), kQuarantineFailuresMax);
  const std::uint64_t full = pipeline_->counts().quarantine_full;
  EXPECT_EQ(full, 5'000 - kQuarantineFailuresMax);
  logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
  EXPECT_EQ(pipeline_->quarantined(), kQuarantineFailuresMax + 1);
  EXPECT_EQ(pipeline_->counts().quarantine_full, full);
}

}  // namespace
}  // namespace doorward
