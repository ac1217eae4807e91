// ShortText: the beginning of a text from a log, kept in the live state.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace doorward {

/// At most kBytes; a longer text is cut there, not within a UTF-8 sequence. Plain bytes; all zero:
/// empty.
template <std::size_t kBytes>
class ShortText {
 public:
  static_assert(kBytes <= UINT8_MAX);

  void set(std::string_view text) {
    std::size_t size = std::min(text.size(), kBytes);
    if (size < text.size()) {
      // Back to the start of the sequence that the cut would part; four bytes are the longest.
      std::size_t start = size;
      while (start > 0 && size - start < 4 && is_continuation(text[start])) --start;
      if (!is_continuation(text[start])) size = start;
    }
    std::copy_n(text.data(), size, bytes_.data());
    size_ = static_cast<std::uint8_t>(size);
  }

  /// Whether the length is one that set() gives; for bytes from a file.
  [[nodiscard]] bool is_sound() const { return size_ <= kBytes; }

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  static bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
  }

  std::uint8_t size_ = 0;
  std::array<char, kBytes> bytes_{};
};

}  // namespace doorward
