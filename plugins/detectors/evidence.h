// What one rule has to say about one event: the p-value and every number that led to it.
#pragma once

#include <array>
#include <cstdint>

#include "plugins/rule.h"
#include "plugins/view.h"

namespace doorward {

/// One level of the back-off chain.
struct LevelEvidence {
  View partition;
  View by;
  /// A back-off to everybody's history: customers are (partition, value) pairs.
  bool fleet = false;
  double factor = 1;     ///< what this level multiplied into the p-value
  double customers = 0;  ///< what it was judged against: logons at the finest level, else distinct
                         ///< values of the level below
  double distinct = 0;   ///< distinct values K of this level
  double count = 0;      ///< weighted count of the value at this level; 0: never seen
};

class Detector;

/// Fixed size; views point into the rule and the live state, and are good until the next event.
struct Evidence {
  const Rule* rule = nullptr;
  const Detector* detector = nullptr;  ///< whose verdict this is
  bool applies = false;     ///< the rule's filter matched and it had something to judge by
  double p_value = 1;       ///< probability that an ordinary event is at least this surprising
  double statistic = 0;     ///< joint: Fisher's statistic
  std::uint8_t levels = 0;  ///< levels looked at, finest first
  /// > 0: the value was seen, but not in the newest so many epochs.
  std::uint8_t dormant_epochs = 0;
  std::array<LevelEvidence, kLevelsMax> level{};
};

/// doorward.score: 0 for p >= 0.05, 100 for p <= 1e-6, straight in log p between (design.md 4.6).
double score_of(double p_value);
/// The p-value from which on a score is reached; the inverse of score_of for scores in (0, 100].
double p_value_of(double score);

}  // namespace doorward
