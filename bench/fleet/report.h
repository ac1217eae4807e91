// The result of fleet-score for people and for machines.
#pragma once

#include <string>
#include <vector>

#include "bench/fleet/score.h"

namespace doorward::fleet {

// One way to raise alerts, judged.
struct Method {
  std::string name;
  std::vector<Verdict> verdicts;
  double threshold = 0.0;
  bool tunable = false;  // its scores are worth a curve
};

std::string text_report(const Truth& truth, const std::vector<Method>& methods, Period period);
std::string json_report(const Truth& truth, const std::vector<Method>& methods, Period period);

}  // namespace doorward::fleet
