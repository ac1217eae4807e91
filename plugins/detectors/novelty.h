// What one learned event says of how often values are new.
#pragma once

namespace doorward {

/// Of a rule's finest level, before the event was learned: its partition's total and number of
/// distinct values, weighted as for scoring, and whether the event's value is a new one. total > 0.
struct Novelty {
  double total = 0;
  double distinct = 0;
  bool novel = false;
};

}  // namespace doorward
