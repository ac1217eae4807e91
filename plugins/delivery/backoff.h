// How long to wait after a failure: exponential with full jitter, so that a thousand agents do not
// come back to a collector in the same second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "plugins/delivery/limits.h"

namespace doorward {

class Backoff {
 public:
  struct Limits {
    std::chrono::milliseconds first = kBackoffFirst;
    std::chrono::milliseconds longest = kBackoffMax;
  };

  explicit Backoff(Limits limits) : limits_(limits) {}

  /// After one more failure: a wait of 1 ms to the current ceiling, which doubles from `first` to
  /// `longest`. `random`: 64 random bits.
  std::chrono::milliseconds next(std::uint64_t random) {
    const auto ceiling = static_cast<std::uint64_t>(ceiling_.count());
    const std::chrono::milliseconds wait(1 + static_cast<std::int64_t>(random % ceiling));
    ceiling_ = std::min(ceiling_ * 2, limits_.longest);
    return wait;
  }
  void reset() { ceiling_ = limits_.first; }

 private:
  Limits limits_;
  std::chrono::milliseconds ceiling_ = limits_.first;
};

}  // namespace doorward
