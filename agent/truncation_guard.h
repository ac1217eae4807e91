// Reading files that are mapped into memory and may be made shorter by others meanwhile.
//
// libsystemd maps journal files. When one is vacuumed on a file system without holes it is
// truncated, and to touch a page behind its new end is a SIGBUS, which ends the program. journalctl
// and journald handle it; libsystemd leaves it to the program.
#pragma once

#include <csignal>

namespace doorward {

/// While it lives, such a page reads as zeros in this thread, and count() tells. SIGBUS elsewhere
/// ends the program as ever. One at a time in a thread.
class TruncationGuard {
 public:
  TruncationGuard();
  ~TruncationGuard();
  TruncationGuard(const TruncationGuard&) = delete;
  TruncationGuard& operator=(const TruncationGuard&) = delete;

  /// Pages that were gone since this guard was made.
  [[nodiscard]] static int count();
};

}  // namespace doorward
