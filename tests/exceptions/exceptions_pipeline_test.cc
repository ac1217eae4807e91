// Exceptions at work: what is silent, what still alerts, and what is learned.
#include "tests/agent/office.h"
#include "tests/exceptions/written.h"

namespace doorward {
namespace {

class ExceptionsTest : public PipelineTest {
 protected:
  /// Four ordinary weeks under these exceptions; gives the Monday after.
  TimeUs weeks_under(const std::string& toml) {
    written_.emplace(toml);
    EXPECT_TRUE(written_->mistakes.empty()) << written_->messages()[0];
    PipelineOptions options;
    options.alerts_from = start_ + 14 * kDay;
    options.exceptions = &written_->set;
    start(options);
    return ordinary_weeks();
  }
  static std::string silence(const std::string& rule) {
    return "[[exception]]\nname = \"pentest\"\nrule = " + rule +
           "\nsource.ip = \"203.0.113.0/24\"\n" + kWhy;
  }

  std::optional<Written> written_;
};

TEST_F(ExceptionsTest, SilenceTheirRulesAndTeachAtOnce) {
  const TimeUs monday = weeks_under(silence("\"*\""));
  EXPECT_EQ(pipeline_->counts().excepted, 0U);
  const double before = baseline_->fill().pairs.distinct_pairs;
  logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
  EXPECT_TRUE(sink_.alerts.empty());
  EXPECT_EQ(pipeline_->counts().excepted, 1U);
  EXPECT_EQ(written_->set.count(0).silenced, 1U);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
  EXPECT_GT(baseline_->fill().pairs.distinct_pairs, before) << "it is ordinary from now on";
  EXPECT_EQ(pipeline_->counts().held_back, 0U);
  // An address outside alerts as ever.
  logon("bob", "203.0.114.9", "web-09", monday + 4 * kHour);
  EXPECT_EQ(sink_.alerts.size(), 1U);
  EXPECT_EQ(pipeline_->counts().excepted, 1U);
}

TEST_F(ExceptionsTest, OtherRulesOnTheSameEventStillAlert) {
  // A rule for addresses that fires sooner than the built-in one.
  std::vector<RuleText> texts(builtin_rules().begin(), builtin_rules().end());
  for (RuleText& text : texts) {
    if (text.toml.find("id = \"rare_source_ip_for_user\"") == std::string::npos) continue;
    const std::size_t at = text.toml.find("\nthreshold = ");
    ASSERT_NE(at, std::string::npos);
    text.toml.replace(at, text.toml.find('\n', at + 1) - at, "\nthreshold = 10");
  }
  rules_ = RuleSet(texts, HashKey{}, mistakes_);
  const TimeUs monday = weeks_under(silence("\"unusual_logon\""));
  logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
  ASSERT_EQ(sink_.alerts.size(), 1U);
  EXPECT_EQ(sink_.alerts[0].rule, "rare_source_ip_for_user");
  EXPECT_EQ(pipeline_->counts().excepted, 1U);
  logon("bob", "203.0.114.9", "db-04", monday + 3 * kHour);
  ASSERT_EQ(sink_.alerts.size(), 2U);
  EXPECT_EQ(sink_.alerts[1].rule, "unusual_logon");
}

TEST_F(ExceptionsTest, WhatTheJointRuleMayNotSpeakOfIsNotCountedAsOrdinary) {
  const auto counted = [&] {
    std::uint64_t sum = 0;
    for (const auto bin : baseline_->histograms().read(hash_text(HashKey{}, "unusual_logon"))) {
      sum += bin;
    }
    return sum;
  };
  const TimeUs monday = weeks_under(silence("\"*\""));
  const std::uint64_t before = counted();
  EXPECT_GT(before, 0U);
  logon("alice", "203.0.113.9", "db-04", monday + 3 * kHour);
  EXPECT_EQ(pipeline_->counts().excepted, 1U);
  EXPECT_EQ(counted(), before);
  logon("alice", "10.1.4.20", "web-01", monday + 9 * kHour);
  EXPECT_EQ(counted(), before + 1);
}

TEST_F(ExceptionsTest, ExpiredOnesAreSilentThemselves) {
  const TimeUs monday = weeks_under(
      "[[exception]]\nname = \"old\"\nrule = \"*\"\nsource.ip = \"203.0.113.0/24\"\n"
      "reason = \"r\"\nowner = \"o\"\nexpires = 2026-03-29\n");
  ASSERT_EQ(monday, *parse_time("2026-03-30"));
  logon("alice", "203.0.113.9", "db-04", monday - 1 * kSecondUs);
  EXPECT_TRUE(sink_.alerts.empty());
  logon("bob", "203.0.113.10", "hr-01", monday);
  EXPECT_EQ(sink_.alerts.size(), 1U);
  EXPECT_EQ(written_->set.count(0).silenced, 1U);
  EXPECT_EQ(written_->set.count(0).too_late, 1U);
}

}  // namespace
}  // namespace doorward
