// Bytes of what a running agent remembers, so that it can go on after a restart as if there had
// been none.
//
// A class that is saved has one function for both ways,
//
//     template <class Archive>
//     void archive(Archive& a) { a(count_, newest_, name_); }
//
// so that what is written and what is read cannot differ. Fields are written one after the other,
// little-endian and without names; whoever keeps the bytes keeps a version with them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace doorward {

/// What is written as its bytes in memory: numbers, enums, and structs of them without pointers.
template <class T>
concept PlainBytes = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> &&
                     !std::is_same_v<T, std::string_view>;

/// Appends to a vector, which must outlive this.
class StateWriter {
 public:
  static constexpr bool kReads = false;

  explicit StateWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }
  /// A number or enum that lies within [first, last].
  template <PlainBytes T>
  void between(const T& value, T /*first*/, T /*last*/) {
    put(value);
  }
  /// Which version of a section follows.
  void version(std::uint8_t version) { put(version); }
  /// Bytes whose number the reader knows.
  void raw(std::span<const std::byte> bytes) { append(bytes.data(), bytes.size()); }
  void raw(std::span<std::byte> bytes) { append(bytes.data(), bytes.size()); }
  /// A text and its length.
  void text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    append(text.data(), text.size());
  }
  [[nodiscard]] static bool ok() { return true; }

 private:
  template <PlainBytes T>
  void put(const T& value) {
    append(&value, sizeof value);
  }
  void put(const std::string& value) { text(value); }
  void append(const void* from, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    out_.insert(out_.end(), bytes, bytes + size);
  }

  std::vector<std::uint8_t>& out_;
};

/// Reads what a StateWriter wrote; trusts no length. After the first mistake ok() is false, and
/// everything that is read is zero or empty.
class StateReader {
 public:
  static constexpr bool kReads = true;

  explicit StateReader(std::span<const std::uint8_t> in) : in_(in) {}

  template <class... Values>
  void operator()(Values&... values) {
    (get(values), ...);
  }
  /// A value beyond [first, last] is a mistake, and zero.
  template <PlainBytes T>
  void between(T& value, T first, T last) {
    get(value);
    if (failed_ || (value >= first && value <= last)) return;
    fail();
    value = T{};
  }
  /// Any other version than `wanted` is a mistake.
  void version(std::uint8_t wanted) {
    std::uint8_t found = 0;
    get(found);
    if (found != wanted) fail();
  }
  void raw(std::span<std::byte> bytes) {
    const std::uint8_t* from = take(bytes.size());
    if (from == nullptr) {
      std::fill(bytes.begin(), bytes.end(), std::byte{});
    } else if (!bytes.empty()) {
      std::memcpy(bytes.data(), from, bytes.size());
    }
  }
  /// A text of at most `bytes_max`; a longer one is a mistake. The view is into what is read.
  std::string_view text(std::size_t bytes_max) {
    std::uint32_t size = 0;
    get(size);
    if (size > bytes_max) fail();
    const std::uint8_t* from = take(size);
    return from == nullptr ? std::string_view{}
                           : std::string_view(reinterpret_cast<const char*>(from), size);
  }
  /// What was read makes no sense: nothing further is read.
  void fail() {
    failed_ = true;
    in_ = {};
  }
  [[nodiscard]] bool ok() const { return !failed_; }
  /// ok(), and nothing is left.
  [[nodiscard]] bool done() const { return !failed_ && in_.empty(); }

 private:
  static constexpr std::size_t kTextBytesMax = 65'536;

  template <PlainBytes T>
  void get(T& value) {
    const std::uint8_t* from = take(sizeof value);
    if (from == nullptr) {
      value = T{};
    } else {
      std::memcpy(static_cast<void*>(&value), from, sizeof value);
    }
  }
  void get(bool& value) {
    std::uint8_t byte = 0;
    get(byte);
    if (byte > 1) fail();
    value = byte == 1;
  }
  void get(std::string& value) { value = text(kTextBytesMax); }
  const std::uint8_t* take(std::size_t size) {
    if (failed_ || size > in_.size()) {
      fail();
      return nullptr;
    }
    const std::uint8_t* from = in_.data();
    in_ = in_.subspan(size);
    return from;
  }

  std::span<const std::uint8_t> in_;
  bool failed_ = false;
};

}  // namespace doorward
