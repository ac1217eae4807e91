// The truth about the attacks of a simulated fleet, as fleet-sim wrote it to truth.csv.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/fleet/clock.h"

namespace doorward::fleet {

struct TruthEvent {
  Time time = 0;
  std::size_t campaign = 0;  // into Truth::campaigns
  int position = 0;          // within its campaign in time order, from 1
  std::string user;
  std::string ip;
  std::string host;
};

struct TruthCampaign {
  std::string id;
  std::size_t kind = 0;  // into Truth::kinds
  bool has_success = false;
  Time start = 0;
  Time end = 0;
};

struct Truth {
  std::vector<std::string> kinds;  // in the order of the file
  std::vector<TruthCampaign> campaigns;
  std::vector<TruthEvent> events;  // in time order
};

// Throws std::runtime_error naming the file, the line and what was expected.
Truth load_truth(const std::string& path);

}  // namespace doorward::fleet
