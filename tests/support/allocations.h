// Counts every operator new of a program. Link tests/support/allocations.cc into it.
#pragma once

#include <cstdint>

namespace doorward {

/// Calls of operator new, of whatever form, since the program began.
std::uint64_t allocations();

}  // namespace doorward
