// How long ago, for a person: "90 s", "12 min", "47 h", "29 days".
#pragma once

#include <cstdint>
#include <string>

namespace doorward {

/// Whole units, of the largest of which there are two; what is left over is not told. `seconds` is
/// not negative.
std::string span_words(std::int64_t seconds);

}  // namespace doorward
