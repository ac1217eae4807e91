// One JSON record, parsed: what the sources of cloud and network logs read. simdjson inside.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "plugins/limits.h"

namespace doorward {

/// A value of a record, or nothing. Asking nothing, or a value of another type, gives nothing
/// again, so a path can be walked without a check at each step. Good until the record reads its
/// next text. Never allocates or throws.
class JsonValue {
 public:
  JsonValue() = default;  ///< nothing

  /// There is a value, and it is not null.
  [[nodiscard]] bool exists() const;
  /// There is a value, and be it null.
  [[nodiscard]] bool is_there() const { return handle_.document != nullptr; }
  [[nodiscard]] bool is_object() const;

  /// The member of an object; the first where a key is there twice.
  JsonValue operator[](std::string_view key) const;

  /// The value of a name with dots, whether its objects are nested ({"source":{"ip":..}}),
  /// flattened ({"source.ip":..}) or partly both. An array on the way stands for its first element.
  [[nodiscard]] JsonValue at(std::string_view dotted) const;

  /// The first element of an array (nothing when it is empty); any other value is itself.
  [[nodiscard]] JsonValue first() const;

  /// The first object of an array whose member `key` is the text `value`.
  [[nodiscard]] JsonValue where(std::string_view key, std::string_view value) const;

  /// The first object of an array whose member `key` is a text that is not empty.
  [[nodiscard]] JsonValue where(std::string_view key) const;

  /// An array that has the text `value` among its elements.
  [[nodiscard]] bool has(std::string_view value) const;

  /// A string's text, unescaped; empty for anything else.
  [[nodiscard]] std::string_view text() const;

  [[nodiscard]] bool is_text() const;

  /// An array of the numbers of bytes, 0 to 255, written to `to`: how many. nullopt for anything
  /// else, for an empty array, and for more than fit.
  [[nodiscard]] std::optional<std::size_t> bytes(std::span<char> to) const;

  /// A whole number, or a string that is one.
  [[nodiscard]] std::optional<std::int64_t> integer() const;

  /// Any number.
  [[nodiscard]] std::optional<double> number() const;

 private:
  friend class JsonRecord;
  /// Where the value stands in the parsed document: what simdjson's own handle holds, kept here
  /// without its header.
  struct Handle {
    const void* document = nullptr;
    std::size_t index = 0;
  };
  explicit JsonValue(Handle handle) : handle_(handle) {}

  template <class Element>
  static JsonValue of(Element element);
  template <class Element>
  [[nodiscard]] Element element() const;

  Handle handle_;
};

/// Owns a parser and the text it reads from. Everything is allocated at construction, for records
/// of kBytesMax (about 15 bytes of address space a byte of it; memory that no record needed is
/// never touched). Not thread-safe.
class JsonRecord {
 public:
  /// Longest record in bytes. A longer one is not read.
  static constexpr std::size_t kBytesMax = kRecordBytesMax;
  /// Deepest nesting of objects and arrays. A deeper record is not read.
  static constexpr std::size_t kDepthMax = 64;

  JsonRecord();
  ~JsonRecord();
  JsonRecord(const JsonRecord&) = delete;
  JsonRecord& operator=(const JsonRecord&) = delete;

  /// Parses `text`, one object. False when it is none, whole: not JSON, not UTF-8, a number beyond
  /// 64 bits, too long or too deep. The text is copied, so it needs no padding and may go. The same
  /// text again costs a comparison.
  bool read(std::string_view text);

  /// The object read last; nothing when it could not be read.
  [[nodiscard]] JsonValue root() const { return root_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
  bool any_ = false;
  JsonValue root_;
};

/// Room for a number as text, for fields that hold one.
class NumberText {
 public:
  /// Good until the next write().
  std::string_view write(std::int64_t number) {
    const auto [end, error] = std::to_chars(bytes_.data(), bytes_.data() + bytes_.size(), number);
    return {bytes_.data(), static_cast<std::size_t>(end - bytes_.data())};
  }
  /// A string's text, or a whole number written here; empty for anything else.
  std::string_view of(JsonValue value) {
    if (!value.text().empty()) return value.text();
    const std::optional<std::int64_t> number = value.integer();
    return number ? write(*number) : std::string_view{};
  }

 private:
  std::array<char, 24> bytes_{};
};

}  // namespace doorward
