// Events in, alerts out: score, then learn, hold back, suppress (design.md 3). Pure: event time and
// events come in; the clock is a number given at the start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/alert.h"
#include "plugins/exceptions/exceptions.h"
#include "plugins/pipeline/alert_budget.h"
#include "plugins/pipeline/alert_caps.h"
#include "plugins/pipeline/quarantine.h"
#include "plugins/pipeline/sightings.h"
#include "plugins/pipeline/suppression.h"
#include "plugins/rule_set.h"
#include "plugins/state_archive.h"
#include "sketch/baseline.h"

namespace doorward {

/// Says which rules must stay silent on an event although they fired, beside exceptions.
class AlertVeto {
 public:
  virtual ~AlertVeto() = default;
  /// `fired`: bit i for evidence[i]. Gives those of them that stay silent.
  virtual RuleMask silenced(const Event& event, std::span<const Evidence> evidence,
                            RuleMask fired) = 0;
};

struct PipelineOptions {
  TimeUs alerts_from = kNoTime;  ///< events before it are only learned
  TimeUs now = INT64_MAX;        ///< wall clock; events later than now + kFutureMaxUs are refused
  double min_score = 0;          ///< alerts below it are counted and not handed on
  double budget_per_day = 0;     ///< expected false alerts a day (AlertBudget); 0: none
  ExceptionSet* exceptions = nullptr;  ///< bound to the rules; may be null; outlives the pipeline
  AlertVeto* veto = nullptr;           ///< may be null; outlives the pipeline
};

/// What happened, for the summary and metrics.
struct PipelineCounts {
  std::uint64_t success = 0;
  std::uint64_t failure = 0;
  std::uint64_t unknown = 0;
  std::uint64_t scored = 0;
  std::uint64_t no_time = 0;
  std::uint64_t future = 0;   ///< refused: stamp ahead of the clock
  std::uint64_t too_old = 0;  ///< older than the whole ring: neither scored nor learned
  std::uint64_t alerts = 0;
  std::uint64_t excepted = 0;   ///< events for which an exception silenced a rule
  std::uint64_t held_back = 0;  ///< alike to an alert already raised
  std::uint64_t updates = 0;    ///< told of what was held back
  std::uint64_t summed_up = 0;  ///< beyond what a rule may raise in a period
  std::uint64_t summaries = 0;  ///< told of them
  std::uint64_t below_min_score = 0;
  std::uint64_t quarantine_full = 0;   ///< never learned
  std::uint64_t verdict_learned = 0;   ///< events held back that an analyst found usual
  std::uint64_t verdict_dropped = 0;   ///< ... and those that are never to be learned
  std::vector<std::uint64_t> by_rule;  ///< alerts by the rule that speaks for them

  /// All but by_rule.
  template <class Archive, class Counts>
  static void fields(Archive& a, Counts& c) {
    a(c.success, c.failure, c.unknown, c.scored, c.no_time, c.future, c.too_old, c.alerts,
      c.excepted, c.held_back, c.updates, c.summed_up, c.summaries, c.below_min_score,
      c.quarantine_full, c.verdict_learned, c.verdict_dropped);
  }
};

/// What load() could not take over, since rules have changed. All else goes on as if nothing was.
struct PipelineLoss {
  std::vector<std::string> rules;    ///< ids of rules that are gone or changed
  std::uint64_t unlearned = 0;       ///< events held back from learning that none learns any more
  std::uint64_t untold_updates = 0;  ///< counts of alerts of rules that are gone
  std::uint64_t untold_summaries = 0;
};

/// Takes what the pipeline has to say.
class PipelineSink {
 public:
  virtual ~PipelineSink() = default;
  virtual void on_alert(const Alert& alert) = 0;
  /// Events that were held back, and alerts that were too many: told later, in few words.
  virtual void on_update(const AlertUpdate& update) { (void)update; }
  virtual void on_summary(const AlertSummary& summary) { (void)summary; }
  /// Every scored event, before its alert if it has one.
  virtual void on_scored(const Event& event, std::span<const Evidence> evidence) {
    (void)event, (void)evidence;
  }
};

class Pipeline final : public EventSink {
 public:
  /// All references must outlive the pipeline.
  Pipeline(const RuleSet& rules, Baseline& baseline, PipelineSink& sink,
           const PipelineOptions& options);

  /// Scores, learns and maybe alerts. Allocates only for an alert.
  void on_event(const Event& event) override;

  /// An alert of rules[rule] was raised elsewhere on this event: the rules of Stage::alerts are
  /// told of it, and may alert. Nothing is learned.
  void note_alert(std::size_t rule, const Event& event);

  /// From now on events of fleet rules are noted there (but for those before alerts_from); null:
  /// nowhere. The book outlives the pipeline.
  void note_sightings(SightingBook* book) { sightings_ = book; }

  /// From now on it is counted there how often what is learned is new (RuleSet::make_fit_counts();
  /// of the same rules); null: nowhere. The counts outlive the pipeline.
  void note_fit(FitCounts* fit) { fit_ = fit; }

  /// What an analyst found of the alert `event_id`. `learn`: what was held back under it, alike
  /// events of late included, is usual and learned at once, in the present epoch; else it is never
  /// learned. What is alike and comes later is treated likewise while the alert is remembered.
  /// Gives how many events were held back. A second time nothing happens; an id that is not known,
  /// or is none, likewise.
  std::size_t verdict(std::string_view event_id, bool learn);

  /// Event time is at least `now` although no event came: does what the next event would find due
  /// (learns what was held back long enough, tells counts and summaries, advances the baseline).
  /// For an idle host whose inputs are read to their ends, or what is read later comes too late.
  /// Nothing happens when `now` is ahead of the clock by more than an event may be.
  void advance(TimeUs now) {
    if (now != kNoTime) (void)come_to(now);
  }

  /// The wall clock went on; see PipelineOptions::now.
  void set_clock(TimeUs now) { options_.now = now; }

  /// A pipeline under the rules `next` is about to take over: tells the counts and summaries of
  /// rules that are not in it, which nobody could tell afterwards. Before save().
  void tell_before(const RuleSet& next) {
    suppression_.tell_of_gone(next);
    caps_.tell_of_gone(next);
  }

  /// Appends everything that the pipeline remembers besides the baseline, which is saved with it.
  void save(StateWriter& out) const;
  /// Goes on where save() was called, perhaps under other rules: what belongs to a rule is found by
  /// its id, and dropped when the rule is gone or was changed. For a new pipeline, over the
  /// baseline that was saved with it. Trusts nothing; after a mistake (also: another hash key)
  /// in.ok() is false and nothing has changed. Tells at once the counts of changed rules that were
  /// not told yet.
  PipelineLoss load(StateReader& in);
  /// Tells what was held back and is not told yet, and completes the baseline. At the end of a run
  /// whose state is not kept.
  void finish();

  /// The thresholds in force.
  [[nodiscard]] const AlertBudget& budget() const { return budget_; }
  [[nodiscard]] const PipelineCounts& counts() const { return counts_; }
  /// What rules have going on, to be looked at between events.
  [[nodiscard]] const LiveState& state() const { return state_; }
  /// Events held back from learning now. They are not part of the baseline.
  [[nodiscard]] std::size_t quarantined() const { return quarantine_.size() + failures_.size(); }

 private:
  enum class Came : std::uint8_t { in_time, future, too_old };
  /// Event time goes on to `time`.
  Came come_to(TimeUs time);
  std::int64_t epoch_of(TimeUs time);
  /// The rules that fired and have to stay silent on this event.
  [[nodiscard]] RuleMask silenced(const Event& event, RuleMask fired) const;
  /// Holds what the rules of `mask` would learn of an event, under the alert that it is part of.
  void hold(const Event& event, RuleMask mask, const AlikeAlert& alert);
  /// A rule that tells of `fired` (Rule::tells_of) fires as well (is in `loud`) or has told
  /// already.
  [[nodiscard]] bool told_by_another(const Evidence& fired, const Event& event, RuleMask loud);

  /// An alert of `fired` that nothing alike holds back, under the name of the rule that `speaks`.
  AlikeAlert raise(const Event& event, const Evidence& fired, const Evidence& speaks);

  [[nodiscard]] Suppression make_suppression();
  [[nodiscard]] AlertCaps make_caps();

  const RuleSet& rules_;
  Baseline& baseline_;
  PipelineSink& sink_;
  PipelineOptions options_;
  PipelineCounts counts_;
  Quarantine quarantine_;
  Quarantine failures_;
  Suppression suppression_;
  AlertCaps caps_;
  AlertBudget budget_;
  HashMemo memo_;
  EventKeys keys_{};
  std::vector<Evidence> evidence_;
  std::int64_t epoch_ = 0;  // of epoch_begins_ and what follows it
  TimeUs epoch_begins_ = INT64_MAX;
  RuleMask stale_ = ~RuleMask{0};  // rules in whose evidence_ there is something of the last event
  LiveState state_;
  SightingBook* sightings_ = nullptr;
  FitCounts* fit_ = nullptr;
};

}  // namespace doorward
