// An alert budget (design.md 4.6): the false alerts a day that somebody is ready to look at decide
// from which score rules fire.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/pipeline/limits.h"
#include "plugins/pipeline/saved_rules.h"
#include "plugins/rule_set.h"
#include "plugins/state_archive.h"
#include "sketch/baseline.h"

namespace doorward {

/// On ordinary events the share with a p-value of at most a is at most about a. So a rule that
/// gives V verdicts a day and fires from p = S/V on gives about S false alerts a day; S is its
/// share of the budget. Shares are in proportion to Rule::budget_share, among the rules that have
/// such p-values (Detector::has_p_values), may fire by themselves (threshold up to 100) and give
/// verdicts at all. Other rules keep their threshold, and so do all until verdicts of
/// kBudgetDaysMin days were counted.
///
/// Verdicts are counted in the baseline's totals, by epoch: they add when baselines merge, so an
/// agent with the fleet's baseline has the fleet's thresholds. The days they are from are kept
/// there as well (distinct values, which unite).
///
/// Thresholds stay between kBudgetScoreMin and 100: what is as improbable as scores can tell always
/// fires, however many failures somebody makes up to raise V.
class AlertBudget {
 public:
  /// `per_day`: expected false alerts a day of all rules; 0: none, thresholds are the rules' own
  /// and verdicts are only counted.
  AlertBudget(const RuleSet& rules, double per_day);

  /// Counts the verdicts of one event. Does not allocate.
  void count(std::span<const Evidence> evidence, RuleMask mask);

  /// Writes the thresholds in force into the evidence.
  void apply(std::span<Evidence> evidence) const;

  /// Event time from which on tick() has to be called before the next event, and before the
  /// baseline advances: once an hour of event time, and at the end of an epoch.
  [[nodiscard]] TimeUs next_tick() const { return next_tick_; }
  /// Takes what was counted into the baseline and follows it with the thresholds.
  void tick(TimeUs now, Baseline& baseline);
  /// Takes what was counted into the baseline; before it is written.
  void flush(Baseline& baseline);

  void save(StateWriter& out) const;
  /// Reads into a new one. Thresholds are taken over when nothing they follow from has changed;
  /// otherwise tick() is due before the next event.
  void load(StateReader& in, const SavedRules& then);

  [[nodiscard]] double per_day() const { return per_day_; }
  [[nodiscard]] double threshold(std::size_t rule) const { return thresholds_[rule]; }
  /// The rule's threshold comes from the budget.
  [[nodiscard]] bool is_set(std::size_t rule) const { return set_[rule]; }

 private:
  struct Part {
    Hash128 key;       // names the rule's verdicts
    double share = 0;  // weight; 0: the rule keeps its threshold
    double own = 0;    // the rule's own threshold
  };
  using ByAge = std::array<std::uint32_t, kEpochSlots>;

  void follow(TimeUs now, const Baseline& baseline);
  [[nodiscard]] static double days_of(const ByAge& verdicts, TimeUs now, const Baseline& baseline);

  double per_day_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> pending_;  // verdicts by rule since the last flush
  std::vector<double> thresholds_;
  std::vector<bool> set_;
  std::int64_t pending_day_ = 0;    // the pending ones are from this day
  std::int64_t pending_epoch_ = 0;  // and this epoch
  TimeUs next_tick_ = kNoTime;
};

}  // namespace doorward
