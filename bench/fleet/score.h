// Alerts against the truth: which campaigns were found, and at what price in false alerts.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "bench/fleet/alerts.h"
#include "bench/fleet/truth.h"

namespace doorward::fleet {

inline constexpr Time kMatchSlack = 2 * kSecond;
inline constexpr int kFalse = -1;

// One alert of the test days, judged.
struct Verdict {
  double score = 0.0;
  int campaign = kFalse;  // into Truth::campaigns
  int position = 0;       // of the matched event in its campaign
  std::string rule;
};

// An alert is true when a truth event lies within kMatchSlack of it, has its host, and has its user
// or its address; an alert without a host needs only the latter. Where several events fit, the one
// with the most in common and then the nearest counts. Alerts outside the period are left out.
std::vector<Verdict> judge(const Truth& truth, const std::vector<Alert>& alerts, Period period);

struct Found {
  int found = 0;
  int total = 0;
  [[nodiscard]] double recall() const {
    return total == 0 ? 0.0 : static_cast<double>(found) / total;
  }
};

struct Score {
  std::vector<Found> by_kind;
  Found all;
  Found with_success;  // campaigns in which an intruder got in
  double false_per_day = 0.0;
  double true_per_day = 0.0;
  double median_events =
      0.0;  // events of a found campaign until its first alert, that one included
  std::map<std::string, double> false_by_rule;  // a day
};

// What remains at a score threshold.
Score score_at(const Truth& truth, const std::vector<Verdict>& verdicts, Period period,
               double threshold);

struct CurvePoint {
  double threshold = 0.0;
  double false_per_day = 0.0;
  double recall = 0.0;
  double recall_with_success = 0.0;
};

// Ten thresholds, evenly from the lowest score to the highest.
std::vector<CurvePoint> curve(const Truth& truth, const std::vector<Verdict>& verdicts,
                              Period period);

// For each number of false alerts a day, the lowest threshold that keeps within it. A budget that
// no threshold keeps is left out.
struct BudgetPoint {
  double budget = 0.0;
  CurvePoint point;
};
std::vector<BudgetPoint> budgets(const Truth& truth, const std::vector<Verdict>& verdicts,
                                 Period period);

}  // namespace doorward::fleet
