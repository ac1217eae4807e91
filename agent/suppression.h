// Alike alerts are one: the same rule and the same values again raise a count instead.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/limits.h"
#include "plugins/event.h"
#include "plugins/rule.h"
#include "sketch/hash.h"

namespace doorward {

class Suppression {
 public:
  Suppression() : entries_(kSuppressionSets * kSuppressionWays) {}

  /// Notes that a rule fired on an event. Gives 0 when an alike alert was raised, no more than
  /// rule.suppress_us lie between it (or its newest repetition) and this one, and this one is not
  /// clearly worse (kWorseBy points of score); else the number of events the alert stands for: this
  /// one and those held back before.
  std::uint32_t note(const Rule& rule, const Event& event, double score);

 private:
  struct Entry {
    Hash128 key;
    TimeUs newest = kNoTime;
    double score = 0;  // of the alert that was raised
    std::uint32_t held_back = 0;
  };
  std::vector<Entry> entries_;
};

}  // namespace doorward
