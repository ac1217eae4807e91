// An alert: an event that at least one rule found anomalous, with the evidence of all.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugins/detectors/evidence.h"
#include "plugins/event.h"
#include "plugins/rule.h"

namespace doorward {

/// One event gives at most one alert. Views live until the output returns.
struct Alert {
  const Event& event;
  /// The rule that speaks for the alert: of those that fired, the one with the highest severity,
  /// then score.
  const Evidence& primary;
  /// Of all rules; only those with `applies` and a p-value below 1 have something to say.
  std::span<const Evidence> evidence;
  double score = 0;  ///< of the primary rule, 0..100
  /// Events that the alert stands for. Updates (plugins/alert_notes.h) tell of those that follow.
  std::uint32_t occurrences = 1;
};

/// event.id: 128 bits of BLAKE2b over the event's facts and the rule's id, in hex. The same event
/// and rule give the same id in every run, whichever of the two logs was read first.
std::string alert_id(const Event& event, const Rule& rule);

/// event.id of the summary that begins with this event: likewise, and no alert's.
std::string summary_id(const Event& first, const Rule& rule);

/// One sentence for a person, with the numbers: "alice logged on to db-04 from 203.0.113.9: a new
/// address for alice (1 in 480), ... (p = 2.1e-6, score 89)".
std::string alert_sentence(const Alert& alert);

/// The part of the sentence that one rule adds ("a new address for alice (1 in 480)"); empty when
/// it has nothing to say.
std::string evidence_phrase(const Evidence& evidence, const Event& event);

}  // namespace doorward
