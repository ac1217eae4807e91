// The server's clocks.
#pragma once

#include <chrono>

#include "plugins/event.h"

namespace doorward {

/// Now, in microseconds since 1970.
inline TimeUs wall_clock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace doorward
