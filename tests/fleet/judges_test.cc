// What the fleet adds: an agent with an empty baseline that gets the fleet's judges like the fleet,
// from its first event on.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/fleet/learning.h"
#include "plugins/pipeline/pipeline.h"
#include "plugins/time_text.h"
#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"

namespace doorward {
namespace {

constexpr TimeUs kHour = 3600 * kSecondUs;
constexpr TimeUs kDay = 24 * kHour;

/// The last p-value of each rule that applied.
class LastVerdicts final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override {}
  void on_scored(const Event& /*event*/, std::span<const Evidence> evidence) override {
    p.clear();
    for (const Evidence& one : evidence) {
      if (one.applies && one.rule != nullptr) p[one.rule->id] = one.p_value;
    }
  }
  std::map<std::string, double> p;
};

/// A host that learns for itself, and notes it for a fleet.
class Host {
 public:
  explicit Host(const std::string& name, std::optional<Baseline> baseline = std::nullopt)
      : rules_(builtin_rules(), options().key, mistakes_),
        baseline_(baseline ? std::move(*baseline) : std::move(Baseline::make(options())).value()),
        learning_(name) {
    learning_.attach(baseline_);
    pipeline_.emplace(rules_, baseline_, sink_, PipelineOptions());
  }

  static BaselineOptions options() {
    BaselineOptions out;
    out.bytes = std::size_t{2} << 20;
    out.key.bytes.fill(9);
    return out;
  }

  std::map<std::string, double> logon(const std::string& user, const std::string& ip,
                                      const std::string& host, TimeUs time,
                                      Outcome outcome = Outcome::success) {
    Event event;
    event.time = time;
    event.outcome = outcome;
    event[Field::user_name] = user;
    event[Field::host_name] = host;
    event[Field::source_address] = ip;
    event[Field::event_action] = "ssh_login";
    event[Field::method] = "password";
    event.ip = *IpAddress::parse(ip);
    pipeline_->on_event(event);
    if (learning_.full()) learning_.seal({}, 0);
    return sink_.p;
  }
  /// Wrong passwords within a minute; the verdict on the last.
  std::map<std::string, double> guesses(int count, const std::string& host, TimeUs time) {
    for (int i = 0; i < count; ++i) {
      logon("guess" + std::to_string(guessed_++ % 40), "31.0.0." + std::to_string(i % 200), host,
            time + i * kSecondUs, Outcome::failure);
    }
    return sink_.p;
  }

  /// Weeks of an office, and of an internet that guesses by day.
  void live(TimeUs from, int days) {
    for (int hour = 0; hour < 24 * days; ++hour) {
      const TimeUs time = from + hour * kHour;
      const bool day = hour % 24 >= 9 && hour % 24 < 17;
      for (int gate = 0; gate < 3; ++gate) {
        guesses(day ? 9 + (hour + gate) % 4 : 3, "gate-0" + std::to_string(gate),
                time + gate * 60 * kSecondUs);
      }
      if (!day || hour / 24 % 7 >= 5) continue;
      for (int user = 0; user < 12; ++user) {
        logon("user" + std::to_string(user), "10.1.4." + std::to_string(user),
              "web-0" + std::to_string(user % 3), time + (20 + user) * 60 * kSecondUs);
      }
    }
  }

  FleetLearning& learning() { return learning_; }
  Baseline& baseline() { return baseline_; }
  std::vector<std::uint8_t> bytes() { return encode_baseline(baseline_); }

 private:
  std::vector<Error> mistakes_;
  RuleSet rules_;
  Baseline baseline_;
  FleetLearning learning_;
  LastVerdicts sink_;
  std::optional<Pipeline> pipeline_;
  int guessed_ = 0;
};

class FleetJudges : public testing::Test {
 protected:
  /// Everything that a host has learned, as the fleet's server sums it up.
  static Additions taught(Host& host) {
    host.learning().seal({}, 0);
    host.learning().number();
    EXPECT_EQ(host.learning().status().lost, 0U);
    EXPECT_EQ(host.learning().status().dropped, 0U);
    Additions sum(std::size_t{1} << 20);
    for (const auto& delta : host.learning().own()) {
      const Result<Additions> additions = decode_additions(delta->additions);
      EXPECT_TRUE(additions);
      if (additions) sum.add(additions.value());
    }
    return sum;
  }
  void give(Host& host, FleetPatch patch) {
    Result<PreparedPatch> prepared =
        prepare_patch(patch, host.learning().begin_patch(), Host::options(), end_);
    ASSERT_TRUE(prepared) << prepared.error().message();
    ASSERT_TRUE(host.learning().apply(std::move(prepared).value(), host.baseline()));
  }

  TimeUs start_ = *parse_time("2026-03-02");
  TimeUs end_ = start_ + 21 * kDay;
};

TEST_F(FleetJudges, AFreshAgentWithTheWholeJudgesLikeTheFleet) {
  Host old("old");
  old.live(start_, 21);
  Baseline fleet = std::move(Baseline::make(Host::options())).value();
  taught(old).apply_to(fleet);
  ASSERT_EQ(encode_baseline(fleet), old.bytes());

  FleetPatch patch;
  patch.generation = 1;
  patch.whole = encode_baseline(fleet);
  Host fresh("fresh");
  give(fresh, patch);
  // Both with nothing going on: only what is in the baseline may matter.
  Host as_old("as-old", old.baseline().copy());
  Host alone("alone");

  // The joint p-value, held against the measured sums of all: nothing of it is measured alone.
  const TimeUs night = end_ + 3 * kHour;
  const auto unusual = as_old.logon("user1", "203.0.113.9", "db-01", night);
  EXPECT_EQ(fresh.logon("user1", "203.0.113.9", "db-01", night), unusual);
  const auto unknown = alone.logon("user1", "203.0.113.9", "db-01", night);
  ASSERT_TRUE(unusual.contains("unusual_logon"));
  EXPECT_LT(unusual.at("unusual_logon"), 1e-3);
  EXPECT_FALSE(unknown.contains("unusual_logon"));

  // What is usual of a rate, by the hour of the week.
  const auto by_night = as_old.guesses(34, "gate-01", end_ + kDay + 3 * kHour);
  EXPECT_EQ(fresh.guesses(34, "gate-01", end_ + kDay + 3 * kHour), by_night);
  const auto by_day = as_old.guesses(34, "gate-01", end_ + kDay + 12 * kHour);
  EXPECT_EQ(fresh.guesses(34, "gate-01", end_ + kDay + 12 * kHour), by_day);
  const char* const kRate = "high_count_logon_failures";
  ASSERT_TRUE(by_night.contains(kRate));
  EXPECT_LT(by_night.at(kRate), 0.1 * by_day.at(kRate));

  // And of a host that nobody has seen: the prior is made of the fleet's newcomers.
  const auto newcomer = as_old.guesses(40, "new-01", end_ + 2 * kDay + 12 * kHour);
  EXPECT_EQ(fresh.guesses(40, "new-01", end_ + 2 * kDay + 12 * kHour), newcomer);
  const auto lonely = alone.guesses(40, "new-01", end_ + 2 * kDay + 12 * kHour);
  EXPECT_NE(newcomer.at(kRate), lonely.at(kRate));
}

TEST_F(FleetJudges, RoundsCarryTheSame) {
  Host a("a");
  Host b("b");
  FleetPatch first;
  first.generation = 1;
  first.whole = encode_baseline(std::move(Baseline::make(Host::options())).value());
  give(b, first);
  a.live(start_, 21);
  FleetPatch round;
  round.previous = 1;
  round.generation = 2;
  round.additions = encode_additions(taught(a));
  give(b, round);
  Host as_a("as-a", a.baseline().copy());
  const TimeUs night = end_ + 3 * kHour;
  EXPECT_EQ(b.logon("user2", "203.0.113.9", "db-01", night),
            as_a.logon("user2", "203.0.113.9", "db-01", night));
  EXPECT_EQ(b.guesses(34, "gate-02", night + kHour), as_a.guesses(34, "gate-02", night + kHour));
}

}  // namespace
}  // namespace doorward
