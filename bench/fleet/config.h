// What one simulated fleet is made of. The same Config gives the same bytes on every machine.
#pragma once

#include <cstdint>

#include "bench/fleet/clock.h"

namespace doorward::fleet {

struct Config {
  std::uint64_t seed = 1;
  int users = 300;  // accounts on the first day, services included
  int hosts = 87;
  int days = 42;
  int test_days = 14;      // the last days; only these hold attacks
  int attacks = 8;         // campaigns of each kind
  double noise = 1.0;      // factor on the internet's password guessing
  bool sshd_only = false;  // leave out sudo, cron and useradd lines
  Time start = 0;          // 00:00 UTC of the first day

  [[nodiscard]] Time end() const { return start + days * kDay; }
  [[nodiscard]] Time test_start() const { return start + (days - test_days) * kDay; }
};

}  // namespace doorward::fleet
