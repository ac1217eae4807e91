// What a pipeline remembers, as bytes.
#include <utility>

#include "plugins/pipeline/pipeline.h"
#include "plugins/pipeline/saved_rules.h"

namespace doorward {
namespace {

/// Of the bytes that save() writes, and of the layout of every detector's live state.
constexpr std::uint16_t kStateVersion = 3;

}  // namespace

void Pipeline::save(StateWriter& out) const {
  out(kStateVersion, key_name(rules_.views().key()));
  SavedRules::save(rules_, out);
  PipelineCounts::fields(out, counts_);
  for (const std::uint64_t count : counts_.by_rule) out(count);
  quarantine_.save(rules_, out);
  failures_.save(rules_, out);
  suppression_.save(rules_, out);
  caps_.save(out);
  budget_.save(out);
  for (std::size_t i = 0; i < rules_.size(); ++i) state_.save(i, out);
}

PipelineLoss Pipeline::load(StateReader& in) {
  std::uint16_t version = 0;
  std::uint64_t key = 0;
  in(version, key);
  if (version != kStateVersion || key != key_name(rules_.views().key())) in.fail();
  const SavedRules then(in, rules_);
  PipelineLoss loss;
  // All of it beside what there is, so that a mistake at the end changes nothing.
  PipelineCounts counts;
  counts.by_rule.resize(rules_.size());
  PipelineCounts::fields(in, counts);
  for (std::size_t i = 0; i < then.size(); ++i) {
    std::uint64_t count = 0;
    in(count);
    if (then.find(i) != SavedRules::kGone) counts.by_rule[then.find(i)] = count;
    if (!then.is_same(i)) loss.rules.push_back(then.id(i));
  }
  Quarantine quarantine(kQuarantineMax);
  Quarantine failures(kQuarantineFailuresMax);
  loss.unlearned = quarantine.load(in, then);
  loss.unlearned += failures.load(in, then);
  Suppression suppression = make_suppression();
  loss.untold_updates = suppression.load(in, then);
  AlertCaps caps = make_caps();
  loss.untold_summaries = caps.load(in, then, rules_);
  AlertBudget budget(rules_, options_.budget_per_day);
  budget.load(in, then);
  LiveState state = rules_.make_state();
  for (std::size_t i = 0; i < then.size() && in.ok(); ++i) {
    const std::size_t now = then.find(i);
    if (!then.is_same(i)) {
      LiveState::skip(in);
    } else if (!state.load(now, in)) {
      loss.rules.push_back(then.id(i));
    } else if (!state.of(now).empty() && !rules_.restore(now, state.of(now))) {
      in.fail();
    }
  }
  if (!in.done()) {
    in.fail();
    return {};
  }
  counts_ = std::move(counts);
  quarantine_ = std::move(quarantine);
  failures_ = std::move(failures);
  suppression_ = std::move(suppression);
  caps_ = std::move(caps);
  budget_ = std::move(budget);
  state_ = std::move(state);
  suppression_.tell_forgotten();
  return loss;
}

}  // namespace doorward
