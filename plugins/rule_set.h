// The rules in force: read from TOML, bound to their detectors, scored and learned together.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/detectors/detector.h"
#include "plugins/detectors/fit_counts.h"
#include "plugins/live_state.h"
#include "plugins/rule.h"
#include "plugins/rule_gate.h"
#include "plugins/rule_override.h"
#include "plugins/view.h"
#include "sketch/baseline.h"

namespace doorward {

/// The text of one rule file.
struct RuleText {
  std::string file;
  std::string toml;
};

/// The rules that the programs bring with them (plugins/rules/*.toml).
std::span<const RuleText> builtin_rules();

/// Reads the *.toml files of a directory in name order. A file of the same rule id as an earlier
/// one replaces it, so a directory can override built-in rules. `kind`: what the files hold, for
/// messages.
Result<std::vector<RuleText>> read_rules_dir(const std::string& dir,
                                             const std::string& kind = "rule");

/// Which rules' filters matched an event: bit i is rule i.
using RuleMask = std::uint64_t;

class RuleSet {
 public:
  /// Reads rules. Mistakes are appended with file and line; rules with mistakes are left out, the
  /// others still work. Later texts replace earlier ones of the same id. `set_files` has the files
  /// that conditions name; null: they may name none. `overrides`: what a policy changes of the
  /// rules; ids that no text has are mistakes.
  RuleSet(std::span<const RuleText> texts, const HashKey& key, std::vector<Error>& mistakes,
          SetFiles* set_files = nullptr, std::span<const RuleOverride> overrides = {});

  [[nodiscard]] std::size_t size() const { return rules_.size(); }
  [[nodiscard]] const Rule& rule(std::size_t index) const { return rules_[index]->rule; }
  /// Index of a rule by id; size() when there is none.
  [[nodiscard]] std::size_t find(std::string_view id) const;
  /// Ids of rules that overrides disable.
  [[nodiscard]] std::span<const std::string> left_out() const { return left_out_; }
  /// See Detector::has_p_values.
  [[nodiscard]] bool has_p_values(std::size_t index) const {
    return rules_[index]->detector->has_p_values();
  }
  [[nodiscard]] const ViewTable& views() const { return views_; }
  /// The rules of Stage::joint.
  [[nodiscard]] RuleMask joint_rules() const { return joint_; }

  /// The rules that learn from events; the others need no quarantine.
  [[nodiscard]] RuleMask learning_rules() const { return learning_; }

  /// The rules whose news an alert of this rule tells: itself, and for a joint rule its parts.
  [[nodiscard]] RuleMask speaks_for(std::size_t rule) const {
    return RuleMask{1} << rule | rules_[rule]->detector->parts();
  }

  /// The rules to which this one has nothing to add: it is among their Rule::tells_of.
  [[nodiscard]] RuleMask tellers(std::size_t rule) const { return rules_[rule]->tellers; }

  /// The rules that the server judges as well (Rule::fleet), and the rules of Stage::alerts.
  [[nodiscard]] RuleMask fleet_rules() const { return fleet_; }
  [[nodiscard]] RuleMask alert_rules() const { return on_alerts_; }

  /// Only these rules look at events from now on. The others are still there to be named.
  void keep_to(RuleMask rules) { active_ = rules; }

  /// Of the rules of `matched` (from prepare()) some fleet rule is told something by the event: see
  /// Detector::concerns.
  [[nodiscard]] bool concerns_fleet(const Event& event, RuleMask matched) const;

  /// Live state for these rules, empty.
  [[nodiscard]] LiveState make_state() const;

  /// See Detector::restore(); `state` is the rule's block.
  [[nodiscard]] bool restore(std::size_t rule, std::span<std::byte> state) const {
    return rules_[rule]->detector->restore(state);
  }

  /// Tells which rules look at the event, and hashes it under their views; other views are none().
  /// `memo`: of this set's key; null: every text is hashed anew.
  RuleMask prepare(const Event& event, EventKeys& keys, HashMemo* memo = nullptr) const;

  /// Takes the event into the live state of the rules of `mask`. Before score(), once an event.
  void observe(const Event& event, const EventKeys& keys, RuleMask mask, LiveState& state) const;

  /// Scores the rules of `mask` into out[0..size()); the others, and those of Stage::alerts, get
  /// applies = false. Gives the rules that apply. `stale`: the rules in whose places there may be
  /// evidence of an event before; all of them where `out` is new. Views in `out` point into this
  /// set and `state`. Does not allocate.
  RuleMask score(const Event& event, const EventKeys& keys, RuleMask mask, const Baseline& baseline,
                 const LiveState& state, std::span<Evidence> out,
                 RuleMask stale = ~RuleMask{0}) const;

  /// The rules among `among` that fired.
  static RuleMask fired(std::span<const Evidence> evidence, RuleMask among = ~RuleMask{0});

  /// The rule that speaks for an event: of those in `among` that fired, the one with the highest
  /// risk, then score. Null when none fired.
  static const Evidence* primary(std::span<const Evidence> evidence, RuleMask among = ~RuleMask{0});

  /// Tells the rules of Stage::alerts that `raised` (one of `out`) raises an alert on this event,
  /// and scores them into their places in `out`. Gives those that apply.
  RuleMask note_alert(const Evidence& raised, const Event& event, const EventKeys& keys,
                      RuleMask mask, const Baseline& baseline, LiveState& state,
                      std::span<Evidence> out) const;

  /// What the history knows of the event for one rule, whether it looks at such events or not; see
  /// Detector::history. Allocates.
  [[nodiscard]] std::vector<LevelHistory> history(std::size_t rule, const Event& event,
                                                  const Baseline& baseline) const;

  /// Adds the event to what is usual for the rules of `mask`. `fit`: made by make_fit_counts();
  /// counts whether what is learned is new.
  void learn(const EventKeys& keys, RuleMask mask, std::int64_t epoch, Baseline& baseline,
             FitCounts* fit = nullptr) const;

  /// Empty counts for these rules.
  [[nodiscard]] FitCounts make_fit_counts() const;

  /// Adds the verdicts of the rules of `mask` that apply to the measured distributions and rates;
  /// for every scored event. `repeated`: rules for which the event says nothing new, since it is
  /// alike to an alert raised before.
  void calibrate(const EventKeys& keys, std::span<const Evidence> evidence, RuleMask mask,
                 RuleMask repeated, std::int64_t epoch, Baseline& baseline, LiveState& state) const;

 private:
  struct Loaded {
    Rule rule;
    std::unique_ptr<Detector> detector;
    ViewMask views = 0;    // those that the detector asks for
    RuleMask tellers = 0;  // rules that tell of this one
  };
  void clear(std::size_t rule, Evidence& evidence) const;
  /// Finds the rules of Rule::tells_of.
  void bind_tells_of(std::size_t index, std::vector<Error>& mistakes);
  /// Reads one text, makes its detector, puts it among the rules.
  void take(const RuleText& text, std::span<const RuleOverride> overrides,
            std::vector<std::string>& known, std::vector<Error>& mistakes, SetFiles* set_files);

  ViewTable views_;
  std::vector<std::unique_ptr<Loaded>> rules_;  // by stage; stable addresses
  RuleGate gate_;                               // their filters
  std::vector<std::string> left_out_;
  RuleMask stateful_ = 0;           // rules with live state
  RuleMask joint_ = 0;              // rules of Stage::joint
  RuleMask learning_ = 0;           // rules that learn from events
  RuleMask on_alerts_ = 0;          // rules of Stage::alerts
  RuleMask fleet_ = 0;              // rules with Rule::fleet
  RuleMask active_ = ~RuleMask{0};  // rules that look at events
};

/// Runs the examples of one rule, each on a fresh baseline with all rules loaded. Gives one Error a
/// failed example: where it stands and what came instead.
std::vector<Error> run_rule_tests(std::span<const RuleText> texts, const Rule& rule,
                                  SetFiles* set_files = nullptr);

}  // namespace doorward
