// Once a day: are theta and d of a group's rules still what its agents' counts say?
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "server/api/worker.h"
#include "server/core/core.h"

namespace doorward {

/// Groups are looked at so long after the start, and then this often.
inline constexpr std::chrono::hours kFitFirst{1};
inline constexpr std::chrono::hours kFitEvery{24};

/// With [baseline] fit = "apply" what has changed becomes a new version of the group's policy, in
/// the way that an administrator's would: validated, in the audit trail, to be rolled back. With
/// "suggest" a line of the log says that there is something to look at.
class FitDuty {
 public:
  explicit FitDuty(Core& core);

  /// Every second, on the core's thread: gives what is due to the worker.
  void second(FleetView& view);
  /// Looks at a group now. On the core's thread.
  void look(const std::string& group, FleetView& view);

 private:
  using Clock = std::chrono::steady_clock;

  Core& core_;
  Clock::time_point started_ = Clock::now();
  std::map<std::string, Clock::time_point> due_;
  ApiWorker worker_;
};

}  // namespace doorward
