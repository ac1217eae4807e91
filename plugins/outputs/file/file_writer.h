// Lines to a file that somebody reads along: no half lines, rotation by size, and a file that was
// moved away or deleted is made anew.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/delivery/line_sink.h"
#include "plugins/delivery/segment_files.h"

namespace doorward {

/// Most rotated files, and the largest that a file may grow.
inline constexpr std::int64_t kFileKeepMax = 1000;
inline constexpr std::int64_t kFileMiBMax = std::int64_t{1024} * 1024;

struct FileSettings {
  std::string path;
  bool rotate = true;
  std::uint64_t max_bytes = std::uint64_t{64} * 1024 * 1024;  ///< one batch may go over
  std::int64_t keep = 5;                                      ///< PATH.1 (newest) to PATH.KEEP
};

class FileWriter final : public LineWriter {
 public:
  explicit FileWriter(FileSettings settings) : settings_(std::move(settings)) {}

  /// All or nothing: a batch that the disk takes in part is cut back. Durable (fdatasync) when it
  /// returns without an error.
  LinesWritten write(std::span<const Document> batch) override;

 private:
  Status open();
  /// The end of an earlier run may be half a line (a power cut): cuts it off. It comes again.
  Status mend(std::uint64_t size) const;
  [[nodiscard]] bool is_gone() const;
  void rotate() const;

  FileSettings settings_;
  Descriptor fd_;
};

}  // namespace doorward
