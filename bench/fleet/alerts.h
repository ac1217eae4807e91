// Alerts, and reading them from ECS documents, one JSON object a line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bench/fleet/clock.h"

namespace doorward::fleet {

struct Alert {
  Time time = 0;
  double score = 0.0;
  std::string user;
  std::string ip;
  std::string host;
  std::string rule;
};

struct AlertFile {
  std::vector<Alert> alerts;
  std::size_t unreadable = 0;  // lines that are no JSON object with a usable @timestamp
};

// Reads "@timestamp", user.name, source.ip, host.name, rule.id and doorward.score, whether nested
// or written with dots. A missing score counts as 100, other missing fields as empty. "-" is
// standard input. Throws std::runtime_error when the file cannot be read.
AlertFile load_alerts(const std::string& path);

struct Period {
  Time from = 0;
  Time to = 0;
};

// The test days according to fleet-sim's meta.json; nothing when there is no such file.
std::optional<Period> load_period(const std::string& path);

}  // namespace doorward::fleet
