// What a simulated fleet leaves behind beside its log, and how real it looks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/fleet/attacks.h"
#include "bench/fleet/world.h"

namespace doorward::fleet {

// Logons without attacks over the test days, and how much of them a simple view finds new.
struct Realism {
  std::uint64_t logons = 0;  // successes over all days
  std::uint64_t test_logons = 0;
  std::uint64_t new_pair = 0;  // first-seen (user, address)
  std::uint64_t new_near = 0;  // first-seen (user, /24 or /64)
  std::uint64_t new_wide = 0;  // first-seen (user, /16 or /48)
  std::uint64_t new_host = 0;  // first-seen (user, host)
  std::uint64_t new_user = 0;
  std::uint64_t failures = 0;  // wrong tries over all days
  std::uint64_t noise = 0;     // of them, from addresses that never succeeded
  std::array<std::uint64_t, 7> by_weekday{};
};

// `ordinary` must be in time order and without attacks.
Realism measure(const World& world, const std::vector<Attempt>& ordinary);
std::string describe(const Config& config, const Realism& realism);

// One row for each campaign and for each of its events; see README.md. False when the disk refused.
bool write_truth(const World& world, const Plan& plan, const std::string& path);
bool write_meta(const World& world, const Plan& plan, const Realism& realism, std::uint64_t lines,
                std::uint64_t bytes, const std::string& path);

}  // namespace doorward::fleet
