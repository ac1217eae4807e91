// The files of a spool's folder: appending to segments, reading, rewriting, setting aside. What is
// in them is Spool's business.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/descriptor.h"
#include "sketch/result.h"
#include "sketch/system_error.h"

namespace doorward {

/// The whole of a file of at most `bytes_max`.
Result<std::string> read_whole(const std::string& path, std::size_t bytes_max);

/// Writes a file so that its old or its new bytes are there after a power cut.
Status write_atomically(const std::string& path, std::string_view bytes);

struct SegmentFile {
  std::string path;
  std::uint64_t bytes = 0;       ///< on disk
  std::uint64_t live_bytes = 0;  ///< of records that are still wanted; kept by the owner
  std::uint64_t live = 0;        ///< their number; kept by the owner
  bool damaged = false;          ///< to be set aside instead of removed
};

/// Segments by the sequence in their names. Not thread-safe.
class SegmentFiles {
 public:
  /// Makes the folder when it is not there and locks it against a second user.
  static Result<SegmentFiles> open(const std::string& folder);

  /// Segments in the folder, ascending; leftovers of an interrupted rewrite are removed.
  [[nodiscard]] std::vector<std::uint64_t> found() const;
  [[nodiscard]] std::string path_of(std::uint64_t first) const;

  std::map<std::uint64_t, SegmentFile>& segments() { return segments_; }
  [[nodiscard]] std::uint64_t disk_bytes() const { return disk_bytes_; }

  /// Takes a segment of the folder into the books.
  SegmentFile& adopt(std::uint64_t first, std::uint64_t bytes);
  /// Appending goes on at the end of this segment, which ends at `bytes`: what follows is cut off.
  Status reopen(std::uint64_t first, std::uint64_t bytes);
  /// Appending goes on in a new segment; what the one before holds is made durable first.
  Status start(std::uint64_t first);
  /// 0: none is open.
  [[nodiscard]] std::uint64_t active() const { return active_; }
  /// Appending ends; the next append needs start().
  Status close_active();
  /// Appends to the active segment: all or nothing.
  Status append(std::string_view bytes);
  Status sync();

  Result<std::string> read(std::uint64_t first, std::uint64_t offset, std::size_t size);
  /// Replaces a segment by these bytes, durably. A damaged one is set aside.
  Status rewrite(std::uint64_t first, std::string_view bytes);
  /// Removes a segment, or sets it aside when it is damaged.
  void remove(std::uint64_t first);

 private:
  SegmentFiles() = default;
  void set_aside(const std::string& path) const;

  std::string folder_;
  Descriptor folder_fd_;
  std::map<std::uint64_t, SegmentFile> segments_;
  std::uint64_t disk_bytes_ = 0;
  std::uint64_t active_ = 0;
  Descriptor active_fd_;
  bool folder_changed_ = false;
  std::uint64_t reading_ = 0;  // the segment of read_fd_
  Descriptor read_fd_;
};

}  // namespace doorward
