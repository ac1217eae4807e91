// A hundred alerts of a rule in a quarter of an hour, and the others in one summary.
#include "plugins/pipeline/alert_caps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "plugins/time_text.h"

namespace doorward {
namespace {

struct Told {
  std::string rule;
  std::string id;
  std::string sentence;
  std::uint64_t count;
  TimeUs first;
  TimeUs newest;
  double sources;
  double users;
  double score;
};

class AlertCapsTest : public testing::Test {
 protected:
  AlertCapsTest() {
    rules_[0].id = "password_spraying";
    rules_[1].id = "rare_user";
  }
  bool fire(std::size_t rule, TimeUs time, const std::string& user = "root",
            const std::string& ip = "203.0.113.9", double score = 50) {
    Event event;
    event.time = time;
    event[Field::user_name] = user;
    event.ip = *IpAddress::parse(ip);
    if (caps_.next_due() <= time) caps_.tell_due(time);
    return caps_.admit(rule, rules_[rule], event, score);
  }

  std::array<Rule, 2> rules_;
  std::vector<Told> told_;
  AlertCaps caps_{2, [this](const AlertSummary& s) {
                    told_.push_back({s.rule.id, std::string(s.id), summary_sentence(s), s.count,
                                     s.first, s.newest, s.sources, s.users, s.score});
                  }};
  TimeUs noon_ = *parse_time("2026-11-20T12:00:00Z");
};

TEST_F(AlertCapsTest, TheHundredAndFirstIsSummedUp) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(fire(0, noon_ + i * kSecondUs)) << i;
  EXPECT_EQ(caps_.next_due(), INT64_MAX);
  EXPECT_FALSE(fire(0, noon_ + 100 * kSecondUs, "root", "203.0.113.9", 60));
  EXPECT_TRUE(fire(1, noon_ + 100 * kSecondUs)) << "each rule for itself";
  EXPECT_FALSE(fire(0, noon_ + kAlertPeriodUs - 1, "root"));
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(caps_.next_due(), noon_ + kAlertPeriodUs);
  EXPECT_TRUE(fire(0, noon_ + kAlertPeriodUs)) << "a new quarter of an hour";
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].rule, "password_spraying");
  EXPECT_EQ(told_[0].count, 2U);
  EXPECT_EQ(told_[0].score, 60);
  EXPECT_EQ(told_[0].sentence,
            "password_spraying: 2 further alerts between 2026-11-20T12:01:40Z and "
            "2026-11-20T12:14:59Z, from 1 address (203.0.113.9 2 times) for 1 user (root 2 times)");
  caps_.tell_all();
  EXPECT_EQ(told_.size(), 1U) << "nothing was beyond in the second";
}

TEST_F(AlertCapsTest, PeriodsAreOfTheClockAndLateEventsCountInTheCurrentOne) {
  const TimeUs late = noon_ + kAlertPeriodUs - kSecondUs;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(fire(0, late));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(fire(0, noon_ + kAlertPeriodUs));
  EXPECT_FALSE(fire(0, noon_ - 10 * kAlertPeriodUs)) << "not a way around";
  caps_.tell_all();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].first, noon_ - 10 * kAlertPeriodUs);
  EXPECT_EQ(told_[0].newest, told_[0].first);
}

TEST_F(AlertCapsTest, ASummaryCountsAllAndNamesTheFrequent) {
  for (int i = 0; i < 100; ++i) fire(0, noon_);
  // 9,000 more: a third from one address, 800 addresses and 77 users in all.
  for (int i = 0; i < 9'000; ++i) {
    const std::string ip =
        i % 3 == 0 ? "198.51.100.1"
                   : "10.1." + std::to_string(i % 799 / 250) + "." + std::to_string(i % 799 % 250);
    EXPECT_FALSE(fire(0, noon_ + i, "user" + std::to_string(i % 77), ip));
  }
  caps_.tell_all();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].count, 9'000U);
  EXPECT_NEAR(told_[0].sources, 800, 800 * 0.1);
  EXPECT_NEAR(told_[0].users, 77, 3);
  EXPECT_EQ(told_[0].first, noon_);
  EXPECT_EQ(told_[0].newest, noon_ + 8'999);
  EXPECT_NE(told_[0].sentence.find("password_spraying: 9,000 further alerts"), std::string::npos);
  EXPECT_NE(told_[0].sentence.find(" addresses (198.51.100.1 3,000 times"), std::string::npos)
      << told_[0].sentence;
}

TEST_F(AlertCapsTest, TenMillionNamesTakeNoMoreRoom) {
  for (int i = 0; i < 100; ++i) fire(0, noon_);
  const std::string long_name(100'000, 'x');
  for (int i = 0; i < 200'000; ++i) {
    fire(0, noon_ + i, "forged" + std::to_string(i) + (i % 1000 == 0 ? long_name : ""),
         "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
             std::to_string(i & 255));
  }
  caps_.tell_all();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].count, 200'000U);
  EXPECT_NEAR(told_[0].sources, 200'000, 20'000);
  EXPECT_EQ(told_[0].sentence.find(" times"), std::string::npos) << "none is frequent";
}

TEST_F(AlertCapsTest, TheSameLogGivesTheSameIdAndAnotherPeriodAnother) {
  std::vector<std::string> ids;
  for (int run = 0; run < 2; ++run) {
    for (int period = 0; period < 2; ++period) {
      for (int i = 0; i < 101; ++i) fire(0, noon_ + period * kAlertPeriodUs + i);
    }
    caps_.tell_all();
  }
  ASSERT_EQ(told_.size(), 4U);
  EXPECT_EQ(told_[0].id.size(), 32U);
  EXPECT_EQ(told_[0].id, told_[2].id);
  EXPECT_EQ(told_[1].id, told_[3].id);
  EXPECT_NE(told_[0].id, told_[1].id);
}

TEST(TopNames, KeepTheFrequentThroughAFloodOfOthers) {
  TopNames top;
  for (int i = 0; i < 8'000; ++i) {
    top.add("flood" + std::to_string(i));
    if (i % 4 == 0) top.add("often");
    if (i % 5 == 0) top.add("a bit less");
  }
  std::array<Frequent, 2> out;
  ASSERT_GE(top.read(out), 2U);
  EXPECT_EQ(out[0].name, "often");
  EXPECT_EQ(out[1].name, "a bit less");
  EXPECT_LE(out[0].count, 2'000U) << "at least, never too many";
  EXPECT_GE(out[0].count, 1'900U);
  EXPECT_EQ(TopNames().read(out), 0U);
}

}  // namespace
}  // namespace doorward
