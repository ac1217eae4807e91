// The wall clock.
#pragma once

#include <chrono>

#include "plugins/event.h"

namespace doorward {

/// Now, in microseconds since 1970. Steps when somebody sets the clock: spans are measured with
/// std::chrono::steady_clock.
inline TimeUs clock_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace doorward
