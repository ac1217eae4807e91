// Scores from sketches equal the scores of exact memory, but for the promised error.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "plugins/rule_set.h"
#include "plugins/time_text.h"
#include "tests/detectors/exact_rare.h"

namespace doorward {
namespace {

constexpr const char* kHead = R"(
id = "r"
name = "r"
description = "r"
detector = "rare"
[when]
event.outcome = "success"
[rare]
)";

struct Case {
  const char* name;
  std::string toml;
  ExactOptions exact;
};

View view(const char* name) {
  return *View::from_name(name);
}

std::vector<Case> cases() {
  const View user = view("user.name");
  const View fleet = view("fleet");
  std::vector<Case> out;
  out.push_back({"address with back-off",
                 "partition = 'user.name'\nby = 'source.ip'\ntheta = 1\ndiscount = 0.5\n"
                 "backoff = ['source.ip/net', 'source.ip/wide', 'fleet: source.ip/net']\n",
                 {.levels = {{user, view("source.ip"), false},
                             {user, view("source.ip/net"), false},
                             {user, view("source.ip/wide"), false},
                             {fleet, view("source.ip/net"), true}},
                  .theta = 1,
                  .discount = 0.5,
                  .coarse_discount = 0.9,
                  .decay = 0.9,
                  .smooth = 0,
                  .age_max = 7}});
  out.push_back(
      {"hour, smoothed",
       "partition = 'user.name'\nby = 'hour_of_week'\nbackoff = 'hour_of_day'\n"
       "theta = 1\ndiscount = 0.3\nsmooth = 1\n",
       {.levels = {{user, view("hour_of_week"), false}, {user, view("hour_of_day"), false}},
        .theta = 1,
        .discount = 0.3,
        .coarse_discount = 0.9,
        .decay = 0.9,
        .smooth = 1,
        .age_max = 7}});
  out.push_back(
      {"host with its class",
       "partition = 'user.name'\nby = 'host.name'\nbackoff = 'host.name/class'\n"
       "theta = 2\ndiscount = 0.4\nbackoff_discount = 0.8\ndecay = 0.7\n",
       {.levels = {{user, view("host.name"), false}, {user, view("host.name/class"), false}},
        .theta = 2,
        .discount = 0.4,
        .coarse_discount = 0.8,
        .decay = 0.7,
        .smooth = 0,
        .age_max = 7}});
  out.push_back({"user of the fleet, four weeks",
                 "partition = 'fleet'\nby = 'user.name'\ntheta = 1\ndiscount = 0.05\n"
                 "window_days = 28\n",
                 {.levels = {{fleet, user, false}},
                  .theta = 1,
                  .discount = 0.05,
                  .coarse_discount = 0.9,
                  .decay = 0.9,
                  .smooth = 0,
                  .age_max = 4}});
  return out;
}

/// Twelve weeks of logons: habits with a long tail, so that every level of the chain is reached.
class Stream {
 public:
  explicit Stream(std::uint64_t seed) : random_(seed) {}

  Event next() {
    time_ += static_cast<TimeUs>(1 + random_() % 600) * kSecondUs;
    // Few logons at night, so that empty hours exist.
    const TimeUs hour = time_ / (3600 * kSecondUs) % 24;
    if ((hour < 8 || hour > 16) && random_() % 60 != 0) {
      time_ += (32 - hour) % 24 * 3600 * kSecondUs;
    }
    const std::uint64_t user = skewed(60);
    user_ = "user" + std::to_string(user);
    const std::uint64_t away = random_() % 20;
    ip_ = (away == 0 ? "203." + std::to_string(random_() % 40) + "." : "10.1.") +
          std::to_string(away == 1 ? random_() % 8 : user % 8) + "." +
          std::to_string(1 + (user * 7 + skewed(6)) % 250);
    host_ = (random_() % 50 == 0 ? "db-" : "web-") + std::to_string(skewed(skewed(40) + 1));
    Event event;
    event.time = time_;
    event.outcome = Outcome::success;
    event[Field::user_name] = user_;
    event[Field::host_name] = host_;
    event[Field::source_address] = ip_;
    event.ip = *IpAddress::parse(ip_);
    return event;
  }

 private:
  std::uint64_t skewed(std::uint64_t n) { return random_() % (1 + random_() % n); }

  std::mt19937_64 random_;
  TimeUs time_ = *parse_time("2026-01-05");
  std::string user_;
  std::string ip_;
  std::string host_;
};

class RareReference : public testing::TestWithParam<std::size_t> {};

TEST_P(RareReference, EqualsExactMemory) {
  const Case test = cases()[GetParam()];
  SCOPED_TRACE(test.name);
  const RuleText text{"r.toml", kHead + test.toml};
  std::vector<Error> mistakes;
  const RuleSet rules(std::span(&text, 1), HashKey{}, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.front().message();
  Result<Baseline> made = Baseline::make({});
  ASSERT_TRUE(made.ok());
  Baseline& baseline = made.value();
  ExactRare exact(test.exact);

  Stream stream(42);
  EventKeys keys;
  std::vector<Evidence> evidence(1);
  const LiveState state = rules.make_state();
  std::size_t judged = 0;
  std::size_t off = 0;
  std::size_t surprising = 0;
  double worst = 0;
  for (int i = 0; i < 24'000; ++i) {
    const Event event = stream.next();
    const std::int64_t epoch = baseline.epoch_of(event.time);
    baseline.advance(epoch);
    const RuleMask mask = rules.prepare(event, keys);
    rules.score(event, keys, mask, baseline, state, evidence);
    const std::optional<double> p = exact.p_value(event, baseline.newest());
    ASSERT_EQ(evidence[0].applies, p.has_value()) << i;
    if (p) {
      ++judged;
      surprising += *p < 0.2 ? 1 : 0;
      const double error = std::abs(std::log(evidence[0].p_value / *p));
      worst = std::max(worst, error);
      off += error > 1e-9 ? 1 : 0;
    }
    rules.learn(keys, mask, epoch, baseline);
    exact.learn(event, epoch);
  }
  ASSERT_GT(judged, 20'000U);
  ASSERT_GT(surprising, 20U) << "the stream must reach the interesting part";
  if (exact.widest() <= 120) {
    // Distinct values are exact, and count-min collides with probability below 1e-3 here.
    EXPECT_LE(off, judged / 1000) << "worst log ratio " << worst;
  } else {
    // Wide partitions are counted by HyperLogLog: 1.04 / sqrt(128) = 9 % standard error on K.
    EXPECT_LE(worst, std::log(1.4));
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, RareReference, testing::Range<std::size_t>(0, 4));

}  // namespace
}  // namespace doorward
