// Which files beside a log are earlier parts of it, and in what order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/follow/log_file.h"

namespace doorward {

/// What a rotation put behind a log's name: auth.log.1, auth.log.2.gz, auth.log-20261120.gz,
/// auth.log.2026-11-20, and (logrotate's `extension`) auth-20261120.log, auth.1.log.
struct RotatedName {
  std::string_view order;   ///< the number, or the date as it is written
  bool is_number = false;   ///< a larger number is older; a larger date newer
  std::string_view packed;  ///< "gz", "xz", ...; empty: plain
};

/// How `name` is a rotation of `log` (both without folders); nullopt: it is none.
std::optional<RotatedName> rotated_name(std::string_view log, std::string_view name);

/// Whether a name looks like a rotation of some log: such files are not logs of their own.
bool looks_rotated(std::string_view name);

/// One file of a log.
struct LogPart {
  std::string path;
  FileFacts facts;
  bool is_log = false;   ///< the log itself, not a rotated sibling
  bool readable = true;  ///< false: packed otherwise than with gzip
};

/// The rotated siblings of a log that are regular files, oldest first, then the log itself when it
/// is there. A file with two names is there once, under its newest; one that lies there plain and
/// packed is there plain. Looks until two looks agree (rotations rename while one looks).
std::vector<LogPart> parts_of_log(const std::string& path, const FollowOptions& options);

}  // namespace doorward
