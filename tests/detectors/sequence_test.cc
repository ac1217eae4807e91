// Sequences: order, window, counts, what begins them anew, and mistakes in their rules.
#include <gtest/gtest.h>

#include <map>

#include "plugins/alert.h"
#include "plugins/ecs_document.h"
#include "plugins/rule_set.h"

namespace doorward {
namespace {

constexpr TimeUs kStart = 1'790'000'000 * kSecondUs;

const std::string kHead = R"(id = "seq"
name = "n"
description = "d"
detector = "sequence"
threshold = 60
)";

const std::string kGuessing = kHead + R"([sequence]
by = "source.ip"
window = "1h"
[[sequence.step]]
count = 10
event.outcome = "failure"
[[sequence.step]]
event.outcome = "success"
)";

std::string guessing_per_user() {
  std::string toml = kGuessing;
  return toml.insert(toml.find("window"), "once_per = \"user.name\"\n");
}

/// The rules of one file under events, as a pipeline has them.
class Stand {
 public:
  explicit Stand(const std::string& toml)
      : texts_{{"seq.toml", toml}},
        rules_(texts_, HashKey{}, mistakes_),
        state_(rules_.make_state()),
        baseline_(std::move(Baseline::make({}).value())),
        evidence_(rules_.size()) {
    EXPECT_TRUE(mistakes_.empty()) << (mistakes_.empty() ? "" : mistakes_[0].message());
    EXPECT_EQ(rules_.size(), 1U);
  }

  /// The evidence of an event `seconds` after the start.
  const Evidence& take(double seconds, Outcome outcome, std::string_view user = "alice",
                       std::string_view ip = "203.0.113.9", std::string_view action = "ssh_login") {
    event_ = Event{};
    event_.time = kStart + static_cast<TimeUs>(seconds * 1e6);
    event_.outcome = outcome;
    event_[Field::user_name] = user;
    event_[Field::event_action] = action;
    event_[Field::host_name] = "web-1";
    event_[Field::source_address] = ip;
    if (const auto address = IpAddress::parse(ip)) event_.ip = *address;
    EventKeys keys;
    const std::int64_t epoch = baseline_.epoch_of(event_.time);
    baseline_.advance(epoch);
    const RuleMask mask = rules_.prepare(event_, keys);
    rules_.observe(event_, keys, mask, state_);
    rules_.score(event_, keys, mask, baseline_, state_, evidence_);
    rules_.calibrate(keys, evidence_, mask, 0, epoch, baseline_, state_);
    return evidence_[0];
  }
  const Evidence& fail(double seconds, std::string_view user = "alice",
                       std::string_view ip = "203.0.113.9") {
    return take(seconds, Outcome::failure, user, ip);
  }
  const Evidence& enter(double seconds, std::string_view user = "alice",
                        std::string_view ip = "203.0.113.9") {
    return take(seconds, Outcome::success, user, ip);
  }
  bool fires(const Evidence& evidence) const {
    return evidence.applies && score_of(evidence.p_value) >= rules_.rule(0).threshold;
  }
  [[nodiscard]] std::string phrase() const { return evidence_phrase(evidence_[0], event_); }
  [[nodiscard]] const Event& event() const { return event_; }
  [[nodiscard]] std::span<const Evidence> evidence() const { return evidence_; }
  Baseline& baseline() { return baseline_; }
  [[nodiscard]] const Rule& rule() const { return rules_.rule(0); }

 private:
  std::vector<RuleText> texts_;
  std::vector<Error> mistakes_;
  RuleSet rules_;
  LiveState state_;
  Baseline baseline_;
  std::vector<Evidence> evidence_;
  Event event_;
};

std::uint64_t measured(Stand& stand, unsigned count) {
  return stand.baseline().histograms().read(hash_text(HashKey{}, "seq"))[count];
}

TEST(Sequence, ManyFailuresThenASuccess) {
  Stand stand(kGuessing);
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(stand.fail(i * 4).applies);
  const Evidence& found = stand.enter(720);
  EXPECT_TRUE(stand.fires(found));
  EXPECT_EQ(found.sequence.count, 200U);
  EXPECT_EQ(found.sequence.events, 200U);
  EXPECT_EQ(found.sequence.values, 0U);
  EXPECT_EQ(found.sequence.seconds, 720U);
  EXPECT_EQ(stand.phrase(), "after 200 failures from 203.0.113.9 in 12 min");
  std::string document;
  append_alert_document({stand.event(), found, stand.evidence(), 100, 1}, document);
  EXPECT_NE(document.find(R"("count":200,"events":200,"seconds":720,"text":"after 200 failures)"),
            std::string::npos)
      << document;
}

TEST(Sequence, NeverBelowItsCount) {
  for (const int failures : {9, 12}) {
    Stand stand(kGuessing);
    for (int i = 0; i < failures; ++i) stand.fail(i);
    const Evidence& found = stand.enter(60);
    EXPECT_TRUE(found.applies);
    EXPECT_EQ(found.sequence.count, static_cast<std::uint32_t>(failures));
    EXPECT_EQ(found.p_value < 1, failures >= 10);
  }
}

TEST(Sequence, OnlyOfTheSameEntity) {
  Stand stand(kGuessing);
  for (int i = 0; i < 50; ++i) stand.fail(i, "alice", "203.0.113.9");
  EXPECT_EQ(stand.enter(60, "alice", "203.0.113.8").sequence.count, 0U);
  EXPECT_FALSE(stand.take(60, Outcome::success, "alice", "").applies);  // no address: nobody's
  EXPECT_TRUE(stand.fires(stand.enter(60, "bob", "203.0.113.9")));
}

TEST(Sequence, WindowFromTheFirstToTheLast) {
  // All of the window counts, and at most an eighth more.
  for (const double later : {3599.0, 4051.0, 8000.0}) {
    Stand stand(kGuessing);
    for (int i = 0; i < 20; ++i) stand.fail(i * 0.01);
    EXPECT_EQ(stand.enter(later).sequence.count, later < 3600 ? 20U : 0U) << later;
  }
  // A run that is longer than the window counts what is left of it.
  Stand stand(kGuessing);
  for (int i = 0; i < 4 * 60; ++i) stand.fail(i * 60);
  const std::uint32_t count = stand.enter(4 * 3600).sequence.count;
  EXPECT_GE(count, 60U);
  EXPECT_LE(count, 68U);
}

TEST(Sequence, FiresAgainOnlyAfterFurtherFailures) {
  Stand stand(kGuessing);
  for (int i = 0; i < 50; ++i) stand.fail(i);
  EXPECT_TRUE(stand.fires(stand.enter(60)));
  EXPECT_FALSE(stand.enter(61).applies);
  EXPECT_FALSE(stand.enter(62, "bob").applies);
  stand.fail(63);
  EXPECT_TRUE(stand.fires(stand.enter(64)));
}

TEST(Sequence, EverySuccessIsMeasuredOnce) {
  Stand stand(kGuessing);
  for (int i = 0; i < 100; ++i) stand.enter(i, "alice", "10.0.0.1");
  for (int i = 0; i < 3; ++i) stand.fail(100 + i, "alice", "10.0.0.1");
  stand.enter(110, "alice", "10.0.0.1");
  EXPECT_EQ(measured(stand, 0), 100U);
  EXPECT_EQ(measured(stand, 3), 1U);
  for (int i = 0; i < 20; ++i) stand.fail(200 + i);
  stand.enter(230);
  stand.enter(231);
  stand.enter(232);
  EXPECT_EQ(measured(stand, 20), 1U);
  EXPECT_EQ(measured(stand, 0), 100U);
}

/// Where twenty failures before a logon are everyday, they are no alert; 2,000 are.
TEST(Sequence, SurpriseIsMeasured) {
  Stand stand(kGuessing);
  const auto day = [&](int failures, const std::string& ip, double at) -> const Evidence& {
    for (int i = 0; i < failures; ++i) stand.fail(at + i, "alice", ip);
    return stand.enter(at + failures, "alice", ip);
  };
  const auto address = [](int i) { return "10.0.0." + std::to_string(i % 100); };
  EXPECT_TRUE(stand.fires(day(20, address(0), 0)));
  for (int i = 1; i < 5000; ++i) day(i % 20 == 0 ? 20 : 1, address(i), i * 500.0);
  EXPECT_FALSE(stand.fires(day(20, "10.0.1.2", 5001 * 500.0)));
  EXPECT_TRUE(stand.fires(day(2000, "10.0.1.3", 5002 * 500.0)));
}

TEST(Sequence, OncePerUserTellsGuessingFromAForgottenJob) {
  Stand stand(guessing_per_user());
  for (int i = 0; i < 300; ++i) stand.fail(i * 10, "svc-report");
  EXPECT_EQ(stand.enter(3000, "bob").sequence.count, 1U);
  // Whose failures they are gets all of them.
  const Evidence& own = stand.enter(3001, "svc-report");
  EXPECT_EQ(own.sequence.count, 300U);
  EXPECT_TRUE(stand.fires(own));
  EXPECT_EQ(stand.phrase(), "after 300 failures from 203.0.113.9 in 50 min");
}

TEST(Sequence, OncePerUserCountsTheUsersOfASpraying) {
  Stand stand(guessing_per_user());
  for (int i = 0; i < 60; ++i) stand.fail(i * 20, "staff" + std::to_string(i % 30));
  const Evidence& found = stand.enter(1200, "victim");
  EXPECT_EQ(found.sequence.count, 30U);
  EXPECT_EQ(found.sequence.events, 60U);
  EXPECT_EQ(found.sequence.values, 30U);
  EXPECT_TRUE(stand.fires(found));
  EXPECT_EQ(stand.phrase(), "after 60 failures from 203.0.113.9 in 20 min, of 30 users");
}

TEST(Sequence, AUsersOwnFailuresAreSettledByTheirLogon) {
  Stand stand(guessing_per_user());
  for (int user = 0; user < 40; ++user) {
    const std::string name = "staff" + std::to_string(user);
    for (int i = 0; i < 5; ++i) stand.fail(user * 60 + i, name);
    EXPECT_EQ(stand.enter(user * 60 + 10, name).sequence.count, 5U) << name;
  }
  EXPECT_EQ(stand.enter(2500, "staff0").sequence.count, 0U);
  EXPECT_EQ(stand.enter(2500, "alice").sequence.count, 0U);
  stand.fail(2501, "staff0");
  EXPECT_EQ(stand.enter(2502, "staff0").sequence.count, 1U);
}

/// A user in the window is one user, however the failures lie in it.
TEST(Sequence, UsersLeaveTheWindowAfterTheirLastFailure) {
  Stand stand(guessing_per_user());
  for (int i = 0; i < 20; ++i) stand.fail(i, "old" + std::to_string(i));
  for (int i = 0; i < 60; ++i) stand.fail(i * 110, "old3");
  EXPECT_EQ(stand.enter(6600, "alice").sequence.count, 1U);
}

TEST(Sequence, LateByMinutes) {
  Stand stand(kGuessing);
  stand.fail(600);
  for (int i = 0; i < 30; ++i) stand.fail(400 - i);
  // Late as well: what is ahead of it by more than its slot is not before it.
  EXPECT_EQ(stand.enter(300).sequence.count, 30U);
  stand.fail(601);
  EXPECT_EQ(stand.enter(602).sequence.count, 32U);
}

const std::string kThree = kHead + R"([sequence]
by = ["user.name", "host.name"]
window = "10m"
[[sequence.step]]
event.action = "ssh_login"
event.outcome = "success"
[[sequence.step]]
count = 3
event.action = "sudo"
event.outcome = "failure"
[[sequence.step]]
event.action = "sudo"
event.outcome = "success"
)";

TEST(Sequence, ThreeStepsInOrder) {
  const auto run = [](const std::string& steps, const std::vector<double>& times) {
    Stand stand(kThree);
    bool fired = false;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const double at = times.empty() ? static_cast<double>(i) * 10 : times[i];
      const bool login = steps[i] == 'L';
      fired = stand.fires(stand.take(at, steps[i] == 'f' ? Outcome::failure : Outcome::success,
                                     "alice", "", login ? "ssh_login" : "sudo"));
    }
    return fired;
  };
  EXPECT_TRUE(run("LfffS", {}));
  EXPECT_TRUE(run("ffLfffS", {}));
  EXPECT_FALSE(run("LffS", {}));
  EXPECT_FALSE(run("fffLS", {}));
  EXPECT_FALSE(run("LSfff", {}));
  EXPECT_FALSE(run("ffLfS", {}));
  EXPECT_FALSE(run("LfffSS", {}));
  EXPECT_TRUE(run("LfffSfS", {}));
  EXPECT_TRUE(run("LfffS", {0, 100, 200, 300, 600}));
  EXPECT_FALSE(run("LfffS", {0, 100, 200, 300, 601}));
}

TEST(Sequence, FixedScores) {
  Stand three(kThree);
  EXPECT_EQ(three.rule().suppress_by.size(), 2U);
  Stand one(kHead +
            "[sequence]\nscore = 75\ntext = \"so it is\"\n[[sequence.step]]\n"
            "user.name = \"root\"\n");
  EXPECT_FALSE(one.enter(0).applies);
  const Evidence& found = one.enter(1, "root");
  EXPECT_GE(score_of(found.p_value), 75);
  EXPECT_NEAR(score_of(found.p_value), 75, 1e-9);
  EXPECT_EQ(one.phrase(), "so it is");
  Stand default_score(kHead + "[sequence]\n[[sequence.step]]\nuser.name = \"root\"\n");
  EXPECT_GE(score_of(default_score.enter(1, "root").p_value), 75);
}

TEST(Sequence, OneStepWithACount) {
  Stand stand(kHead +
              "[sequence]\nby = \"user.name\"\nwindow = \"1m\"\n[[sequence.step]]\n"
              "count = 5\nevent.outcome = \"failure\"\n");
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(stand.fail(i).applies);
  EXPECT_FALSE(stand.fail(5, "bob").applies);
  EXPECT_TRUE(stand.fires(stand.fail(6)));
  EXPECT_EQ(stand.phrase(), "after 5 failures of alice in 6 s");
}

std::vector<std::string> mistakes_of(const std::string& from, const std::string& to) {
  std::string toml = kGuessing;
  toml.replace(toml.find(from), from.size(), to);
  const std::vector<RuleText> texts = {{"bad.toml", toml}};
  std::vector<Error> mistakes;
  const RuleSet rules(texts, HashKey{}, mistakes);
  std::vector<std::string> out;
  out.reserve(mistakes.size());
  for (const Error& mistake : mistakes) out.push_back(mistake.message());
  return out;
}

TEST(Sequence, MistakesHaveTheirLine) {
  using Mistakes = std::vector<std::string>;
  EXPECT_EQ(mistakes_of("count = 10", "count = 10"), Mistakes{});
  EXPECT_EQ(mistakes_of("count = 10", "count = 0"),
            Mistakes{"bad.toml:10: count: expected a whole number from 1 to 10000"});
  EXPECT_EQ(mistakes_of("count = 10", "cuont = 10"),
            Mistakes{"bad.toml:10: cuont: no such field; settings here are count"});
  EXPECT_EQ(mistakes_of("event.outcome = \"success\"", "event.outcom = \"success\""),
            (Mistakes{"bad.toml:13: event.outcom: no such field; settings here are count",
                      "bad.toml:12: step: expected at least one field to match"}));
  EXPECT_EQ(mistakes_of("event.outcome = \"success\"\n", ""),
            Mistakes{"bad.toml:12: step: expected at least one field to match"});
  EXPECT_EQ(mistakes_of("by = \"source.ip\"", "by = \"source.planet\""),
            (Mistakes{"bad.toml:7: by: no such view: \"source.planet\"",
                      "bad.toml:7: by: expected a view, such as \"source.ip\", that joins the "
                      "events"}));
  EXPECT_EQ(mistakes_of("window = \"1h\"", "window = \"soon\""),
            Mistakes{"bad.toml:8: window: expected a duration from 1s to 30d, such as 15m or 6h"});
  EXPECT_EQ(mistakes_of("window = \"1h\"\n", ""),
            Mistakes{"bad.toml:6: window: expected a duration from 1s to 30d, such as 15m or 6h"});
  EXPECT_EQ(mistakes_of("window = \"1h\"", "window = \"1h\"\nwidnow = \"1h\""),
            Mistakes{"bad.toml:9: widnow: no such setting here"});
  EXPECT_EQ(mistakes_of("window = \"1h\"", "window = \"1h\"\nscore = 101"),
            Mistakes{"bad.toml:9: score: expected a number from 0 to 100"});
  EXPECT_EQ(mistakes_of("window = \"1h\"", "window = \"1h\"\nscore = 80\nonce_per = \"user.name\""),
            Mistakes{"bad.toml:10: once_per: only counts that are measured can use it: a count in "
                     "the first of several steps, and no score"});
  EXPECT_EQ(mistakes_of("[sequence]", "[when]\nevent.outcome = \"success\"\n[sequence]"),
            Mistakes{"bad.toml:13: event.outcome: [when] lets no such event through"});
  std::string five;
  for (int i = 0; i < 3; ++i) five += "[[sequence.step]]\nuser.name = \"x\"\n";
  EXPECT_EQ(mistakes_of("[[sequence.step]]\ncount", five + "[[sequence.step]]\ncount"),
            Mistakes{"bad.toml:9: step: expected one to 4 [[sequence.step]]"});
}

}  // namespace
}  // namespace doorward
