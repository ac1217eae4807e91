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

RuleSet::RuleSet(std::span<const RuleText> texts, const HashKey& key, std::vector<Error>& mistakes)
    : views_(key) {
  for (const RuleText& text : texts) {
    const std::size_t mistakes_before = mistakes.size();
    Result<Params> document = Params::open(text.toml, text.file, &mistakes);
    if (!document) {
      mistakes.push_back(document.error());
      continue;
    }
    auto loaded = std::make_unique<Loaded>();
    loaded->rule = read_rule(document.value());
    loaded->rule.file = text.file;
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
  for (const auto& loaded : rules_) loaded->detector->bind(rules);
}

std::size_t RuleSet::find(std::string_view id) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(),
                                  [&](const auto& loaded) { return loaded->rule.id == id; });
  return static_cast<std::size_t>(found - rules_.begin());
}

RuleMask RuleSet::prepare(const Event& event, EventKeys& keys) const {
  RuleMask mask = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i]->rule.when.matches(event)) mask |= RuleMask{1} << i;
  }
  if (mask != 0) views_.compute(event, keys);
  return mask;
}

void RuleSet::score(const EventKeys& keys, RuleMask mask, const Baseline& baseline,
                    std::span<Evidence> out) const {
  assert(out.size() >= rules_.size());
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    Evidence& evidence = out[i];
    evidence.rule = &rules_[i]->rule;
    evidence.applies = false;
    evidence.p_value = 1;
    evidence.statistic = 0;
    evidence.levels = 0;
    evidence.dormant_epochs = 0;
    if ((mask >> i & 1U) == 0) continue;
    rules_[i]->detector->score({keys, views_, baseline, out.first(i)}, evidence);
  }
}

void RuleSet::learn(const EventKeys& keys, RuleMask mask, std::int64_t epoch,
                    Baseline& baseline) const {
  for (; mask != 0; mask &= mask - 1) {
    rules_[static_cast<std::size_t>(std::countr_zero(mask))]->detector->learn(keys, epoch,
                                                                              baseline);
  }
}

void RuleSet::calibrate(std::span<const Evidence> evidence, std::int64_t epoch,
                        Baseline& baseline) const {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (evidence[i].applies) rules_[i]->detector->calibrate(evidence[i], epoch, baseline);
  }
}

}  // namespace doorward
