#include "plugins/pipeline/pipeline.h"

#include <algorithm>
#include <bit>
#include <optional>

namespace doorward {

Pipeline::Pipeline(const RuleSet& rules, Baseline& baseline, PipelineSink& sink,
                   const PipelineOptions& options)
    : rules_(rules),
      baseline_(baseline),
      sink_(sink),
      options_(options),
      quarantine_(kQuarantineMax),
      failures_(kQuarantineFailuresMax),
      suppression_(make_suppression()),
      caps_(make_caps()),
      budget_(rules, options.budget_per_day),
      evidence_(rules.size()),
      state_(rules.make_state()) {
  counts_.by_rule.resize(rules.size());
}

Suppression Pipeline::make_suppression() {
  return Suppression([this](const AlertUpdate& update) {
    ++counts_.updates;
    sink_.on_update(update);
  });
}

AlertCaps Pipeline::make_caps() {
  return {rules_.size(), [this](const AlertSummary& summary) {
            ++counts_.summaries;
            sink_.on_summary(summary);
          }};
}

std::int64_t Pipeline::epoch_of(TimeUs time) {
  // Most events are of the epoch of the one before; a division saved.
  if (time < epoch_begins_ || time - epoch_begins_ >= baseline_.options().epoch_us) {
    epoch_ = baseline_.epoch_of(time);
    epoch_begins_ = epoch_ * baseline_.options().epoch_us;
  }
  return epoch_;
}

Pipeline::Came Pipeline::come_to(TimeUs time) {
  if (options_.now < INT64_MAX - kFutureMaxUs && time > options_.now + kFutureMaxUs) {
    return Came::future;
  }
  if (time >= budget_.next_tick()) budget_.tick(time, baseline_);
  const std::int64_t epoch = epoch_of(time);
  baseline_.advance(epoch);
  if (!baseline_.holds(epoch)) return Came::too_old;
  quarantine_.release(time, rules_, baseline_, fit_);
  failures_.release(time, rules_, baseline_, fit_);
  if (time >= suppression_.next_due()) suppression_.tell_due(time);
  if (time >= caps_.next_due()) caps_.tell_due(time);
  return Came::in_time;
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
  switch (come_to(event.time)) {
    case Came::in_time:
      break;
    case Came::future:
      ++counts_.future;
      return;
    case Came::too_old:
      ++counts_.too_old;
      return;
  }
  const std::int64_t epoch = epoch_of(event.time);
  const RuleMask mask = rules_.prepare(event, keys_, &memo_);
  if (mask == 0) return;
  ++counts_.scored;
  if (sightings_ != nullptr && event.time >= options_.alerts_from) sightings_->note(event, mask);
  rules_.observe(event, keys_, mask, state_);
  const RuleMask applies = rules_.score(event, keys_, mask, baseline_, state_, evidence_, stale_);
  stale_ = mask;
  budget_.count(evidence_, applies);
  budget_.apply(evidence_);
  sink_.on_scored(event, evidence_);

  const Evidence* fired =
      event.time >= options_.alerts_from ? RuleSet::primary(evidence_, applies) : nullptr;
  RuleMask silent = 0;
  if (fired != nullptr) {
    silent = silenced(event, RuleSet::fired(evidence_, applies));
    if (silent != 0) {
      ++counts_.excepted;
      fired = RuleSet::primary(evidence_, applies & ~silent);
    }
  }
  // What a joint rule may not speak of must not count as ordinary either: its tail would end where
  // the excepted events lie, and hide what is as unusual as they are.
  const RuleMask repeated = silent & rules_.joint_rules();
  if (fired == nullptr) {
    rules_.calibrate(keys_, evidence_, applies, repeated, epoch, baseline_, state_);
    rules_.learn(keys_, mask, epoch, baseline_, fit_);
    return;
  }
  rules_.learn(keys_, mask & silent, epoch, baseline_, fit_);
  RuleMask held = 0;
  if (score_of(fired->p_value) >= kQuarantineScore) {
    held = mask & ~silent & rules_.learning_rules();
  } else {
    rules_.learn(keys_, mask & ~silent, epoch, baseline_, fit_);
  }
  // The strongest rule of which nothing alike was told speaks. A flood that keeps one rule busy
  // must not keep the others quiet.
  RuleMask told = 0;
  AlikeAlert alike;  // the strongest that holds this one back
  const RuleMask loud = RuleSet::fired(evidence_, applies) & ~silent;
  while (fired != nullptr && (told_by_another(*fired, event, loud) ||
                              suppression_.holds_back(*fired->rule, event, score_of(fired->p_value),
                                                      told == 0 ? &alike : nullptr))) {
    told |= rules_.speaks_for(static_cast<std::size_t>(fired - evidence_.data()));
    fired = RuleSet::primary(evidence_, applies & ~silent & ~told);
  }
  if (fired == nullptr) {
    ++counts_.held_back;
    rules_.calibrate(keys_, evidence_, applies, applies, epoch, baseline_, state_);
    hold(event, held, alike);
    return;
  }
  rules_.calibrate(keys_, evidence_, applies, repeated | told, epoch, baseline_, state_);
  const RuleMask more = rules_.note_alert(*fired, event, keys_, mask, baseline_, state_, evidence_);
  const bool counted = silent != 0;
  silent |= silenced(event, RuleSet::fired(evidence_, more));
  if (silent != 0 && !counted) ++counts_.excepted;
  const Evidence* speaks = RuleSet::primary(evidence_, (applies | more) & ~silent & ~told);
  if (speaks != fired && suppression_.holds_back(*speaks->rule, event, score_of(speaks->p_value))) {
    speaks = fired;
  }
  hold(event, held, raise(event, *fired, *speaks));
}

void Pipeline::note_alert(std::size_t rule, const Event& event) {
  if (event.time == kNoTime || come_to(event.time) != Came::in_time) return;
  const RuleMask mask = rules_.prepare(event, keys_, &memo_);
  rules_.score(event, keys_, 0, baseline_, state_, evidence_, stale_);
  const RuleMask applies =
      rules_.note_alert(evidence_[rule], event, keys_, mask, baseline_, state_, evidence_);
  stale_ = mask;
  const RuleMask silent = silenced(event, RuleSet::fired(evidence_, applies));
  if (silent != 0) ++counts_.excepted;
  const Evidence* fired = RuleSet::primary(evidence_, applies & ~silent);
  if (fired == nullptr) return;
  if (suppression_.holds_back(*fired->rule, event, score_of(fired->p_value))) {
    ++counts_.held_back;
    return;
  }
  raise(event, *fired, *fired);
}

std::size_t Pipeline::verdict(std::string_view event_id, bool learn) {
  const std::optional<Hash128> alert = alert_key(event_id);
  if (!alert || alert->none()) return 0;
  suppression_.note_verdict(event_id, learn ? HeldVerdict::learn : HeldVerdict::never);
  std::size_t events = 0;
  for (Quarantine* held : {&quarantine_, &failures_}) {
    events += learn ? held->release_now(*alert, baseline_.newest(), rules_, baseline_, fit_)
                    : held->drop(*alert);
  }
  (learn ? counts_.verdict_learned : counts_.verdict_dropped) += events;
  return events;
}

bool Pipeline::told_by_another(const Evidence& fired, const Event& event, RuleMask loud) {
  RuleMask tellers = rules_.tellers(static_cast<std::size_t>(&fired - evidence_.data()));
  for (; tellers != 0; tellers &= tellers - 1) {
    const auto teller = static_cast<std::size_t>(std::countr_zero(tellers));
    if ((loud >> teller & 1U) != 0) return true;
    if (suppression_.remembers(rules_.rule(teller), event)) return true;
  }
  return false;
}

AlikeAlert Pipeline::raise(const Event& event, const Evidence& fired, const Evidence& speaks) {
  const Alert alert{event, speaks, evidence_, score_of(speaks.p_value), 1};
  const auto rule = static_cast<std::size_t>(&speaks - evidence_.data());
  const bool loud = alert.score >= options_.min_score;
  if (loud && !caps_.admit(rule, *speaks.rule, event, alert.score)) {
    // Not remembered: what is alike to it belongs to the summary as well.
    ++counts_.summed_up;
    return {};
  }
  const std::string id = loud ? alert_id(event, *speaks.rule) : std::string();
  suppression_.remember(*fired.rule, event, score_of(fired.p_value), loud ? speaks.rule : nullptr,
                        id);
  // What is alike for the rule that speaks raises alerts of other rules; no update is missing.
  if (&speaks != &fired) {
    suppression_.remember(*speaks.rule, event, alert.score, nullptr, id);
  }
  if (!loud) {
    ++counts_.below_min_score;
    return {};
  }
  ++counts_.alerts;
  ++counts_.by_rule[rule];
  sink_.on_alert(alert);
  AlikeAlert told;
  std::copy(id.begin(), id.end(), told.id.begin());
  return told;
}

void Pipeline::finish() {
  suppression_.tell_all();
  caps_.tell_all();
  budget_.flush(baseline_);
}

RuleMask Pipeline::silenced(const Event& event, RuleMask fired) const {
  if (fired == 0) return 0;
  RuleMask silent = 0;
  if (options_.exceptions != nullptr) silent |= options_.exceptions->silenced(event, fired);
  if (options_.veto != nullptr) silent |= options_.veto->silenced(event, evidence_, fired);
  return silent;
}

void Pipeline::hold(const Event& event, RuleMask mask, const AlikeAlert& alert) {
  if (mask == 0 || alert.verdict == HeldVerdict::never) return;
  if (alert.verdict == HeldVerdict::learn) {
    rules_.learn(keys_, mask, baseline_.epoch_of(event.time), baseline_, fit_);
    return;
  }
  Quarantine& quarantine = event.outcome == Outcome::success ? quarantine_ : failures_;
  const std::optional<Hash128> id = alert_key({alert.id.data(), alert.id.size()});
  if (!quarantine.hold(keys_, mask, event.time + baseline_.options().epoch_us,
                       id.value_or(Hash128{}))) {
    ++counts_.quarantine_full;
  }
}

}  // namespace doorward
