// The interface of a detector: one statistical function of an event's keys and the baseline.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "plugins/detectors/evidence.h"
#include "plugins/params.h"
#include "plugins/rule.h"
#include "plugins/view.h"
#include "sketch/baseline.h"

namespace doorward {

/// What a detector sees of an event while scoring.
struct ScoreInput {
  const EventKeys& keys;
  const ViewTable& views;
  const Baseline& baseline;
  /// Evidence of the rules of earlier stages on this event (joint reads the rare ones).
  std::span<const Evidence> earlier;
};

/// Made once per rule. Pure: no files, no clock; all history is in the baseline.
class Detector {
 public:
  virtual ~Detector() = default;

  /// Detectors of stage 1 are scored after all of stage 0, because they read `earlier`.
  [[nodiscard]] virtual int stage() const { return 0; }

  /// Called once, when all rules are known: rules[i] is the one whose evidence is earlier[i].
  virtual void bind(std::span<const Rule* const> rules) { (void)rules; }

  /// Judges an event that passed the rule's filter. Fills everything of `out` but `rule`;
  /// out.applies stays false when there is nothing to judge by. Never allocates.
  virtual void score(const ScoreInput& input, Evidence& out) const = 0;

  /// Adds the event to what is usual. `epoch` must be in the baseline's ring. Never allocates.
  virtual void learn(const EventKeys& keys, std::int64_t epoch, Baseline& baseline) const = 0;

  /// Adds the verdict itself to the baseline (joint measures the spread of its statistic). Called
  /// for every scored event, alert or not.
  virtual void calibrate(const Evidence& evidence, std::int64_t epoch, Baseline& baseline) const {
    (void)evidence, (void)epoch, (void)baseline;
  }
};

/// One row of the registry.
struct DetectorPlugin {
  std::string_view name;         ///< "rare"
  std::string_view description;  ///< a sentence for --help
  /// Reads the rule's own table (`[rare]`) and makes the detector. Mistakes are noted in `table`;
  /// the detector is then not used. Sets defaults of rule.suppress_by.
  std::unique_ptr<Detector> (*make)(Rule& rule, Params& table, ViewTable& views);
};

}  // namespace doorward
