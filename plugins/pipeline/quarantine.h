// What the events of alerts would teach, held back for one epoch (design.md 4.1), so that an
// intruder does not become normal by persisting.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugins/pipeline/limits.h"
#include "plugins/pipeline/saved_rules.h"
#include "plugins/rule_set.h"
#include "plugins/state_archive.h"

namespace doorward {

/// An alert's event.id (alert_id) as its 128 bits; nullopt for a text that is none.
std::optional<Hash128> alert_key(std::string_view event_id);

class Quarantine {
 public:
  /// Holds `most` events at a time.
  explicit Quarantine(std::size_t most) : held_(most) {}

  /// Holds an event's keys until `release`, or until there is a verdict on `alert` (alert_key of
  /// the alert that holds it back; none: of no alert that was handed on). False when the quarantine
  /// is full: the event is then never learned. Releases must not go backwards; an earlier one waits
  /// for those before it.
  bool hold(const EventKeys& keys, RuleMask mask, TimeUs release, Hash128 alert);

  /// Learns everything that is due at `now`, in the epoch of `now`. `fit` as for RuleSet::learn().
  void release(TimeUs now, const RuleSet& rules, Baseline& baseline, FitCounts* fit = nullptr);

  /// Learns everything that is held under the alert, in `epoch`, as kVerdictLogons logons or more;
  /// gives how many events. `fit` counts each once.
  std::size_t release_now(Hash128 alert, std::int64_t epoch, const RuleSet& rules,
                          Baseline& baseline, FitCounts* fit = nullptr);
  /// Forgets it: it is never learned. Gives how many events.
  std::size_t drop(Hash128 alert);

  [[nodiscard]] std::size_t size() const { return count_; }

  void save(const RuleSet& rules, StateWriter& out) const;
  /// Reads into an empty one. Events of which no rule would learn any more are left out; gives how
  /// many. More than fit are a mistake.
  std::uint64_t load(StateReader& in, const SavedRules& then);

 private:
  struct Held {
    EventKeys keys;
    RuleMask mask = 0;
    TimeUs release = kNoTime;
    Hash128 alert;
  };
  template <class Each>
  std::size_t take_out(Hash128 alert, Each&& each);

  std::vector<Held> held_;  // a ring, oldest first
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace doorward
