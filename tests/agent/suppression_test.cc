// What is alike is held back, counted, and told.
#include "plugins/pipeline/suppression.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/allocations.h"

namespace doorward {
namespace {

constexpr TimeUs kHour = 3600 * kSecondUs;
constexpr TimeUs kDay = 24 * kHour;

struct Told {
  std::string id;
  std::string user;
  std::string source;
  std::string host;
  TimeUs first;
  TimeUs newest;
  std::uint32_t occurrences;
  bool operator==(const Told&) const = default;
};

class SuppressionTest : public testing::Test {
 protected:
  SuppressionTest() {
    rule_.id = "r";
    rule_.suppress_us = kDay;
    rule_.suppress_by = {*View::from_name("user.name"), *View::from_name("source.ip")};
  }

  Event event(const std::string& user, TimeUs time, const char* ip = "192.0.2.7") {
    users_.push_back(std::make_unique<std::string>(user));
    Event event;
    event.time = time;
    event[Field::user_name] = *users_.back();
    event[Field::source_address] = ip;
    event[Field::host_name] = "web-01";
    event.ip = *IpAddress::parse(ip);
    return event;
  }
  /// As the pipeline asks: true when an alert is raised.
  bool fire(const std::string& user, TimeUs time, double score = 50) {
    const Event one = event(user, time);
    if (suppression_.next_due() <= time) suppression_.tell_due(time);
    if (suppression_.holds_back(rule_, one, score)) return false;
    suppression_.remember(rule_, one, score, &rule_, id(user));
    return true;
  }
  static std::string id(const std::string& user) {
    return (user + std::string(32, '.')).substr(0, 32);
  }
  Told told(const std::string& user, TimeUs first, TimeUs newest, std::uint32_t occurrences) {
    return {id(user), user, "192.0.2.7", "web-01", first, newest, occurrences};
  }

  std::vector<std::unique_ptr<std::string>> users_;
  Rule rule_;
  std::vector<Told> told_;
  Suppression suppression_{[this](const AlertUpdate& update) {
    told_.push_back({std::string(update.id), std::string(update.user), std::string(update.source),
                     std::string(update.host), update.first, update.newest, update.occurrences});
  }};
};

TEST_F(SuppressionTest, OnceAPeriodTheCountIsToldAndNothingTwice) {
  EXPECT_TRUE(fire("a", 0));
  EXPECT_EQ(suppression_.next_due(), INT64_MAX) << "an alert alone has nothing to add";
  EXPECT_FALSE(fire("a", 1 * kHour));
  EXPECT_FALSE(fire("a", 2 * kHour));
  EXPECT_EQ(suppression_.next_due(), kDay);
  EXPECT_FALSE(fire("a", kDay - 1));
  EXPECT_TRUE(told_.empty());
  EXPECT_FALSE(fire("a", kDay));  // the update first, then one more
  ASSERT_EQ(told_, std::vector{told("a", 0, kDay - 1, 4)});
  // It goes on without a pause of a day: one update a day.
  for (int hour = 25; hour <= 72; ++hour) EXPECT_FALSE(fire("a", hour * kHour));
  EXPECT_EQ(told_, (std::vector{told("a", 0, kDay - 1, 4), told("a", 0, 47 * kHour, 28),
                                told("a", 0, 71 * kHour, 52)}));
  suppression_.tell_all();
  EXPECT_EQ(told_.back(), told("a", 0, 72 * kHour, 53));
  suppression_.tell_all();
  EXPECT_EQ(told_.size(), 4U);
  EXPECT_EQ(suppression_.next_due(), INT64_MAX);
}

TEST_F(SuppressionTest, TheWindowHoldsToItsLastMicrosecond) {
  EXPECT_TRUE(fire("a", 0));
  EXPECT_FALSE(fire("a", kDay));
  EXPECT_FALSE(fire("a", 2 * kDay)) << "since its newest repetition";
  EXPECT_TRUE(fire("a", 3 * kDay + 1));
  EXPECT_EQ(told_.back(), told("a", 0, 2 * kDay, 3)) << "before the new alert";
  suppression_.tell_all();
  EXPECT_EQ(told_.back().occurrences, 3U) << "the new alert stands for itself";
}

TEST_F(SuppressionTest, ClearlyWorseIsANewAlertAndTheOldCountIsTold) {
  EXPECT_TRUE(fire("a", 0, 50));
  EXPECT_FALSE(fire("a", 1, 50 + Rule{}.worse_by - 0.01));
  EXPECT_TRUE(fire("a", 2, 50 + Rule{}.worse_by));
  EXPECT_EQ(told_, std::vector{told("a", 0, 1, 2)});
  EXPECT_FALSE(fire("a", 3, 50 + Rule{}.worse_by));
}

TEST_F(SuppressionTest, WhatVariesInWhatIsAlikeIsTold) {
  rule_.suppress_by = {*View::from_name("user.name")};
  std::vector<std::string> sentences;
  Suppression suppression([&](const AlertUpdate& update) {
    sentences.push_back(update_sentence(update));
    EXPECT_FALSE(update.other_users);
    EXPECT_FALSE(update.other_hosts);
  });
  const std::string long_name(90, 'n');
  for (const std::string& user : {std::string("root"), long_name}) {
    suppression.remember(rule_, event(user, 0), 50, &rule_, id("a"));
    EXPECT_TRUE(suppression.holds_back(rule_, event(user, 1), 50));
    suppression.tell_all();
    EXPECT_EQ(sentences.back().find("other"), std::string::npos) << sentences.back();
    EXPECT_TRUE(suppression.holds_back(rule_, event(user, 2, "198.51.100.4"), 50));
    EXPECT_TRUE(suppression.holds_back(rule_, event(user, 3), 50));
    suppression.tell_all();
    EXPECT_NE(sentences.back().find(": 3 more like the alert of "), std::string::npos);
    EXPECT_NE(sentences.back().find(" from 192.0.2.7 and other addresses to web-01, the last at "),
              std::string::npos)
        << sentences.back();
  }
}

TEST_F(SuppressionTest, ValuesAreApart) {
  EXPECT_TRUE(fire("a", 0));
  EXPECT_TRUE(fire("b", 0));
  const Event other = event("a", 0, "192.0.2.8");
  EXPECT_FALSE(suppression_.holds_back(rule_, other, 50));
  for (const char* ip : {"::", "0.0.0.0", "c000:207::"}) {
    const Event one = event("ip", 0, ip);
    EXPECT_FALSE(suppression_.holds_back(rule_, one, 50)) << ip;
    suppression_.remember(rule_, one, 50, &rule_, id("ip"));
  }
  EXPECT_FALSE(suppression_.holds_back(rule_, event("ip", 0), 50)) << "192.0.2.7 is not c000:207::";
  Rule another = rule_;
  another.id = "s";
  EXPECT_FALSE(suppression_.holds_back(another, event("a", 0), 50));
  EXPECT_FALSE(fire("a", 1));
}

TEST_F(SuppressionTest, WhatIsForgottenIsToldFirst) {
  // Far more than it remembers, each with one repetition.
  constexpr int kAlerts = 20'000;
  for (int i = 0; i < kAlerts; ++i) {
    const std::string user = "u" + std::to_string(i);
    EXPECT_TRUE(fire(user, 2 * i));
    EXPECT_FALSE(fire(user, 2 * i + 1));
  }
  EXPECT_GE(told_.size(), kAlerts - kSuppressionSets * kSuppressionWays);
  suppression_.tell_all();
  ASSERT_EQ(told_.size(), static_cast<std::size_t>(kAlerts));
  std::set<std::string> users;
  for (const Told& one : told_) {
    EXPECT_EQ(one.occurrences, 2U);
    users.insert(one.user);
  }
  EXPECT_EQ(users.size(), static_cast<std::size_t>(kAlerts)) << "each once";
}

TEST_F(SuppressionTest, WhatWasNotHandedOnHasNoUpdate) {
  const Event one = event("a", 0);
  suppression_.remember(rule_, one, 50, nullptr, {});
  EXPECT_TRUE(suppression_.holds_back(rule_, one, 50));
  suppression_.tell_all();
  EXPECT_TRUE(told_.empty());
}

TEST_F(SuppressionTest, LongNamesAreCutAndLeaveRoomForTheOthers) {
  const std::string name(100'000, 'x');
  EXPECT_TRUE(fire(name, 0));
  EXPECT_FALSE(fire(name, 1));
  suppression_.tell_all();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].user, name.substr(0, kKeptTextBytes / 2 - 8));
  EXPECT_EQ(told_[0].source, "192.0.2.7");
  EXPECT_EQ(told_[0].host, "web-01");
}

TEST_F(SuppressionTest, HoldingBackAllocatesNothing) {
  EXPECT_TRUE(fire("a-name-of-more-than-fifteen-bytes", 0));
  const Event again = event("a-name-of-more-than-fifteen-bytes", 1);
  const std::uint64_t before = allocations();
  bool held = true;
  for (int i = 0; i < 100; ++i) held = held && suppression_.holds_back(rule_, again, 50);
  EXPECT_EQ(allocations(), before);
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace doorward
