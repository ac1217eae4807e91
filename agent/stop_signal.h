// SIGINT and SIGTERM as something to look at and to wait for.
#pragma once

namespace doorward {

/// While it lives the first SIGINT or SIGTERM is only noted; the second one ends the program as
/// usual. One at a time in a program.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  [[nodiscard]] static bool came();
  /// Waits until the signal comes or `descriptor` (-1: none) can be read, at most `wait_ms`
  /// (-1: without end).
  static void wait(int descriptor, int wait_ms);
};

}  // namespace doorward
