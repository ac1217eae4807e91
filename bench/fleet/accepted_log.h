// The successful SSH logons of an auth.log, for the methods that fleet-score compares with.
#pragma once

#include <string>
#include <vector>

#include "bench/fleet/clock.h"

namespace doorward::fleet {

struct Logon {
  Time time = 0;
  std::string user;
  std::string ip;
  std::string host;
};

// Reads the "Accepted" lines of sshd, in the order of the file, and skips every other line.
// Throws std::runtime_error when the file cannot be read.
std::vector<Logon> load_logons(const std::string& path);

}  // namespace doorward::fleet
