// What an alert says of a completed sequence.
#pragma once

#include <string>
#include <vector>

#include "plugins/detectors/evidence.h"
#include "plugins/event.h"
#include "plugins/view.h"

namespace doorward {

/// The words of one rule.
struct SequenceWords {
  std::string text;  ///< says it all; empty: the counts do
  std::vector<View> by;
  View once_per;
  Outcome first = Outcome::unknown;  ///< of the events of the first step
};

/// "after 200 failures from 203.0.113.9 in 12 min", with ", of 60 users" where several were tried.
std::string sequence_phrase(const SequenceWords& words, const Evidence& evidence,
                            const Event& event);

}  // namespace doorward
