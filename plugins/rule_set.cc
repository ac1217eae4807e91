#include "plugins/rule_set.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "plugins/registry.h"
#include "plugins/rule_reader.h"

namespace doorward {
namespace {

/// The detector whose rules have a strength and a discount.
constexpr const char* kDetectorWithStrength = "rare";

RuleMask first_bits(std::size_t count) {
  return count >= 64 ? ~RuleMask{0} : (RuleMask{1} << count) - 1;
}

std::string detector_names() {
  std::string names;
  for (const DetectorPlugin* plugin : detector_plugins()) {
    names += (names.empty() ? "" : ", ") + std::string(plugin->name);
  }
  return names;
}

}  // namespace

RuleSet::RuleSet(std::span<const RuleText> texts, const HashKey& key, std::vector<Error>& mistakes,
                 SetFiles* set_files, std::span<const RuleOverride> overrides)
    : views_(key) {
  std::vector<std::string> known;  // ids of all texts, also of rules with mistakes
  for (const RuleText& text : texts) take(text, overrides, known, mistakes, set_files);
  for (const RuleOverride& one : overrides) {
    if (std::find(known.begin(), known.end(), one.id) == known.end()) {
      mistakes.push_back({one.where, "rules: no rule \"" + one.id + "\""});
      continue;
    }
    const std::size_t index = find(one.id);
    if (index == rules_.size() || rules_[index]->rule.detector == kDetectorWithStrength) continue;
    for (const auto& [name, value] :
         {std::pair("strength", one.strength), std::pair("discount", one.discount)}) {
      if (!value) continue;
      mistakes.push_back({one.where, std::string(name) + ": only rules of detector " +
                                         kDetectorWithStrength + " have one; " + one.id +
                                         " is of detector " + rules_[index]->rule.detector});
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
    detector.bind(rules, left_out_, mistakes);
    bind_tells_of(i, mistakes);
    const RuleMask bit = RuleMask{1} << i;
    if (detector.state_bytes() > 0) stateful_ |= bit;
    if (detector.learns()) learning_ |= bit;
    if (detector.stage() == Stage::joint) joint_ |= bit;
    if (detector.stage() == Stage::alerts) on_alerts_ |= bit;
    if (rules_[i]->rule.fleet) fleet_ |= bit;
  }
  std::vector<const Filter*> filters;
  for (const Rule* rule : rules) filters.push_back(&rule->when);
  gate_ = RuleGate(filters);
}

void RuleSet::take(const RuleText& text, std::span<const RuleOverride> overrides,
                   std::vector<std::string>& known, std::vector<Error>& mistakes,
                   SetFiles* set_files) {
  const std::size_t mistakes_before = mistakes.size();
  Result<Params> document = Params::open(text.toml, text.file, &mistakes, set_files);
  if (!document) {
    mistakes.push_back(document.error());
    return;
  }
  auto loaded = std::make_unique<Loaded>();
  Rule& rule = loaded->rule;
  rule = read_rule(document.value());
  rule.file = text.file;
  rule.settings = settings_text(text.toml, rule.detector);
  known.push_back(rule.id);
  const DetectorPlugin* plugin = find_plugin(detector_plugins(), rule.detector);
  if (plugin == nullptr) {
    if (!rule.detector.empty()) {
      document.value().mistake("detector", "no such detector; there are " + detector_names());
    }
    return;
  }
  const auto over = std::find_if(overrides.begin(), overrides.end(),
                                 [&](const RuleOverride& one) { return one.id == rule.id; });
  const bool disabled = over != overrides.end() && !over->enabled;
  if (over != overrides.end()) {
    rule.overridden_at = over->where;
    rule.strength.overridden = over->strength;
    rule.discount.overridden = over->discount;
    if (over->threshold) {
      rule.threshold_written = rule.threshold;
      rule.threshold = *over->threshold;
    }
  }
  std::optional<Params> table = document.value().table(rule.detector);
  if (table) {
    // A rule that is left out is read for its mistakes, but its views are not hashed.
    ViewTable aside(views_.key());
    (void)views_.take_asked();
    loaded->detector = plugin->make(rule, *table, disabled ? aside : views_);
    loaded->views = views_.take_asked();
    table->refuse_unknown();
  } else {
    document.value().mistake("detector",
                             "expected a table [" + rule.detector + "] with its settings");
  }
  document.value().refuse_unknown();
  if (mistakes.size() != mistakes_before || !loaded->detector) return;

  const std::size_t same = find(rule.id);
  if (disabled) {
    if (std::find(left_out_.begin(), left_out_.end(), rule.id) == left_out_.end()) {
      left_out_.push_back(rule.id);
    }
  } else if (same < rules_.size()) {
    rules_[same] = std::move(loaded);
  } else if (rules_.size() == kRulesMax) {
    mistakes.push_back({text.file, "more than " + std::to_string(kRulesMax) + " rules"});
  } else {
    rules_.push_back(std::move(loaded));
  }
}

void RuleSet::bind_tells_of(std::size_t index, std::vector<Error>& mistakes) {
  const Rule& teller = rules_[index]->rule;
  for (const std::string& id : teller.tells_of) {
    const std::size_t other = find(id);
    if (other < rules_.size()) {
      rules_[other]->tellers |= RuleMask{1} << index;
    } else if (std::find(left_out_.begin(), left_out_.end(), id) == left_out_.end()) {
      mistakes.push_back({teller.file, "tells_of: no rule \"" + id + "\""});
    }
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
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    // What does not look at events has nothing going on.
    const bool looks = (active_ >> i & 1U) != 0;
    sizes.push_back(looks ? rules_[i]->detector->state_bytes() : 0);
  }
  return LiveState(sizes);
}

RuleMask RuleSet::prepare(const Event& event, EventKeys& keys, HashMemo* memo) const {
  const RuleMask mask = gate_.matching(event) & active_;
  ViewMask views = 0;
  for (RuleMask left = mask; left != 0; left &= left - 1) {
    views |= rules_[static_cast<std::size_t>(std::countr_zero(left))]->views;
  }
  if (mask != 0) views_.compute(event, keys, views, memo);
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
  // Most rules never set these; to look is less than to write.
  if (evidence.pair.raised_at != kNoTime) evidence.pair = {};
  if (evidence.alerts.rules != 0) evidence.alerts = {};
  evidence.sequence = {};
  if (!evidence.travel.from.empty() || evidence.travel.km != 0) evidence.travel = {};
}

RuleMask RuleSet::score(const Event& event, const EventKeys& keys, RuleMask mask,
                        const Baseline& baseline, const LiveState& state, std::span<Evidence> out,
                        RuleMask stale) const {
  assert(out.size() >= rules_.size());
  mask &= ~on_alerts_ & first_bits(rules_.size());
  for (RuleMask left = stale & ~mask & first_bits(rules_.size()); left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    clear(i, out[i]);
  }
  RuleMask applies = 0;
  for (RuleMask left = mask; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    clear(i, out[i]);
    rules_[i]->detector->score({event, keys, views_, baseline, state.of(i), out.first(i), applies},
                               out[i]);
    if (out[i].applies) applies |= RuleMask{1} << i;
  }
  return applies;
}

RuleMask RuleSet::fired(std::span<const Evidence> evidence, RuleMask among) {
  RuleMask fired = 0;
  for (among &= first_bits(evidence.size()); among != 0; among &= among - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(among));
    if (has_fired(evidence[i])) fired |= RuleMask{1} << i;
  }
  return fired;
}

const Evidence* RuleSet::primary(std::span<const Evidence> evidence, RuleMask among) {
  const Evidence* best = nullptr;
  int best_risk = -1;
  double best_score = 0;
  for (among &= first_bits(evidence.size()); among != 0; among &= among - 1) {
    const Evidence& one = evidence[static_cast<std::size_t>(std::countr_zero(among))];
    if (!one.applies) continue;
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

RuleMask RuleSet::note_alert(const Evidence& raised, const Event& event, const EventKeys& keys,
                             RuleMask mask, const Baseline& baseline, LiveState& state,
                             std::span<Evidence> out) const {
  const auto rule = static_cast<std::size_t>(&raised - out.data());
  assert(rule < rules_.size());
  RuleMask applies = 0;
  for (mask &= on_alerts_; mask != 0; mask &= mask - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(mask));
    rules_[i]->detector->note_alert(rule, event, keys, state.of(i));
    RuleMask earlier = 0;
    for (std::size_t k = 0; k < i; ++k) earlier |= RuleMask{out[k].applies ? 1U : 0U} << k;
    rules_[i]->detector->score({event, keys, views_, baseline, state.of(i), out.first(i), earlier},
                               out[i]);
    if (out[i].applies) applies |= RuleMask{1} << i;
  }
  return applies;
}

std::vector<LevelHistory> RuleSet::history(std::size_t rule, const Event& event,
                                           const Baseline& baseline) const {
  EventKeys keys;
  views_.compute(event, keys);
  std::vector<LevelHistory> out;
  rules_[rule]->detector->history({event, keys, views_, baseline, {}, {}, 0}, out);
  return out;
}

void RuleSet::learn(const EventKeys& keys, RuleMask mask, std::int64_t epoch, Baseline& baseline,
                    FitCounts* fit) const {
  for (mask &= learning_; mask != 0; mask &= mask - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(mask));
    const Detector& detector = *rules_[i]->detector;
    if (fit != nullptr) {
      if (const std::optional<Novelty> told = detector.novelty(keys, views_, baseline)) {
        fit->count(i, *told);
      }
    }
    detector.learn(keys, epoch, baseline);
  }
}

FitCounts RuleSet::make_fit_counts() const {
  std::vector<std::string> ids;
  for (const auto& loaded : rules_) {
    ids.push_back(loaded->detector->has_novelty() ? loaded->rule.id : std::string());
  }
  return FitCounts(std::move(ids));
}

void RuleSet::calibrate(const EventKeys& keys, std::span<const Evidence> evidence, RuleMask mask,
                        RuleMask repeated, std::int64_t epoch, Baseline& baseline,
                        LiveState& state) const {
  for (mask &= first_bits(rules_.size()); mask != 0; mask &= mask - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(mask));
    if (!evidence[i].applies) continue;
    rules_[i]->detector->calibrate(keys, evidence[i], (repeated >> i & 1U) != 0, epoch, baseline,
                                   state.of(i));
  }
}

}  // namespace doorward
