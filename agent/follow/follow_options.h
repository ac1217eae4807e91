// How logs are followed, and the bounds of following them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace doorward {

/// First bytes of a file by which it is known again: whatever there is of them.
inline constexpr std::size_t kFingerprintBytes = 1024;

/// Bytes before a position by which it is known again.
inline constexpr std::size_t kBeforeBytes = 256;

/// Rotated siblings that are looked at. Of more, the newest; the others are never read.
inline constexpr std::size_t kRotatedFilesMax = 1000;

/// Logs that one pattern follows. Further ones are not read, counted and told once.
inline constexpr std::size_t kFollowedFilesMax = 1000;

/// Folders that one pattern may look into. Further ones are not looked into, and told once.
inline constexpr std::size_t kPatternFoldersMax = 10'000;

/// Names that are read from one folder. Further ones are not seen.
inline constexpr std::size_t kFolderNamesMax = 100'000;

/// Blocks that one call of next() reads before it says "nothing for now", so that a hole or an
/// endless line cannot keep the thread.
inline constexpr int kBlocksPerCall = 64;

/// Errors kept until they are taken; further ones are only counted.
inline constexpr std::size_t kFollowErrorsMax = 20;

/// The defaults suit a daemon; tests shorten the times and turn the clock.
struct FollowOptions {
  /// A rotated file that did not grow for so long is left once a newer file has bytes.
  std::chrono::milliseconds settle{250};
  /// A deleted file that did not grow for so long is let go, though there is nothing newer.
  std::chrono::milliseconds let_go{10'000};
  /// The same for one that was only renamed; and a deleted file is let go after this although it
  /// still grows.
  std::chrono::milliseconds hold{600'000};
  /// Whether the log itself may be a symbolic link; its rotated siblings never.
  bool follow_symlinks = true;
  /// A further folder in which rotated siblings may lie (logrotate's olddir); empty: none.
  std::string old_folder;
  /// Milliseconds of a clock that never jumps; empty: the system's.
  std::function<std::int64_t()> clock_ms;
};

/// Where to begin when there is no position.
enum class Start {
  now,      ///< the end of the file; a line that is begun there will be given whole
  begin,    ///< the first byte of the file
  history,  ///< the oldest rotated sibling that HistoryLimit admits
};

/// How far back Start::history goes: to files changed less than so many days ago, and at most so
/// many bytes as they lie on disk.
struct HistoryLimit {
  double days = 30;
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace doorward
