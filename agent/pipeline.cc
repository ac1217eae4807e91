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
  RuleMask silent = 0;
  if (fired != nullptr) {
    silent = silenced(event, RuleSet::fired(evidence_));
    if (silent != 0) {
      ++counts_.excepted;
      fired = RuleSet::primary(evidence_, ~silent);
    }
  }
  // What a joint rule may not speak of must not count as ordinary either: its tail would end where
  // the excepted events lie, and hide what is as unusual as they are.
  const RuleMask repeated = silent & rules_.joint_rules();
  if (fired == nullptr) {
    rules_.calibrate(keys_, evidence_, repeated, epoch, baseline_);
    rules_.learn(keys_, mask, epoch, baseline_);
    return;
  }
  const double score = score_of(fired->p_value);
  rules_.learn(keys_, mask & silent, epoch, baseline_);
  learn(event.time, mask & ~silent, score >= kQuarantineScore);
  const std::uint32_t stands_for = suppression_.note(*fired->rule, event, score);
  rules_.calibrate(keys_, evidence_, stands_for == 0 ? ~RuleMask{0} : repeated, epoch, baseline_);
  if (stands_for == 0) {
    ++counts_.held_back;
    return;
  }
  const RuleMask before = RuleSet::fired(evidence_);
  rules_.note_alert(*fired, event, keys_, mask, baseline_, state_, evidence_);
  const bool counted = silent != 0;
  silent |= silenced(event, RuleSet::fired(evidence_) & ~before);
  if (silent != 0 && !counted) ++counts_.excepted;
  if (const Evidence* of_alerts = RuleSet::primary(evidence_, ~silent);
      of_alerts != fired &&
      suppression_.note(*of_alerts->rule, event, score_of(of_alerts->p_value))) {
    fired = of_alerts;
  }
  raise({event, *fired, evidence_, score_of(fired->p_value), stands_for});
}

RuleMask Pipeline::silenced(const Event& event, RuleMask fired) const {
  if (options_.exceptions == nullptr || fired == 0) return 0;
  return options_.exceptions->silenced(event, fired);
}

void Pipeline::learn(TimeUs time, RuleMask mask, bool later) {
  if (!later) {
    rules_.learn(keys_, mask, baseline_.epoch_of(time), baseline_);
  } else if (!quarantine_.hold(keys_, mask, time + baseline_.options().epoch_us)) {
    ++counts_.quarantine_full;
  }
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
