// Finding a place again among the files of a log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/follow/rotated_names.h"

namespace doorward {

/// How a file holds a position.
enum class Held {
  no,          ///< it is another file
  exact,       ///< its first bytes and those before the position are those that were
  read_whole,  ///< it begins so, but ends before the position: a copy, or it was cut
  cut_back,    ///< the same file begins so, but has other bytes before the position
};

/// A file at the place at which to go on.
struct Found {
  LogFile file;
  LogPart part;
  Held held = Held::no;
  std::uint64_t offset = 0;
  std::string head;    ///< its first bytes, up to kFingerprintBytes
  std::string before;  ///< the bytes before offset, up to kBeforeBytes
};

/// Whether `part` holds the position; opens it. Errors: cannot be opened; `gone` becomes true when
/// it is not there (any more).
Result<Found> compare(const LogPart& part, const LogPosition& position,
                      const FollowOptions& options, bool& gone);

/// The part of a log that holds the position, best the file it was in, then the newest;
/// nullopt: none does. `failed` is the last part that could not be opened, if any.
std::optional<Found> locate(const std::string& path, const LogPosition& position,
                            const FollowOptions& options, std::optional<Error>& failed);

}  // namespace doorward
