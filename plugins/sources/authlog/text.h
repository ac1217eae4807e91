// Small readers over string_view that the message parsers share. None allocates or throws.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace doorward::authlog {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes `prefix` off the front of `text`; false, and nothing taken, when it is not there.
inline bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Takes `suffix` off the end of `text`; false, and nothing taken, when it is not there.
inline bool take_end(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// The whole of `text` as a decimal number; nullopt when it is empty or holds anything else.
/// Numbers that do not fit are the largest that does.
inline std::optional<std::uint32_t> read_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = std::min(value * 10 + static_cast<std::uint64_t>(c - '0'), kMost);
  }
  return static_cast<std::uint32_t>(value);
}

/// Takes the decimal digits off the front of `text`; nullopt when there are none.
inline std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::size_t size = 0;
  std::uint64_t value = 0;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  for (; size < text.size() && is_digit(text[size]); ++size) {
    value = std::min(value * 10 + static_cast<std::uint64_t>(text[size] - '0'), kMost);
  }
  text.remove_prefix(size);
  if (size == 0) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

/// Mixes two words into one that depends on every bit of both.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Uint128 = unsigned __int128;
  const auto product =
      static_cast<Uint128>(a ^ 0x9E3779B97F4A7C15ULL) * (b ^ 0xD6E8FEB86659FD93ULL);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A 64-bit name of a text inside one source, to tell processes and connections apart. Not keyed:
/// it never leaves the source, and whoever can choose host names in the log can write any line
/// anyway.
inline std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size() + 1;
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = mix(hash, word);
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return mix(hash, rest);
}

}  // namespace doorward::authlog
