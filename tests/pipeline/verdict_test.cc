// What an analyst's verdict on an alert does to what was held back from learning.
#include "tests/agent/office.h"

namespace doorward {
namespace {

class VerdictTest : public PipelineTest {
 protected:
  /// Ordinary weeks, then a logon of alice's that alerts. Gives the alert's id.
  std::string alert() {
    PipelineOptions options;
    options.alerts_from = start_ + 14 * kDay;
    start(options);
    monday_ = ordinary_weeks();
    travel(0);
    EXPECT_EQ(sink_.alerts.size(), 1U);
    EXPECT_EQ(pipeline_->quarantined(), 1U);
    return sink_.alerts.empty() ? std::string() : sink_.alerts[0].id;
  }
  /// Alice, from where she never was, to where she never was, at night.
  void travel(int day, TimeUs later = 0) {
    logon("alice", "203.0.113.9", "db-04", monday_ + day * kDay + 3 * kHour + later);
  }
  /// A working day of alice's as ever.
  void ordinary_day(int day) {
    for (int hour = 9; hour < 17; ++hour) {
      logon("alice", "10.1.4.20", "web-01", monday_ + day * kDay + hour * kHour);
    }
  }
  /// Saved, thrown away and read back.
  void restart() {
    std::vector<std::uint8_t> bytes;
    StateWriter out(bytes);
    pipeline_->save(out);
    pipeline_.emplace(rules_, *baseline_, sink_, PipelineOptions{});
    StateReader in(bytes);
    pipeline_->load(in);
    ASSERT_TRUE(in.done());
  }

  TimeUs monday_ = 0;
};

TEST_F(VerdictTest, AFalsePositiveIsLearnedAtOnce) {
  const std::string id = alert();
  EXPECT_EQ(pipeline_->verdict(id, true), 1U);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
  EXPECT_EQ(pipeline_->counts().verdict_learned, 1U);
  // Three days later nothing holds the next one back but that it is known.
  travel(3);
  EXPECT_EQ(sink_.alerts.size(), 1U);
}

TEST_F(VerdictTest, WithoutAVerdictTheNextOneAlerts) {
  alert();
  travel(3);
  EXPECT_EQ(sink_.alerts.size(), 2U);
}

TEST_F(VerdictTest, ATruePositiveIsNeverLearned) {
  const std::string id = alert();
  EXPECT_EQ(pipeline_->verdict(id, false), 1U);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
  EXPECT_EQ(pipeline_->counts().verdict_dropped, 1U);
  const double before = sink_.alerts[0].score;
  for (const int day : {0, 1, 2, 3, 4, 7, 8}) ordinary_day(day);
  travel(9);  // more than an epoch later
  ASSERT_EQ(sink_.alerts.size(), 2U);
  EXPECT_GE(sink_.alerts[1].score, before * 0.9);
}

TEST_F(VerdictTest, WithoutAVerdictAnEpochLaterItIsLearnedOnce) {
  alert();
  const double before = sink_.alerts[0].score;
  for (const int day : {0, 1, 2, 3, 4, 7, 8}) ordinary_day(day);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
  travel(9);
  // One logon is known of, and still rare.
  ASSERT_EQ(sink_.alerts.size(), 2U);
  EXPECT_LT(sink_.alerts[1].score, before * 0.8);
}

TEST_F(VerdictTest, RepetitionsBelongToTheAlertThatHeldThemBack) {
  const std::string id = alert();
  for (int i = 1; i <= 4; ++i) travel(0, i * 600 * kSecondUs);
  EXPECT_EQ(sink_.alerts.size(), 1U);
  EXPECT_EQ(pipeline_->quarantined(), 5U);
  EXPECT_EQ(pipeline_->verdict(id, false), 5U);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
  // And those that come after the verdict, while the alert is remembered.
  travel(0, 3600 * kSecondUs);
  EXPECT_EQ(pipeline_->counts().held_back, 5U);
  EXPECT_EQ(pipeline_->quarantined(), 0U);
}

TEST_F(VerdictTest, ASecondVerdictDoesNothing) {
  const std::string id = alert();
  EXPECT_EQ(pipeline_->verdict(id, true), 1U);
  EXPECT_EQ(pipeline_->verdict(id, true), 0U);
  EXPECT_EQ(pipeline_->verdict(id, false), 0U);
  EXPECT_EQ(pipeline_->counts().verdict_learned, 1U);
  EXPECT_EQ(pipeline_->counts().verdict_dropped, 0U);
}

TEST_F(VerdictTest, OtherAlertsAndWhatIsNoIdTouchNothing) {
  const std::string id = alert();
  logon("bob", "203.0.113.77", "web-02", monday_ + 4 * kHour);
  ASSERT_EQ(sink_.alerts.size(), 2U);
  EXPECT_EQ(pipeline_->quarantined(), 2U);
  for (const std::string& other :
       {std::string(), std::string("x"), std::string(32, '0'), std::string(32, 'g'),
        std::string(32, 'f'), id + "0", id.substr(1), "-" + id.substr(1), "+" + id.substr(1)}) {
    EXPECT_EQ(pipeline_->verdict(other, true), 0U) << other;
    EXPECT_EQ(pipeline_->verdict(other, false), 0U) << other;
  }
  EXPECT_EQ(pipeline_->verdict(id, false), 1U);
  EXPECT_EQ(pipeline_->quarantined(), 1U);
}

TEST_F(VerdictTest, SurvivesARestart) {
  const std::string id = alert();
  travel(0, 600 * kSecondUs);
  restart();
  EXPECT_EQ(pipeline_->quarantined(), 2U);
  EXPECT_EQ(pipeline_->verdict(id, false), 2U);
  restart();
  EXPECT_EQ(pipeline_->counts().verdict_dropped, 2U);
  EXPECT_EQ(pipeline_->verdict(id, false), 0U);
  travel(0, 1200 * kSecondUs);
  EXPECT_EQ(sink_.alerts.size(), 1U);
  EXPECT_EQ(pipeline_->quarantined(), 0U) << "alike to an alert that is never to be learned";
}

}  // namespace
}  // namespace doorward
