// Several rules on one user or address: one alert, of the right rule, counted once.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plugins/ecs_document.h"
#include "plugins/pipeline/pipeline.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr TimeUs kHour = 3600 * kSecondUs;

/// A rule that fires on event.action = its id, once the fleet saw the action "prime".
std::string tripwire(const std::string& id, int risk) {
  return "id = \"" + id + "\"\nname = \"n\"\ndescription = \"d\"\ndetector = \"match\"\n" +
         "risk_score = " + std::to_string(risk) +
         "\nsuppress = \"1m\"\nsuppress_by = [\"user.name\", \"source.ip\"]\n" +
         "[match]\nby = \"fleet\"\nwindow = \"10d\"\nmost = 250\n" +
         "[match.one]\nevent.action = \"prime\"\n[match.other]\nevent.action = \"" + id + "\"\n";
}

const std::string kMultiple = R"(id = "multiple"
name = "n"
description = "d"
detector = "match"
severity = "high"
risk_score = 73
suppress_by = ["user.name", "source.ip"]
[match]
alerts = 3
by = ["user.name", "source.ip"]
window = "24h"
ignore = ["dull"]
score = 90
)";

struct Seen {
  std::string rule;
  std::string sentence;
  std::string document;
  int rules = 0;  // in the evidence of `multiple`; 0: it has none
  bool repeated = false;
};

class MultipleRulesTest : public testing::Test, public PipelineSink {
 protected:
  MultipleRulesTest()
      : rules_(std::vector<RuleText>{{"a.toml", tripwire("a", 21)},
                                     {"b.toml", tripwire("b", 21)},
                                     {"c.toml", tripwire("c", 47)},
                                     {"d.toml", tripwire("d", 21)},
                                     {"worse.toml", tripwire("worse", 99)},
                                     {"dull.toml", tripwire("dull", 21)},
                                     {"m.toml", kMultiple}},
               HashKey{}, mistakes_),
        baseline_(std::move(Baseline::make({})).value()),
        pipeline_(rules_, baseline_, *this, PipelineOptions{}) {
    take("prime", "", "", 0, "other.dataset");
  }

  void on_alert(const Alert& alert) override {
    Seen seen{alert.primary.rule->id, alert_sentence(alert), {}, 0, false};
    append_alert_document(alert, seen.document);
    for (const Evidence& evidence : alert.evidence) {
      if (!evidence.applies || evidence.alerts.rules == 0) continue;
      seen.rules = std::popcount(evidence.alerts.rules);
      seen.repeated = evidence.alerts.repeated;
    }
    alerts_.push_back(seen);
  }

  /// The rule that speaks for the event; empty when there is no alert.
  std::string take(const std::string& action, const std::string& user, const std::string& ip,
                   TimeUs time, const std::string& dataset = "system.auth") {
    Event event;
    event.time = *parse_time("2026-03-02T08:00:00Z") + time;
    event.outcome = Outcome::success;
    event[Field::event_action] = action;
    event[Field::event_dataset] = dataset;
    event[Field::user_name] = user;
    event[Field::source_address] = ip;
    if (!ip.empty()) event.ip = *IpAddress::parse(ip);
    const std::size_t before = alerts_.size();
    pipeline_.on_event(event);
    EXPECT_LE(alerts_.size(), before + 1) << "one event, one alert";
    return alerts_.size() == before ? "" : alerts_.back().rule;
  }

  [[nodiscard]] std::uint64_t count(std::string_view rule) const {
    return pipeline_.counts().by_rule[rules_.find(rule)];
  }

  std::vector<Error> mistakes_;
  RuleSet rules_;
  Baseline baseline_;
  Pipeline pipeline_;
  std::vector<Seen> alerts_;
};

TEST_F(MultipleRulesTest, TheThirdRuleMakesItOneAlertOfThisRule) {
  ASSERT_TRUE(mistakes_.empty()) << mistakes_.front().message();
  EXPECT_EQ(take("a", "alice", "10.0.0.1", kHour), "a");
  EXPECT_EQ(take("b", "alice", "10.0.0.2", 3 * kHour), "b");
  EXPECT_EQ(alerts_.back().rules, 0);
  EXPECT_EQ(take("c", "alice", "10.0.0.3", 6 * kHour), "multiple");
  EXPECT_EQ(alerts_.size(), 3U);
  EXPECT_EQ(alerts_.back().rules, 3);
  EXPECT_NE(alerts_.back().sentence.find(": 3 rules in 5 h for alice: a, b, c, "),
            std::string::npos)
      << alerts_.back().sentence;
  EXPECT_NE(alerts_.back().document.find(
                R"("match":{"by":"user.name","value":"alice","rules":["a","b","c"],)"
                R"("first":"2026-03-02T09:00:00.000000Z","last":"2026-03-02T14:00:00.000000Z",)"
                R"("repeated":false})"),
            std::string::npos)
      << alerts_.back().document;

  // What was said is not said again: the next alerts are their own rules', with the context.
  EXPECT_EQ(take("d", "alice", "10.0.0.4", 7 * kHour), "d");
  EXPECT_EQ(alerts_.back().rules, 4);
  EXPECT_TRUE(alerts_.back().repeated);
  EXPECT_NE(alerts_.back().sentence.find("4 rules in 6 h for alice: a, b, c, d"), std::string::npos)
      << alerts_.back().sentence;

  const PipelineCounts& counts = pipeline_.counts();
  EXPECT_EQ(counts.alerts, 4U);
  EXPECT_EQ(counts.held_back, 0U);
  EXPECT_EQ(count("a"), 1U);
  EXPECT_EQ(count("b"), 1U);
  EXPECT_EQ(count("c"), 0U) << "the alert it raised speaks for another rule";
  EXPECT_EQ(count("d"), 1U);
  EXPECT_EQ(count("multiple"), 1U);
}

TEST_F(MultipleRulesTest, TheSameRuleAgainIsNoSecondRule) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(take("a", "alice", "10.0.0.1", i * kHour), "a");
  EXPECT_EQ(take("b", "alice", "10.0.0.1", 20 * kHour), "b");
  EXPECT_EQ(take("b", "alice", "10.0.0.1", 21 * kHour), "b");
  EXPECT_EQ(count("multiple"), 0U);
}

TEST_F(MultipleRulesTest, RulesThatAreIgnoredAndItsOwnAlertsDoNotCount) {
  EXPECT_EQ(take("a", "alice", "10.0.0.1", 0), "a");
  EXPECT_EQ(take("b", "alice", "10.0.0.1", kHour), "b");
  EXPECT_EQ(take("dull", "alice", "10.0.0.1", 2 * kHour), "dull");
  EXPECT_EQ(take("c", "alice", "10.0.0.1", 3 * kHour), "multiple");
  EXPECT_EQ(alerts_.back().rules, 3);
  EXPECT_EQ(take("d", "alice", "10.0.0.1", 4 * kHour), "d");
  EXPECT_EQ(alerts_.back().rules, 4) << "a, b, c, d";
}

TEST_F(MultipleRulesTest, AlertsThatAreHeldBackDoNotCount) {
  take("a", "alice", "10.0.0.1", 0);
  take("b", "alice", "10.0.0.1", 0);
  EXPECT_EQ(take("a", "alice", "10.0.0.1", kSecondUs), "");
  EXPECT_EQ(pipeline_.counts().held_back, 1U);
  EXPECT_EQ(take("c", "bob", "10.0.0.1", 2 * kSecondUs), "multiple");
}

TEST_F(MultipleRulesTest, AnAddressIsAnEntityLikeAUser) {
  EXPECT_EQ(take("a", "alice", "198.51.100.7", 0), "a");
  EXPECT_EQ(take("b", "bob", "198.51.100.7", kHour), "b");
  EXPECT_EQ(take("c", "carol", "198.51.100.7", 2 * kHour), "multiple");
  EXPECT_NE(alerts_.back().sentence.find("3 rules in 2 h for 198.51.100.7: a, b, c"),
            std::string::npos);
}

TEST_F(MultipleRulesTest, AUserNamedLikeAnAddressIsNotThatAddress) {
  EXPECT_EQ(take("a", "10.0.0.9", "", 0), "a");
  EXPECT_EQ(take("b", "10.0.0.9", "", kHour), "b");
  EXPECT_EQ(take("c", "alice", "10.0.0.9", 2 * kHour), "c");
}

TEST_F(MultipleRulesTest, LoopbackNoAddressAndNoUserAreNobody) {
  for (const char* ip : {"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", ""}) {
    EXPECT_EQ(take("a", "", ip, 0), "a") << ip;
    EXPECT_EQ(take("b", "", ip, kHour), "b") << ip;
    EXPECT_EQ(take("c", "", ip, 2 * kHour), "c") << ip;
  }
}

TEST_F(MultipleRulesTest, OnlyWhatLiesWithinOneWindowCounts) {
  EXPECT_EQ(take("a", "alice", "10.0.0.1", 0), "a");
  EXPECT_EQ(take("b", "alice", "10.0.0.1", 12 * kHour), "b");
  EXPECT_EQ(take("c", "alice", "10.0.0.1", 24 * kHour + kSecondUs), "c");
  EXPECT_EQ(take("a", "bob", "10.0.0.2", 0), "a");
  EXPECT_EQ(take("b", "bob", "10.0.0.2", 12 * kHour), "b");
  EXPECT_EQ(take("c", "bob", "10.0.0.2", 24 * kHour), "multiple");
}

TEST_F(MultipleRulesTest, AlertsMayComeInAnyOrder) {
  EXPECT_EQ(take("a", "alice", "10.0.0.1", 20 * kHour), "a");
  EXPECT_EQ(take("b", "alice", "10.0.0.1", 40 * kHour), "b");
  EXPECT_EQ(take("c", "alice", "10.0.0.1", 10 * kHour), "c") << "30 hours apart";
  EXPECT_EQ(take("d", "alice", "10.0.0.1", 30 * kHour), "multiple");
  EXPECT_NE(alerts_.back().sentence.find("3 rules in 20 h for alice: a, b, d, "), std::string::npos)
      << alerts_.back().sentence;
}

TEST_F(MultipleRulesTest, ARuleOfHigherRiskStillSpeaksForItself) {
  take("a", "alice", "10.0.0.1", 0);
  take("b", "alice", "10.0.0.1", kHour);
  EXPECT_EQ(take("worse", "alice", "10.0.0.1", 2 * kHour), "worse");
  EXPECT_EQ(alerts_.back().rules, 3) << "with the evidence that three came together";
  EXPECT_EQ(count("worse"), 1U);
  EXPECT_EQ(count("multiple"), 0U);
}

TEST_F(MultipleRulesTest, AFloodOfNamesWithOneRuleDoesNotPushOutAnEntityWithTwo) {
  // The tripwires stop at 250 events of the fleet in their window, so the detector itself is asked.
  LiveState state = rules_.make_state();
  EventKeys keys{};
  std::vector<Evidence> evidence(rules_.size());
  const RuleMask multiple = RuleMask{1} << rules_.find("multiple");
  const auto note = [&](const std::string& rule, const std::string& user) {
    Event event;
    event.time = *parse_time("2026-03-02T08:00:00Z");
    event[Field::user_name] = user;
    rules_.views().compute(event, keys);
    rules_.score(event, keys, 0, baseline_, state, evidence);
    rules_.note_alert(evidence[rules_.find(rule)], event, keys, multiple, baseline_, state,
                      evidence);
    return std::popcount(evidence[rules_.find("multiple")].alerts.rules);
  };
  EXPECT_EQ(note("a", "alice"), 0);
  EXPECT_EQ(note("b", "alice"), 0);
  for (int i = 0; i < 200'000; ++i) note("a", "u" + std::to_string(i));
  EXPECT_EQ(note("c", "alice"), 3);
}

TEST(MultipleRules, MistakesAreNamedWithFileAndLine) {
  std::string toml = kMultiple;
  toml.replace(toml.find("alerts = 3"), 10, "alerts = 1");
  toml.replace(toml.find("\"user.name\", \"source.ip\"]\nwindow"), 11, "\"user.shoe\"");
  toml.replace(toml.find("\"24h\""), 5, "\"40d\"");
  std::vector<Error> mistakes;
  const RuleSet rules(std::vector<RuleText>{{"m.toml", toml}}, HashKey{}, mistakes);
  std::vector<std::string> told;
  for (const Error& mistake : mistakes) told.push_back(mistake.message());
  EXPECT_EQ(told, (std::vector<std::string>{"m.toml:9: alerts: expected a whole number from 2 to 8",
                                            "m.toml:11: window: expected a duration from 1m to 30d",
                                            "m.toml:10: by: no such view: \"user.shoe\""}));
  // A rule that is ignored and not there is a typing mistake.
  mistakes.clear();
  const RuleSet alone(std::vector<RuleText>{{"m.toml", kMultiple}}, HashKey{}, mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes[0].message(), "m.toml:8: ignore: no rule \"dull\"");
}

}  // namespace
}  // namespace doorward
