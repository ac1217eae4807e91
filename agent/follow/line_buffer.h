// The bytes of a followed file between its descriptor and its lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/follow/follow_options.h"
#include "agent/limits.h"
#include "plugins/limits.h"

namespace doorward {

/// A window on a file: what is not yet a line, and before it the kBeforeBytes by which the place is
/// known again. Its memory is taken on first use and of fixed size; untouched pages cost nothing,
/// and trim() gives touched ones back.
class LineBuffer {
 public:
  /// The longest begun line that is held.
  static constexpr std::size_t kHeldMax = kLineBytesMax + 1;

  LineBuffer() = default;
  ~LineBuffer();
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;

  /// Goes to a place of a file whose bytes before it (at most kBeforeBytes) and first bytes are
  /// these. False: there is no memory.
  bool begin_at(std::uint64_t offset, std::string_view before, std::string_view head);

  /// Room for kReadBytes behind what is held; moves what is held. At most kHeldMax bytes may be.
  char* room();
  /// So many bytes were read into room().
  void add(std::size_t bytes);

  /// Not yet consumed.
  [[nodiscard]] std::string_view held() const { return {bytes_ + begin_, end_ - begin_}; }
  /// The first of these become the past. Their bytes stay where they are until room() is called.
  void consume(std::size_t bytes) { begin_ += bytes; }

  /// Offset in the file of the first byte held, and of the one behind the last.
  [[nodiscard]] std::uint64_t offset() const { return base_ + begin_; }
  [[nodiscard]] std::uint64_t end_offset() const { return base_ + end_; }
  /// Up to kBeforeBytes before offset(), and before end_offset().
  [[nodiscard]] std::string_view before() const { return before(begin_); }
  [[nodiscard]] std::string_view before_end() const { return before(end_); }
  /// The first bytes of the file, up to kFingerprintBytes.
  [[nodiscard]] std::string_view head() const { return {head_.data(), head_bytes_}; }

  /// Nothing is to be read for now: gives back the memory of what is held no longer.
  void trim();

 private:
  static constexpr std::size_t kBytes = kBeforeBytes + kHeldMax + kReadBytes;
  static constexpr std::size_t kTrimAbove = std::size_t{64} * 1024;

  [[nodiscard]] std::string_view before(std::size_t at) const {
    const std::size_t size = at < kBeforeBytes ? at : kBeforeBytes;
    return {bytes_ + at - size, size};
  }

  char* bytes_ = nullptr;  // mapped
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t touched_ = 0;  // bytes that may have memory
  std::uint64_t base_ = 0;   // offset in the file of bytes_[0]
  std::array<char, kFingerprintBytes> head_{};
  std::size_t head_bytes_ = 0;
};

}  // namespace doorward
