// Waiting for what another process does.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace doorward {

/// Waits until `done` says so, at most ten seconds; false when it did not.
inline bool wait_until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace doorward
