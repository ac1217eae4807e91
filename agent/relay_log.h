// The queue file of audit-relay: audit records that wait for the daemon, in a folder of bounded
// size.
//
//   /var/spool/doorward/audit/audit.log      being written
//   /var/spool/doorward/audit/audit.log.1    before that, ... audit.log.4 the oldest
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

struct RelayLimits {
  std::uint64_t file_bytes = std::uint64_t{16} << 20;  ///< a file that would grow beyond is rotated
  int kept = 4;                                        ///< rotated files; the oldest is deleted
};

/// Owns the folder and the file. Only one process at a time writes to a folder. Not thread-safe.
class RelayLog {
 public:
  /// Makes the folder (mode 0750, and those above it) where it is not there, and opens or makes
  /// audit.log (0640) in it. Errors: the folder is a symbolic link, belongs to another user or can
  /// be written to by others; audit.log is not a plain file of this user; another process writes
  /// here; what the system says.
  static Result<RelayLog> open(const std::string& folder, const RelayLimits& limits = {});

  RelayLog(RelayLog&& other) noexcept;
  RelayLog& operator=(RelayLog&&) = delete;
  ~RelayLog();

  /// Appends whole lines. All of them or, when it cannot, none: then it says why, and it may be
  /// tried again.
  Status append(std::string_view lines);

 private:
  RelayLog(std::string folder, const RelayLimits& limits, int folder_fd);

  Status open_file();
  Status rotate();
  [[nodiscard]] Error failed(const std::string& what) const;

  std::string folder_;
  RelayLimits limits_;
  int folder_fd_ = -1;
  int lock_ = -1;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace doorward
