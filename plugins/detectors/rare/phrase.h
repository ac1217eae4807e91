// What the evidence of detector `rare` says in words.
#pragma once

#include <string>

#include "plugins/detectors/evidence.h"
#include "plugins/event.h"

namespace doorward {

/// "a new address for alice (1 in 480), in a network nobody in the fleet has used"; empty when no
/// level was looked at.
std::string rare_phrase(const Evidence& evidence, const Event& event);

}  // namespace doorward
