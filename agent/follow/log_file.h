// One file of a log: the log itself, or a rotated sibling, plain or gzip.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/follow/log_position.h"
#include "sketch/result.h"

namespace doorward {

/// What is known of a file without reading it.
struct FileFacts {
  LogIdentity id;
  std::uint64_t size = 0;  ///< as it lies on disk
  TimeUs modified = 0;
  std::uint64_t links = 0;  ///< names it has; 0: deleted
};

/// What a path leads to.
struct PathFacts {
  enum class Kind {
    missing,
    regular,
    refused,  ///< a folder, pipe, device, socket or (when not wanted) symbolic link
    denied,   ///< cannot be looked at: rights, a broken disk
  };
  Kind kind = Kind::missing;
  FileFacts facts;  ///< when regular
  std::string why;  ///< when refused or denied, in words

  [[nodiscard]] bool regular() const { return kind == Kind::regular; }
};
PathFacts look_at(const std::string& path, bool follow_symlinks);

/// When names in the folder of a path last changed; 0: unknown.
TimeUs folder_modified(const std::string& path);

/// An open regular file. Opening never waits and never touches what is no regular file.
class LogFile {
 public:
  LogFile() = default;
  ~LogFile();
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;

  /// Opens a path; a name that ends in .gz is inflated. `gone` (may be null) becomes true when the
  /// error is that there is no such file.
  static Result<LogFile> open(const std::string& path, bool follow_symlinks, bool* gone = nullptr);

  /// What read() found.
  struct Got {
    std::size_t bytes = 0;  ///< 0: the end, for now
    bool changed = false;   ///< the bytes before are others: the file was cut or written anew
    std::string fault;      ///< why nothing more can be read; empty: nothing
  };
  /// Up to `size` bytes from `offset` on (of the uncompressed file). `before` are the bytes that
  /// were read just before, at most kBeforeBytes; they are read and compared in the same system
  /// call, so that bytes of another file are not taken for more of this. Gzip is only read on from
  /// where one is.
  Got read(std::uint64_t offset, std::string_view before, char* to, std::size_t size);

  /// The first bytes, up to `size`; what can be read of them. Of gzip before anything was read.
  std::size_t head(char* to, std::size_t size);

  /// Skips to `offset` and gives the bytes just before it, up to kBeforeBytes; false: the file is
  /// shorter (or broken). Of gzip this inflates all before.
  bool skip_to(std::uint64_t offset, std::string& before);

  /// The first offset from `offset` on that is no hole.
  [[nodiscard]] std::uint64_t data_from(std::uint64_t offset) const;

  [[nodiscard]] FileFacts facts() const;
  /// Bytes of gzip when inflated, as its last bytes say (modulo 2^32); of a plain file its size.
  [[nodiscard]] std::uint64_t whole_size() const;
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] bool is_gzip() const { return gzip_ != nullptr; }
  [[nodiscard]] std::uint64_t inflated() const { return inflated_; }  ///< of gzip, so far
  void close();

 private:
  std::size_t inflate(char* to, std::size_t size, std::string& fault);

  int fd_ = -1;
  gzFile gzip_ = nullptr;  // owns fd_ when there is one
  std::uint64_t inflated_ = 0;
};

}  // namespace doorward
