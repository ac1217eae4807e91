// Numbers of seven bits a byte (LEB128), lowest first; the top bit says that more follow. There is
// one way to write a number: a last byte of 0 is refused, except for 0 itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace doorward {

inline constexpr std::size_t kVarintMax = 10;  // bytes of a 64-bit number

/// Appends bytes and numbers.
class PackWriter {
 public:
  void byte(std::uint8_t value) { out_.push_back(value); }
  void bytes(std::span<const std::uint8_t> from) {
    out_.insert(out_.end(), from.begin(), from.end());
  }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  std::vector<std::uint8_t> take() { return std::move(out_); }

 private:
  std::vector<std::uint8_t> out_;
};

/// Reads what PackWriter wrote. After the first thing that is wrong, failed() is true and all reads
/// give 0.
class PackReader {
 public:
  explicit PackReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return left_.empty(); }

  std::span<const std::uint8_t> bytes(std::size_t count) {
    if (failed_ || left_.size() < count) {
      failed_ = true;
      return {};
    }
    const auto out = left_.first(count);
    left_ = left_.subspan(count);
    return out;
  }
  std::uint8_t byte() {
    const auto one = bytes(1);
    return one.empty() ? std::uint8_t{0} : one[0];
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < kVarintMax; ++i) {
      const std::uint8_t next = byte();
      if (failed_) return 0;
      const bool too_large = i + 1 == kVarintMax && next > 1;
      const bool padded = i > 0 && next == 0;
      if (too_large || padded) break;
      value |= static_cast<std::uint64_t>(next & 0x7F) << (7 * i);
      if ((next & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }

 private:
  std::span<const std::uint8_t> left_;
  bool failed_ = false;
};

}  // namespace doorward
