// The built-in rules on guessing: after how many events each speaks, on nothing, on a fortnight of
// ordinary life, and hidden in a flood.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "tests/detectors/rates/rate_stand.h"

namespace doorward {
namespace {

constexpr std::array<std::string_view, 12> kDictionary = {"admin", "test",  "user", "oracle",
                                                          "pi",    "guest", "ftp",  "www",
                                                          "info",  "demo",  "temp", "nagios"};

class Attacks : public testing::Test {
 protected:
  Attacks() : rules_(rules_of({builtin_rules().begin(), builtin_rules().end()})), stand_(rules_) {}

  void take(TimeUs time, const std::string& user, const std::string& address,
            const std::string& host, Outcome outcome, bool exists = true) {
    Event event = attempt(time, user, address, host, outcome);
    if (!exists) event[Field::account] = "invalid";
    stand_.take(event);
    ++events_;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const std::string& id = rules_.rule(i).id;
      if (stand_.fired(id)) first_.emplace(id, events_);
    }
  }

  /// People who log on, mistype now and then, and bots that guess at root and at a dictionary.
  void fortnight() {
    std::mt19937 random(7);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    std::multimap<TimeUs, std::function<void()>> plan;
    for (int day = 0; day < 14; ++day) {
      const TimeUs midnight = start_time() + day * kDayUs;
      for (int i = 0; i < 400; ++i) {
        const std::string user = "person" + std::to_string(below(40));
        const std::string host = "host-" + std::to_string(below(10));
        const std::string address = "10.1.4." + std::to_string(below(200));
        const TimeUs time = midnight + 8 * kHourUs + TimeUs{below(600)} * kMinuteUs;
        const std::uint32_t wrong = below(20) == 0 ? 1 + below(3) : 0;
        for (std::uint32_t w = 0; w < wrong; ++w) {
          plan.emplace(time + w * 5 * kSecondUs, [=, this] {
            take(time + w * 5 * kSecondUs, user, address, host, Outcome::failure);
          });
        }
        plan.emplace(time + kMinuteUs,
                     [=, this] { take(time + kMinuteUs, user, address, host, Outcome::success); });
      }
      for (int bot = 0; bot < 15; ++bot) {
        const std::string address = "198.51.100." + std::to_string(below(250));
        const TimeUs from = midnight + TimeUs{below(1400)} * kMinuteUs;
        const TimeUs every = TimeUs{5 + below(300)} * kSecondUs;
        const bool root = below(2) == 0;
        const std::uint32_t tries = 10 + below(60);
        for (std::uint32_t i = 0; i < tries; ++i) {
          const std::string user(root ? "root" : kDictionary[below(kDictionary.size())]);
          const TimeUs time = from + i * every;
          plan.emplace(time,
                       [=, this] { take(time, user, address, "jump-01", Outcome::failure, root); });
        }
      }
    }
    for (const auto& [time, play] : plan) play();
    now_ = start_time() + 15 * kDayUs;
    events_ = 0;
    first_.clear();
  }

  void spraying() {
    for (int i = 0; i < 60; ++i) {
      take(now_ + i * 10 * kSecondUs, "person" + std::to_string(i), "203.0.113.9", "jump-01",
           Outcome::failure);
    }
  }

  /// 200 guesses, five seconds apart, and the right one.
  void guessing() {
    for (int i = 0; i < 200; ++i) {
      take(now_ + i * 5 * kSecondUs, "person7", "203.0.113.9", "jump-01", Outcome::failure);
    }
    take(now_ + 1000 * kSecondUs, "person7", "203.0.113.9", "jump-01", Outcome::success);
  }

  [[nodiscard]] int first(const std::string& id) const {
    const auto found = first_.find(id);
    return found == first_.end() ? 0 : found->second;
  }

  RuleSet rules_;
  RateStand stand_;
  TimeUs now_ = start_time();
  int events_ = 0;
  std::map<std::string, int> first_;
};

TEST_F(Attacks, SprayingOnAnEmptyBaseline) {
  spraying();
  EXPECT_GE(first("password_spraying"), 12);
  EXPECT_LE(first("password_spraying"), 35);
  EXPECT_GE(first("account_spraying"), 6);
  EXPECT_LE(first("account_spraying"), 20);
  const Evidence& evidence = stand_.evidence("password_spraying");
  EXPECT_NEAR(evidence.rate.observed, 60, 6);
  EXPECT_EQ(evidence.rate.window_s, 900U);
  Event event = attempt(now_, "person1", "203.0.113.9", "jump-01", Outcome::failure);
  const std::string phrase = evidence.detector->phrase(evidence, event);
  EXPECT_NE(phrase.find(" different users failed from 203.0.113.9 within 15 min, usual elsewhere "
                        "is 4 (less than 1 in "),
            std::string::npos)
      << phrase;
}

TEST_F(Attacks, SprayingAfterAFortnight) {
  fortnight();
  spraying();
  EXPECT_GE(first("account_spraying"), 6);
  EXPECT_LE(first("account_spraying"), 20);
  EXPECT_GE(first("password_spraying"), 10);
  EXPECT_LE(first("password_spraying"), 55);
}

TEST_F(Attacks, GuessingOnAnEmptyBaseline) {
  guessing();
  EXPECT_GE(first("high_count_failures_for_user"), 12);
  EXPECT_LE(first("high_count_failures_for_user"), 35);
  EXPECT_EQ(first("password_spraying"), 0) << "one user is no spraying";
}

TEST_F(Attacks, GuessingAfterAFortnight) {
  fortnight();
  guessing();
  EXPECT_GE(first("high_count_failures_for_user"), 12);
  EXPECT_LE(first("high_count_failures_for_user"), 60);
  EXPECT_EQ(first("distributed_guessing"), 0) << "one address";
}

TEST_F(Attacks, AHandfulIsNothingEvenOnAnEmptyBaseline) {
  for (int i = 0; i < 5; ++i) {
    take(now_ + i * kSecondUs, "person" + std::to_string(i), "203.0.113.9", "jump-01",
         Outcome::failure);
    take(now_ + i * kSecondUs, "person7", "203.0.113.10", "jump-01", Outcome::failure);
  }
  for (const auto& [id, at] : first_) ADD_FAILURE() << id << " at " << at;
}

TEST_F(Attacks, SlowGuessingFromManyAddressesIsFoundByItsTarget) {
  fortnight();
  for (int i = 0; i < 30; ++i) {
    take(now_ + i * 40 * kMinuteUs, "person7", "192.0.2." + std::to_string(i), "jump-01",
         Outcome::failure);
  }
  EXPECT_GE(first("distributed_guessing"), 4);
  EXPECT_LE(first("distributed_guessing"), 15);
}

}  // namespace
}  // namespace doorward
