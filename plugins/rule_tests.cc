// The examples that rules bring with them.
#include <algorithm>
#include <cstdio>

#include "plugins/example_event.h"
#include "plugins/rule_set.h"

namespace doorward {
namespace {

/// All that a pipeline does to an event, but for holding back.
class Stand {
 public:
  Stand(const RuleSet& rules, Baseline& baseline)
      : rules_(rules), baseline_(baseline), state_(rules.make_state()), evidence_(rules.size()) {}

  void judge(const Event& event) {
    baseline_.advance(baseline_.epoch_of(event.time));
    mask_ = rules_.prepare(event, keys_);
    rules_.observe(event, keys_, mask_, state_);
    rules_.score(event, keys_, mask_, baseline_, state_, evidence_);
    if (const Evidence* raised = RuleSet::primary(evidence_)) {
      rules_.note_alert(*raised, event, keys_, mask_, baseline_, state_, evidence_);
    }
  }

  void learn(const Event& event) {
    const std::int64_t epoch = baseline_.epoch_of(event.time);
    rules_.calibrate(keys_, evidence_, mask_, 0, epoch, baseline_, state_);
    rules_.learn(keys_, mask_, epoch, baseline_);
  }

  [[nodiscard]] double score(std::size_t rule) const { return score_of(evidence_[rule].p_value); }

 private:
  const RuleSet& rules_;
  Baseline& baseline_;
  LiveState state_;
  EventKeys keys_{};
  std::vector<Evidence> evidence_;
  RuleMask mask_ = 0;
};

/// Learns the histories in event-time order and scores the event. Gives the score.
Result<double> play(const RuleSet& rules, std::size_t index, const RuleTest& test) {
  Result<Baseline> made = Baseline::make({});
  if (!made) return made.error();
  struct Step {
    const ExampleRun* run;
    std::int64_t number;
    TimeUs time;
  };
  std::vector<Step> steps;
  for (const ExampleRun& run : test.history) {
    const std::vector<FieldValue> fields = numbered(run.fields, 0);
    const Result<Event> event = example_event(fields);
    if (!event) return event.error();
    for (std::int64_t i = 0; i < run.count; ++i) {
      steps.push_back({&run, i, event.value().time + i * run.every_us});
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.time < b.time; });

  Stand stand(rules, made.value());
  for (const Step& step : steps) {
    const std::vector<FieldValue> fields = numbered(step.run->fields, step.number);
    Result<Event> event = example_event(fields);
    if (!event) return event.error();
    event.value().time = step.time;
    stand.judge(event.value());
    stand.learn(event.value());
  }
  const Result<Event> event = example_event(test.event);
  if (!event) return event.error();
  stand.judge(event.value());
  return stand.score(index);
}

}  // namespace

std::vector<Error> run_rule_tests(std::span<const RuleText> texts, const Rule& rule,
                                  SetFiles* set_files) {
  std::vector<Error> failures;
  const RuleSet rules(texts, HashKey{}, failures, set_files);
  const std::size_t index = rules.find(rule.id);
  if (index == rules.size()) {
    failures.push_back({rule.file, "rule " + rule.id + " did not load"});
    return failures;
  }
  for (const RuleTest& test : rules.rule(index).tests) {
    const Result<double> score = play(rules, index, test);
    if (!score) {
      failures.push_back({test.where, score.error().message()});
      continue;
    }
    const bool alert = score.value() >= rule.threshold;
    if (alert == test.expect_alert) continue;
    std::array<char, 128> numbers{};
    std::snprintf(numbers.data(), numbers.size(), " (score %.0f, threshold %.0f)", score.value(),
                  rule.threshold);
    failures.push_back({test.where, "example \"" + test.name + "\" of " + rule.id + ": expected " +
                                        (test.expect_alert ? "an alert" : "quiet") + ", got " +
                                        (alert ? "an alert" : "quiet") + numbers.data()});
  }
  return failures;
}

}  // namespace doorward
