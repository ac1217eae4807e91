// The bytes of a file, of a gzip file or of standard input, one after the other.
#pragma once

#include <sys/types.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "plugins/event.h"
#include "sketch/result.h"

namespace doorward {

/// Can let its descriptor go and come back to any offset, so that thousands of files can be read
/// in turns.
class InputFile {
 public:
  InputFile() = default;
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Opens a path, or standard input for "-". Errors: cannot be opened, is a directory. Once.
  Status open(const std::string& path);

  /// Up to `size` bytes to `to`; 0 at the end or after a fault.
  std::size_t read(char* to, std::size_t size);

  /// Goes back to the first byte and inflates from there. Errors: a pipe cannot go back.
  Status begin_gzip();

  /// Lets the descriptor and the inflater go. Only when can_return().
  void close();
  /// Opens again, so that `offset` bytes of what read() gives have been read. Inflates up to there
  /// once more. Errors: gone, replaced by another file, shorter than it was.
  Status reopen(std::uint64_t offset);

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] bool can_return() const { return regular_; }  ///< a regular file
  [[nodiscard]] const std::string& path() const { return path_; }
  /// What went wrong in read(), in words; empty: nothing.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  /// Bytes of the file as it lies on disk that were read (gzip: inflated) so far.
  [[nodiscard]] std::uint64_t disk_bytes_read() const;
  [[nodiscard]] std::uint64_t disk_bytes_total() const { return size_; }  ///< 0: unknown
  [[nodiscard]] bool is_gzip() const { return is_gzip_; }
  [[nodiscard]] TimeUs modified() const { return modified_; }  ///< kNoTime: unknown

 private:
  Status open_descriptor();

  std::string path_;
  std::string fault_;
  int fd_ = -1;
  gzFile gzip_ = nullptr;  // owns fd_ when there is one
  bool is_gzip_ = false;
  bool regular_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;     // of the file, or inflated
  std::uint64_t left_at_ = 0;  // disk_bytes_read() when it was closed
  TimeUs modified_ = kNoTime;
};

}  // namespace doorward
