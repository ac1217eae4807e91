#include "plugins/delivery/env.h"

#include <chrono>
#include <memory>
#include <random>

namespace doorward {

DeliveryEnv system_delivery_env() {
  DeliveryEnv env;
  env.now = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  std::random_device seed;
  auto generator = std::make_shared<std::mt19937_64>((std::uint64_t{seed()} << 32U) | seed());
  env.random = [generator] { return (*generator)(); };
  env.say = [](Loudness, std::string_view) {};
  return env;
}

}  // namespace doorward
