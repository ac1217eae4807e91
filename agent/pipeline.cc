#include "agent/pipeline.h"

namespace doorward {

Pipeline::Pipeline(const RuleSet& rules, Baseline& baseline, PipelineSink& sink,
                   const PipelineOptions& options)
    : rules_(rules),
      baseline_(baseline),
      sink_(sink),
      options_(options),
      evidence_(rules.size()),
      state_(rules.make_state()) {
  counts_.by_rule.resize(rules.size());
}

void Pipeline::on_event(const Event& event) {
  switch (event.outcome) {
    case Outcome::success:
      ++counts_.success;
      break;
    case Outcome::failure:
      ++counts_.failure;
      break;
    case Outcome::unknown:
      ++counts_.unknown;
      break;
  }
  if (event.time == kNoTime) {
    ++counts_.no_time;
    return;
  }
  if (options_.now < INT64_MAX - kFutureMaxUs && event.time > options_.now + kFutureMaxUs) {
    ++counts_.future;
    return;
  }
  const std::int64_t epoch = baseline_.epoch_of(event.time);
  baseline_.advance(epoch);
  if (!baseline_.holds(epoch)) {
    ++counts_.too_old;
    return;
  }
  quarantine_.release(event.time, rules_, baseline_);

  const RuleMask mask = rules_.prepare(event, keys_);
  if (mask == 0) return;
  ++counts_.scored;
  rules_.observe(event, keys_, mask, state_);
  rules_.score(event, keys_, mask, baseline_, state_, evidence_);
  sink_.on_scored(event, evidence_);

  const Evidence* fired =
      event.time >= options_.alerts_from ? RuleSet::primary(evidence_) : nullptr;
  if (fired == nullptr) {
    rules_.calibrate(keys_, evidence_, false, epoch, baseline_);
    rules_.learn(keys_, mask, epoch, baseline_);
    return;
  }
  const double score = score_of(fired->p_value);
  if (score < kQuarantineScore) {
    rules_.learn(keys_, mask, epoch, baseline_);
  } else if (!quarantine_.hold(keys_, mask, event.time + baseline_.options().epoch_us)) {
    ++counts_.quarantine_full;
  }
  const std::uint32_t stands_for = suppression_.note(*fired->rule, event, score);
  rules_.calibrate(keys_, evidence_, stands_for == 0, epoch, baseline_);
  if (stands_for == 0) {
    ++counts_.held_back;
    return;
  }
  rules_.note_alert(*fired, event, keys_, mask, baseline_, state_, evidence_);
  if (const Evidence* of_alerts = RuleSet::primary(evidence_);
      of_alerts != fired &&
      suppression_.note(*of_alerts->rule, event, score_of(of_alerts->p_value))) {
    fired = of_alerts;
  }
  raise({event, *fired, evidence_, score_of(fired->p_value), stands_for});
}

void Pipeline::raise(const Alert& alert) {
  if (alert.score < options_.min_score) {
    ++counts_.below_min_score;
    return;
  }
  ++counts_.alerts;
  ++counts_.by_rule[static_cast<std::size_t>(&alert.primary - evidence_.data())];
  sink_.on_alert(alert);
}

}  // namespace doorward
