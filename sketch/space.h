// Space: the two halves of a baseline.
#pragma once

#include <cstdint>

namespace doorward {

/// Whose events: successes write what "usual" means. Failures have a small memory of their own,
/// since anybody can write them.
enum class Space : std::uint8_t { successes, failures };

}  // namespace doorward
