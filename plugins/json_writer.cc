#include "plugins/json_writer.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace doorward {

std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3;
    if (first == 0xE0) low = 0xA0;   // overlong
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4;
    if (first == 0xF0) low = 0x90;   // overlong
    if (first == 0xF4) high = 0x8F;  // above U+10FFFF
  }
  if (size == 0 || text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  return size;
}

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = kOnes << 7;

/// The high bit of each byte that is 0, and maybe of bytes above such a one.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kOnes) & ~word & kHighs;
}

/// Length of the bytes at the front that JSON takes as they are: printable ASCII but quotes and
/// backslashes. Eight at a time.
std::size_t plain_bytes(std::string_view text) {
  std::size_t at = 0;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t below = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t special = (word & kHighs) | below | zero_bytes(word ^ kOnes * '"') |
                                  zero_bytes(word ^ kOnes * '\\') | zero_bytes(word ^ kOnes * 0x7F);
    // Of those marked, the first is right.
    if (special != 0) return at + static_cast<std::size_t>(std::countr_zero(special)) / 8;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') break;
  }
  return at;
}

}  // namespace

void JsonWriter::comma() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonWriter::quoted(std::string_view text) {
  out_ += '"';
  while (!text.empty()) {
    // Runs of plain bytes are copied at once.
    const std::size_t plain = plain_bytes(text);
    out_.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text[0]);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += static_cast<char>(c);
      text.remove_prefix(1);
    } else if (c < 0x20 || c == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", c);
      out_ += escape.data();
      text.remove_prefix(1);
    } else if (const std::size_t size = utf8_sequence(text); size > 0) {
      out_.append(text.substr(0, size));
      text.remove_prefix(size);
    } else {
      out_ += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  out_ += '"';
}

void JsonWriter::key(std::string_view key) {
  comma();
  quoted(key);
  out_ += ':';
}

JsonWriter& JsonWriter::open(std::string_view name) {
  key(name);
  out_ += '{';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::open() {
  comma();
  out_ += '{';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close() {
  out_ += '}';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::open_array(std::string_view name) {
  key(name);
  out_ += '[';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close_array() {
  out_ += ']';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view name, std::string_view value) {
  key(name);
  quoted(value);
  return *this;
}

JsonWriter& JsonWriter::text_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}

JsonWriter& JsonWriter::number(std::string_view name, std::int64_t value) {
  key(name);
  digits(value);
  return *this;
}

JsonWriter& JsonWriter::item_number(std::int64_t value) {
  comma();
  digits(value);
  return *this;
}

void JsonWriter::digits(std::int64_t value) {
  std::array<char, 24> room{};
  const auto [end, error] = std::to_chars(room.data(), room.data() + room.size(), value);
  out_.append(room.data(), error == std::errc() ? end : room.data());
}

JsonWriter& JsonWriter::real(std::string_view name, double value) {
  key(name);
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.6g", std::isfinite(value) ? value : 0.0);
  out_ += digits.data();
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view name, std::string_view value) {
  key(name);
  out_ += value;
  return *this;
}

JsonWriter& JsonWriter::boolean(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::item(std::string_view value) {
  comma();
  quoted(value);
  return *this;
}

}  // namespace doorward
