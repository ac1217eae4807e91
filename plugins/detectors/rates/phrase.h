// What the evidence of a rate says in words.
#pragma once

#include <string>

#include "plugins/detectors/evidence.h"
#include "plugins/event.h"

namespace doorward {

/// "60 different users failed from 203.0.113.9 within 15 min, usual is 2 (1 in 40,000)"; empty when
/// nothing was observed.
std::string rate_phrase(const Evidence& evidence, const Event& event);

/// "15 min", "6 h".
std::string window_words(std::uint32_t window_s);

}  // namespace doorward
