#include "plugins/rule_set.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "plugins/registry.h"
#include "plugins/rule_reader.h"

namespace doorward {
namespace {

std::string detector_names() {
  std::string names;
  for (const DetectorPlugin* plugin : detector_plugins()) {
    names += (names.empty() ? "" : ", ") + std::string(plugin->name);
  }
  return names;
}

}  // namespace

RuleSet::RuleSet(std::span<const RuleText> texts, const HashKey& key, std::vector<Error>& mistakes,
                 SetFiles* set_files)
    : views_(key) {
  for (const RuleText& text : texts) {
    const std::size_t mistakes_before = mistakes.size();
    Result<Params> document = Params::open(text.toml, text.file, &mistakes, set_files);
    if (!document) {
      mistakes.push_back(document.error());
      continue;
    }
    auto loaded = std::make_unique<Loaded>();
    loaded->rule = read_rule(document.value());
    loaded->rule.file = text.file;
    loaded->rule.settings = settings_text(text.toml, loaded->rule.detector);
    const std::string& name = loaded->rule.detector;
    const DetectorPlugin* plugin = find_plugin(detector_plugins(), name);
    if (plugin == nullptr) {
      if (!name.empty()) {
        document.value().mistake("detector", "no such detector; there are " + detector_names());
      }
      continue;
    }
    std::optional<Params> table = document.value().table(name);
    if (table) {
      loaded->detector = plugin->make(loaded->rule, *table, views_);
      table->refuse_unknown();
    } else {
      document.value().mistake("detector", "expected a table [" + name + "] with its settings");
    }
    document.value().refuse_unknown();
    if (mistakes.size() != mistakes_before || !loaded->detector) continue;

    const std::size_t same = find(loaded->rule.id);
    if (same < rules_.size()) {
      rules_[same] = std::move(loaded);
    } else if (rules_.size() == kRulesMax) {
      mistakes.push_back({text.file, "more than " + std::to_string(kRulesMax) + " rules"});
    } else {
      rules_.push_back(std::move(loaded));
    }
  }
  std::stable_sort(rules_.begin(), rules_.end(), [](const auto& a, const auto& b) {
    return a->detector->stage() < b->detector->stage();
  });
  std::vector<const Rule*> rules;
  rules.reserve(rules_.size());
  for (const auto& loaded : rules_) rules.push_back(&loaded->rule);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    Detector& detector = *rules_[i]->detector;
    detector.bind(rules, mistakes);
    const RuleMask bit = RuleMask{1} << i;
    if (detector.state_bytes() > 0) stateful_ |= bit;
    if (detector.learns()) learning_ |= bit;
    if (detector.stage() == Stage::joint) joint_ |= bit;
    if (detector.stage() == Stage::alerts) on_alerts_ |= bit;
    if (rules_[i]->rule.fleet) fleet_ |= bit;
  }
}

std::size_t RuleSet::find(std::string_view id) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(),
                                  [&](const auto& loaded) { return loaded->rule.id == id; });
  return static_cast<std::size_t>(found - rules_.begin());
}

LiveState RuleSet::make_state() const {
  std::vector<std::size_t> sizes;
  sizes.reserve(rules_.size());
  for (const auto& loaded : rules_) sizes.push_back(loaded->detector->state_bytes());
  return LiveState(sizes);
}

RuleMask RuleSet::prepare(const Event& event, EventKeys& keys) const {
  RuleMask mask = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if ((active_ >> i & 1U) != 0 && rules_[i]->rule.when.matches(event)) mask |= RuleMask{1} << i;
  }
  if (mask != 0) views_.compute(event, keys);
  return mask;
}

bool RuleSet::concerns_fleet(const Event& event, RuleMask matched) const {
  for (RuleMask mask = matched & fleet_; mask != 0; mask &= mask - 1) {
    if (rules_[static_cast<std::size_t>(std::countr_zero(mask))]->detector->concerns(event)) {
      return true;
    }
  }
  return false;
}

void RuleSet::observe(const Event& event, const EventKeys& keys, RuleMask mask,
                      LiveState& state) const {
  for (mask &= stateful_; mask != 0; mask &= mask - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(mask));
    rules_[i]->detector->observe(event, keys, state.of(i));
  }
}

void RuleSet::clear(std::size_t rule, Evidence& evidence) const {
  evidence.rule = &rules_[rule]->rule;
  evidence.detector = rules_[rule]->detector.get();
  evidence.applies = false;
  evidence.threshold = rules_[rule]->rule.threshold;
  evidence.p_value = 1;
  evidence.statistic = 0;
  evidence.levels = 0;
  evidence.dormant_epochs = 0;
  evidence.rate.window_s = 0;
  evidence.pair = {};
  evidence.alerts = {};
  evidence.sequence = {};
  evidence.travel = {};
}

void RuleSet::score(const Event& event, const EventKeys& keys, RuleMask mask,
                    const Baseline& baseline, const LiveState& state,
                    std::span<Evidence> out) const {
  assert(out.size() >= rules_.size());
  mask &= ~on_alerts_;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    clear(i, out[i]);
    if ((mask >> i & 1U) == 0) continue;
    rules_[i]->detector->score({event, keys, views_, baseline, state.of(i), out.first(i)}, out[i]);
  }
}

RuleMask RuleSet::fired(std::span<const Evidence> evidence) {
  RuleMask fired = 0;
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    if (has_fired(evidence[i])) fired |= RuleMask{1} << i;
  }
  return fired;
}

const Evidence* RuleSet::primary(std::span<const Evidence> evidence, RuleMask among) {
  const Evidence* best = nullptr;
  int best_risk = -1;
  double best_score = 0;
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    const Evidence& one = evidence[i];
    if (!one.applies || (among >> i & 1U) == 0) continue;
    const double score = score_of(one.p_value);
    if (score < one.threshold) continue;
    const int risk = one.rule->severity_at(score).risk_score;
    if (risk > best_risk || (risk == best_risk && score > best_score)) {
      best = &one;
      best_risk = risk;
      best_score = score;
    }
  }
  return best;
}

void RuleSet::note_alert(const Evidence& raised, const Event& event, const EventKeys& keys,
                         RuleMask mask, const Baseline& baseline, LiveState& state,
                         std::span<Evidence> out) const {
  const auto rule = static_cast<std::size_t>(&raised - out.data());
  assert(rule < rules_.size());
  for (mask &= on_alerts_; mask != 0; mask &= mask - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(mask));
    rules_[i]->detector->note_alert(rule, event, keys, state.of(i));
    rules_[i]->detector->score({event, keys, views_, baseline, state.of(i), out.first(i)}, out[i]);
  }
}

void RuleSet::learn(const EventKeys& keys, RuleMask mask, std::int64_t epoch,
                    Baseline& baseline) const {
  for (mask &= learning_; mask != 0; mask &= mask - 1) {
    rules_[static_cast<std::size_t>(std::countr_zero(mask))]->detector->learn(keys, epoch,
                                                                              baseline);
  }
}

void RuleSet::calibrate(const EventKeys& keys, std::span<const Evidence> evidence,
                        RuleMask repeated, std::int64_t epoch, Baseline& baseline,
                        LiveState& state) const {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!evidence[i].applies) continue;
    rules_[i]->detector->calibrate(keys, evidence[i], (repeated >> i & 1U) != 0, epoch, baseline,
                                   state.of(i));
  }
}

}  // namespace doorward
