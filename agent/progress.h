// A progress line on stderr, for people only.
#pragma once

#include <chrono>

#include "agent/input_set.h"

namespace doorward {

/// Shows share done, rate and time left while standard error is a terminal and the work takes
/// longer than a moment. `inputs` must outlive it.
class Progress {
 public:
  Progress(const InputSet& inputs, bool quiet);
  void tick();    ///< cheap; draws at most five times a second
  void finish();  ///< wipes the line, stops the clock
  void resume();  ///< after finish(): the clock goes on
  [[nodiscard]] double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  const InputSet& inputs_;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_ = start_;
  Clock::time_point end_ = {};
};

}  // namespace doorward
