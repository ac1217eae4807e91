// A burst is told once, in the middle of it, and hides nothing else that happens on its host.
#include <gtest/gtest.h>

#include <set>

#include "plugins/alert.h"
#include "plugins/pipeline/pipeline.h"
#include "tests/detectors/rates/rate_stand.h"

namespace doorward {
namespace {

class RatePipeline : public testing::Test, public PipelineSink {
 protected:
  RatePipeline()
      : rules_(rules_of(some_rules())),
        baseline_(std::move(Baseline::make({})).value()),
        pipeline_(rules_, baseline_, *this, options()) {
    for (int i = 0; i < 14 * 96; ++i) {
      take(start_time() + i * 15 * kMinuteUs, "alice");
      take(start_time() + i * 15 * kMinuteUs + kMinuteUs, "bob");
      take(start_time() + i * 15 * kMinuteUs + 2 * kMinuteUs, "carol");
    }
  }
  /// Of the same risk, so that the score decides which of them speaks.
  static std::vector<RuleText> some_rules() {
    const std::set<std::string> some = {
        "rules/high_count_logons.toml", "rules/high_count_logon_failures.toml",
        "rules/suspicious_login_activity.toml", "rules/rare_user.toml"};
    std::vector<RuleText> texts;
    for (const RuleText& text : builtin_rules()) {
      if (some.contains(text.file)) texts.push_back(text);
    }
    return texts;
  }
  static PipelineOptions options() {
    PipelineOptions out;
    out.alerts_from = start_time() + 14 * kDayUs;
    return out;
  }

  void on_alert(const Alert& alert) override {
    rules_told_.push_back(alert.primary.rule->id);
    sentences_.push_back(alert_sentence(alert));
  }
  void take(TimeUs time, std::string_view user, Outcome outcome = Outcome::success) {
    pipeline_.on_event(attempt(time, user, "10.1.2.3", "web-01", outcome));
  }
  [[nodiscard]] int told(std::string_view rule) const {
    return static_cast<int>(std::count(rules_told_.begin(), rules_told_.end(), rule));
  }

  RuleSet rules_;
  Baseline baseline_;
  Pipeline pipeline_;
  std::vector<std::string> rules_told_;
  std::vector<std::string> sentences_;
};

TEST_F(RatePipeline, ABurstIsToldOnceAndHidesNobody) {
  const TimeUs burst = start_time() + 14 * kDayUs;
  for (int i = 0; i < 300; ++i) {
    take(burst + i * kSecondUs, i == 200 ? "stranger" : "alice");
    if (i == 199) {
      EXPECT_EQ(told("high_count_logons"), 1);
      EXPECT_EQ(rules_told_.size(), 1U);
      EXPECT_NE(sentences_[0].find(
                    " logons on web-01 within 15 min, usual at this hour is 3 (less than 1 in "),
                std::string::npos)
          << sentences_[0];
    }
  }
  EXPECT_EQ(told("high_count_logons"), 1);
  EXPECT_EQ(told("rare_user"), 1) << "the stranger in the burst";
  EXPECT_EQ(told("suspicious_login_activity"), 0) << "it has nothing to add";
}

TEST_F(RatePipeline, ABurstOfFailuresIsToldByTheRuleOfFailures) {
  const TimeUs burst = start_time() + 14 * kDayUs;
  for (int i = 0; i < 300; ++i) {
    take(burst + i * kSecondUs, "alice", Outcome::failure);
    // Somebody who comes to work meanwhile has nothing to do with it.
    if (i == 200) take(burst + i * kSecondUs, "bob");
  }
  EXPECT_EQ(told("high_count_logon_failures"), 1);
  EXPECT_EQ(rules_told_.size(), 1U) << "the same, said twice";
}

TEST_F(RatePipeline, WhatIsManyOnlyTogetherIsToldByTheRuleOfBoth) {
  const TimeUs burst = start_time() + 14 * kDayUs;
  for (int i = 0; i < 60 && rules_told_.empty(); ++i) {
    take(burst + i * kSecondUs, "alice", i % 3 == 0 ? Outcome::success : Outcome::failure);
  }
  ASSERT_FALSE(rules_told_.empty());
  EXPECT_EQ(rules_told_[0], "suspicious_login_activity");
}

}  // namespace
}  // namespace doorward
