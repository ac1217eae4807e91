// What the p-values promise on simulated counts, what fires and what becomes usual.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "tests/detectors/rates/rate_stand.h"

namespace doorward {
namespace {

constexpr TimeUs kBucketUs = 15 * kMinuteUs;

/// Counts of a quarter of an hour, negative binomial, spread evenly in time.
class Hosts {
 public:
  Hosts(RateStand& stand, std::uint64_t seed) : stand_(stand), random_(seed) {}

  /// Plays one bucket of a host. Gives the smallest p of its busy part, or nothing.
  std::optional<double> play(const std::string& host, std::int64_t bucket, double mean,
                             double size) {
    std::gamma_distribution<double> gamma(size, mean / size);
    std::poisson_distribution<int> poisson(gamma(random_));
    return play_count(host, bucket, poisson(random_));
  }

  std::optional<double> play_count(const std::string& host, std::int64_t bucket, int count) {
    std::vector<TimeUs> times;
    std::uniform_real_distribution<double> when(0, 1);
    for (int i = 0; i < count; ++i) {
      times.push_back(start_time() + bucket * kBucketUs +
                      static_cast<TimeUs>(when(random_) * static_cast<double>(kBucketUs)));
    }
    std::sort(times.begin(), times.end());
    std::optional<double> smallest;
    for (const TimeUs time : times) {
      stand_.take(attempt(time, "alice", "10.1.2.3", host, Outcome::success));
      const Evidence& evidence = stand_.evidence(std::size_t{0});
      if (evidence.rate.observed < 2) continue;
      smallest = std::min(smallest.value_or(1), evidence.p_value);
    }
    return smallest;
  }

 private:
  RateStand& stand_;
  std::mt19937_64 random_;
};

const std::string kTable = "partition = \"host.name\"\nleast = 2\n";

/// Share of busy buckets whose smallest p is at most a, over a, after a fortnight of learning.
std::vector<double> shares(const std::string& table, double size,
                           const std::function<double(int host, std::int64_t bucket)>& mean_of) {
  const RuleSet rules = rules_of({rate_rule("high_count", "event.outcome = \"success\"", table)});
  RateStand stand(rules);
  Hosts hosts(stand, 17);
  constexpr int kHosts = 12;
  constexpr std::array<double, 3> kLevels = {0.05, 0.01, 0.002};
  std::vector<double> below(kLevels.size());
  double busy = 0;
  for (std::int64_t bucket = 0; bucket < 42 * 96; ++bucket) {
    for (int host = 0; host < kHosts; ++host) {
      const std::optional<double> p =
          hosts.play("host-" + std::to_string(host), bucket, mean_of(host, bucket), size);
      if (!p || bucket < 14 * 96) continue;
      busy += 1;
      for (std::size_t i = 0; i < kLevels.size(); ++i) below[i] += *p <= kLevels[i] ? 1 : 0;
    }
  }
  EXPECT_GT(busy, 10'000);
  for (std::size_t i = 0; i < kLevels.size(); ++i) below[i] /= busy * kLevels[i];
  return below;
}

TEST(RateCalibration, HoldsOnSteadyHostsOfDifferentRates) {
  for (const double ratio :
       shares(kTable, 2, [](int host, std::int64_t) { return 0.5 + 0.6 * host; })) {
    EXPECT_LE(ratio, 1.2);
    EXPECT_GE(ratio, 0.3) << "it must say something";
  }
}

TEST(RateCalibration, HoldsWithHoursAndIsSharperForKnowingThem) {
  const auto mean = [](int host, std::int64_t bucket) {
    const auto hour = bucket / 4 % 24;
    const bool busy = hour >= 8 && hour < 18 && bucket / 96 % 7 < 5;
    return (busy ? 8.0 : 1.0) * (0.5 + 0.1 * host);
  };
  for (const double ratio : shares(kTable, 3, mean)) {
    EXPECT_LE(ratio, 1.2);
    EXPECT_GE(ratio, 0.1);
  }
  // The same burst at night, judged by somebody who knows the hours and somebody who does not.
  std::vector<double> p;
  for (const std::string hours : {"none", "all", "own"}) {
    const RuleSet rules = rules_of({rate_rule("high_count", "event.outcome = \"success\"",
                                              kTable + "hours = \"" + hours + "\"")});
    RateStand stand(rules);
    Hosts hosts(stand, 18);
    for (std::int64_t bucket = 0; bucket < 28 * 96; ++bucket) {
      for (int host = 0; host < 6; ++host) {
        hosts.play("host-" + std::to_string(host), bucket, mean(host, bucket), 3);
      }
    }
    p.push_back(*hosts.play_count("host-3", 28 * 96 + 12, 24));
  }
  EXPECT_LT(p[1], p[0] / 5);
  EXPECT_LT(p[2], p[0] / 5);
}

class Habits : public testing::Test {
 protected:
  Habits()
      : rules_(rules_of({rate_rule("high_count", "event.outcome = \"success\"",
                                   "partition = \"host.name\"\nleast = 10")})),
        stand_(rules_),
        hosts_(stand_, 5) {
    for (; bucket_ < 21 * 96; ++bucket_) {
      for (int host = 0; host < 8; ++host) hosts_.play(name(host), bucket_, 6, 4);
    }
  }
  static std::string name(int host) { return "host-" + std::to_string(host); }
  static bool fires(std::optional<double> p) { return p && score_of(*p) >= 75; }

  RuleSet rules_;
  RateStand stand_;
  Hosts hosts_;
  std::int64_t bucket_ = 0;
};

TEST_F(Habits, ABurstFiresBeforeItsBucketEnds) {
  int fired_at = 0;
  for (int i = 0; i < 200 && fired_at == 0; ++i) {
    stand_.take(attempt(start_time() + bucket_ * kBucketUs + i * 2 * kSecondUs, "a", "10.0.0.1",
                        name(0), Outcome::success));
    if (stand_.fired("rate")) fired_at = i + 1;
  }
  EXPECT_GE(fired_at, 15);
  EXPECT_LE(fired_at, 45);
}

TEST_F(Habits, ASlowDriftStaysQuiet) {
  int fired = 0;
  for (int day = 0; day < 28; ++day) {
    for (int i = 0; i < 96; ++i, ++bucket_) {
      fired += fires(hosts_.play(name(0), bucket_, 6 * std::exp2(day / 14.0), 4)) ? 1 : 0;
    }
  }
  EXPECT_LE(fired, 1) << "four times the rate after four weeks";
}

TEST_F(Habits, AChangeThatStaysIsUsualAfterSomeDays) {
  std::vector<int> fired;
  for (int day = 0; day < 10; ++day) {
    fired.push_back(0);
    for (int i = 0; i < 96; ++i, ++bucket_) {
      fired.back() += fires(hosts_.play(name(0), bucket_, 60, 4)) ? 1 : 0;
    }
  }
  EXPECT_GE(fired.front(), 3) << "ten times the rate is told";
  for (int day = 5; day < 10; ++day) EXPECT_LE(fired[static_cast<std::size_t>(day)], 1) << day;
}

TEST_F(Habits, HoweverLargeABurstIsItTeachesNoMoreThanUpToItsAlert) {
  struct After {
    double expected = 0;
    int fires_from = 0;  // what the next burst has to reach
  };
  const auto after = [&](int burst) {
    RateStand copy(rules_);
    Hosts hosts(copy, 5);
    for (std::int64_t b = 0; b < 21 * 96; ++b) hosts.play(name(0), b, 6, 4);
    hosts.play_count(name(0), 21 * 96, burst);
    After out;
    for (int i = 0; i < 500 && out.fires_from == 0; ++i) {
      copy.take(attempt(start_time() + (21 * 96 + 10) * kBucketUs + i * kSecondUs, "a", "10.0.0.1",
                        name(0), Outcome::success));
      if (copy.fired("rate")) out.fires_from = i + 1;
    }
    out.expected = copy.evidence("rate").rate.expected;
    return out;
  };
  const After usual = after(6);
  EXPECT_NEAR(usual.expected, 6, 1.5);
  EXPECT_GT(usual.fires_from, 10);
  EXPECT_LE(after(100).expected, usual.expected + 0.1);
  EXPECT_NEAR(after(3000).expected, after(100).expected, 0.01);
  // The measured distribution knows that such a peak came once in three weeks.
  EXPECT_LE(after(3000).fires_from, usual.fires_from * 3 / 2);
}

}  // namespace
}  // namespace doorward
