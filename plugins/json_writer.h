// Writes one JSON document into a string that is used again and again. Commas and escapes are its
// business, nesting is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace doorward {

class JsonWriter {
 public:
  /// Appends to `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& open(std::string_view name);        ///< "name": {
  JsonWriter& open();                             ///< {
  JsonWriter& close();                            ///< }
  JsonWriter& open_array(std::string_view name);  ///< "name": [
  JsonWriter& close_array();                      ///< ]

  /// "name": "value". Bytes that are not UTF-8 become U+FFFD; controls are escaped.
  JsonWriter& text(std::string_view name, std::string_view value);
  /// The same, left out when the value is empty.
  JsonWriter& text_if(std::string_view name, std::string_view value);
  JsonWriter& number(std::string_view name, std::int64_t value);
  JsonWriter& real(std::string_view name, double value);  ///< six significant digits
  JsonWriter& boolean(std::string_view name, bool value);
  /// "name": a value that is JSON already.
  JsonWriter& raw(std::string_view name, std::string_view value);
  JsonWriter& item(std::string_view value);  ///< an array's string
  JsonWriter& item_number(std::int64_t value);

 private:
  void comma();
  void key(std::string_view key);
  void quoted(std::string_view text);
  void digits(std::int64_t value);

  std::string& out_;
  bool first_ = true;
};

/// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), 0 when there is
/// none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace doorward
