// What the delivery needs of the world around it, so that tests can be that world.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "plugins/event.h"

namespace doorward {

enum class Loudness : std::uint8_t { info, warning, error };

struct DeliveryEnv {
  std::function<TimeUs()> now;            ///< wall clock, microseconds
  std::function<std::uint64_t()> random;  ///< 64 random bits, for jitter
  /// A sentence for the operator's log. Called on the network thread.
  std::function<void(Loudness, std::string_view)> say;
};

/// The real clock, a generator that is seeded by the system, and silence: set `say`.
DeliveryEnv system_delivery_env();

}  // namespace doorward
