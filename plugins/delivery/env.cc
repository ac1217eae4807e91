#include "plugins/delivery/env.h"

#include <memory>
#include <random>

#include "plugins/clock.h"

namespace doorward {

DeliveryEnv system_delivery_env() {
  DeliveryEnv env;
  env.now = [] { return clock_now(); };
  std::random_device seed;
  auto generator = std::make_shared<std::mt19937_64>((std::uint64_t{seed()} << 32U) | seed());
  env.random = [generator] { return (*generator)(); };
  env.say = [](Loudness, std::string_view) {};
  return env;
}

}  // namespace doorward
