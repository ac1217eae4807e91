// Lines to a stream in blocks: one write() per event costs more than parsing it.
#pragma once

#include <cstdio>
#include <string>

namespace doorward {

/// Collects text and hands it to `file` (not owned) in blocks of 64 KiB. Remembers that a write
/// failed; flushes when destroyed.
class BlockWriter {
 public:
  explicit BlockWriter(std::FILE* file) : file_(file) {}
  ~BlockWriter() { flush(); }
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  /// Where the next line is appended to.
  std::string& buffer() { return buffer_; }

  /// Ends the line, and writes the block when it is full.
  void end_line() {
    buffer_ += '\n';
    if (buffer_.size() >= kBlockBytes) flush();
  }

  /// Hands everything to the operating system; false when that failed now or before.
  bool flush() {
    const bool written = std::fwrite(buffer_.data(), 1, buffer_.size(), file_) == buffer_.size();
    buffer_.clear();
    failed_ = failed_ || !written || std::fflush(file_) != 0;
    return !failed_;
  }

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{64} * 1024;

  std::FILE* file_;
  std::string buffer_;
  bool failed_ = false;
};

}  // namespace doorward
