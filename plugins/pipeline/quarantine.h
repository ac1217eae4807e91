// What the events of alerts would teach, held back for one epoch (design.md 4.1), so that an
// intruder does not become normal by persisting.
#pragma once

#include <vector>

#include "plugins/pipeline/limits.h"
#include "plugins/pipeline/saved_rules.h"
#include "plugins/rule_set.h"
#include "plugins/state_archive.h"

namespace doorward {

class Quarantine {
 public:
  /// Holds `most` events at a time.
  explicit Quarantine(std::size_t most) : held_(most) {}

  /// Holds an event's keys until `release`. False when the quarantine is full: the event is then
  /// never learned. Releases must not go backwards; an earlier one waits for those before it.
  bool hold(const EventKeys& keys, RuleMask mask, TimeUs release);

  /// Learns everything that is due at `now`, in the epoch of `now`.
  void release(TimeUs now, const RuleSet& rules, Baseline& baseline);

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
  };
  std::vector<Held> held_;  // a ring, oldest first
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace doorward
