#include "agent/pipeline.h"

namespace doorward {

Pipeline::Pipeline(const RuleSet& rules, Baseline& baseline, PipelineSink& sink,
                   const PipelineOptions& options)
    : rules_(rules), baseline_(baseline), sink_(sink), options_(options), evidence_(rules.size()) {
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
  rules_.score(keys_, mask, baseline_, evidence_);
  sink_.on_scored(event, evidence_);

  const Evidence* fired = event.time >= options_.alerts_from ? primary() : nullptr;
  if (fired == nullptr) {
    rules_.calibrate(evidence_, epoch, baseline_);
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
  if (stands_for == 0) {
    // One new habit, counted each time that it comes, would make the whole tail look common.
    ++counts_.held_back;
    return;
  }
  rules_.calibrate(evidence_, epoch, baseline_);
  raise({event, *fired, evidence_, score, stands_for});
}

const Evidence* Pipeline::primary() const {
  const Evidence* best = nullptr;
  double best_score = 0;
  for (const Evidence& evidence : evidence_) {
    if (!evidence.applies) continue;
    const double score = score_of(evidence.p_value);
    if (score < evidence.rule->threshold) continue;
    const int risk = evidence.rule->severity_at(score).risk_score;
    const int best_risk = best == nullptr ? -1 : best->rule->severity_at(best_score).risk_score;
    if (risk > best_risk || (risk == best_risk && score > best_score)) {
      best = &evidence;
      best_score = score;
    }
  }
  return best;
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
