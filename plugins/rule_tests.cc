// The examples that rules bring with them.
#include <algorithm>
#include <cstdio>

#include "plugins/example_event.h"
#include "plugins/rule_set.h"

namespace doorward {
namespace {

/// Learns the histories in event-time order and scores the event. Gives the score.
Result<double> play(const RuleSet& rules, std::size_t index, const RuleTest& test) {
  Result<Baseline> made = Baseline::make({});
  if (!made) return made.error();
  Baseline& baseline = made.value();

  struct Step {
    const ExampleRun* run;
    TimeUs time;
  };
  std::vector<Step> steps;
  for (const ExampleRun& run : test.history) {
    const Result<Event> event = example_event(run.fields);
    if (!event) return event.error();
    for (std::int64_t i = 0; i < run.count; ++i) {
      steps.push_back({&run, event.value().time + i * run.every_us});
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.time < b.time; });

  EventKeys keys;
  std::vector<Evidence> evidence(rules.size());
  for (const Step& step : steps) {
    Result<Event> event = example_event(step.run->fields);
    event.value().time = step.time;
    const std::int64_t epoch = baseline.epoch_of(step.time);
    baseline.advance(epoch);
    const RuleMask mask = rules.prepare(event.value(), keys);
    rules.score(keys, mask, baseline, evidence);
    rules.calibrate(evidence, epoch, baseline);
    rules.learn(keys, mask, epoch, baseline);
  }
  const Result<Event> event = example_event(test.event);
  if (!event) return event.error();
  baseline.advance(baseline.epoch_of(event.value().time));
  rules.score(keys, rules.prepare(event.value(), keys), baseline, evidence);
  return score_of(evidence[index].p_value);
}

}  // namespace

std::vector<Error> run_rule_tests(std::span<const RuleText> texts, const Rule& rule) {
  std::vector<Error> failures;
  const RuleSet rules(texts, HashKey{}, failures);
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
