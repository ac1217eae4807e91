#include "plugins/pipeline/saved_rules.h"

#include <algorithm>
#include <bit>
#include <optional>

namespace doorward {
namespace {

constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kViewNameBytesMax = 64;

/// What a rule judges, as a number that changes with it.
Hash128 judges(const Rule& rule) {
  return hash_text(HashKey{}, rule.detector + "\n" + rule.settings);
}

}  // namespace

void SavedRules::save(const RuleSet& rules, StateWriter& out) {
  out(static_cast<std::uint8_t>(rules.size()));
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(i);
    out(rule.id, judges(rule), rule.threshold);
  }
  const std::span<const View> views = rules.views().views();
  out(static_cast<std::uint8_t>(views.size()));
  for (const View& view : views) out.text(view.name());
}

SavedRules::SavedRules(StateReader& in, const RuleSet& now) : rules_(now) {
  std::uint8_t rules = 0;
  in(rules);
  if (rules > kRulesMax) in.fail();
  for (std::size_t i = 0; i < rules && in.ok(); ++i) {
    Then then;
    then.id = in.text(kIdBytesMax);
    Hash128 print;
    double threshold = 0;
    in(print, threshold);
    const std::size_t found = now.find(then.id);
    if (found < now.size()) {
      then.now = found;
      then.judges_alike = judges(now.rule(found)) == print;
      then.same = then.judges_alike && now.rule(found).threshold == threshold;
    }
    const bool twice = std::any_of(then_.begin(), then_.end(),
                                   [&](const Then& other) { return other.id == then.id; });
    if (twice) in.fail();
    then_.push_back(std::move(then));
  }
  std::uint8_t views = 0;
  in(views);
  if (views > kViewsMax) in.fail();
  for (std::size_t i = 0; i < views && in.ok(); ++i) {
    const std::optional<View> view = View::from_name(in.text(kViewNameBytesMax));
    const std::span<const View> there = now.views().views();
    const auto found = view ? std::find(there.begin(), there.end(), *view) : there.end();
    views_.push_back(found == there.end() ? kViewsMax
                                          : static_cast<std::size_t>(found - there.begin()));
  }
}

std::uint8_t SavedRules::at(const Rule* rule, const RuleSet& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (&rules.rule(i) == rule) return static_cast<std::uint8_t>(i);
  }
  return kGone;
}

const Rule* SavedRules::rule(std::uint8_t then, StateReader& in) const {
  if (then >= size()) {
    in.fail();
    return nullptr;
  }
  return then_[then].now == kGone ? nullptr : &rules_.rule(then_[then].now);
}

RuleMask SavedRules::learners(RuleMask then) const {
  RuleMask now = 0;
  for (; then != 0; then &= then - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(then));
    if (i < size() && then_[i].judges_alike) now |= RuleMask{1} << then_[i].now;
  }
  return now & rules_.learning_rules();
}

void SavedRules::save_keys(const EventKeys& keys, const RuleSet& rules, StateWriter& out) {
  for (std::size_t i = 0; i < rules.views().views().size(); ++i) out(keys.hash[i]);
  out(keys.hour_of_week);
}

void SavedRules::load_keys(StateReader& in, EventKeys& keys) const {
  keys = {};
  for (const std::size_t now : views_) {
    Hash128 hash;
    in(hash);
    if (now < kViewsMax) keys.hash[now] = hash;
  }
  in(keys.hour_of_week);
  if (keys.hour_of_week >= 168) in.fail();
}

}  // namespace doorward
