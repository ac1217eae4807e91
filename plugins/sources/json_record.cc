#include "plugins/sources/json_record.h"

#include <simdjson.h>

#include <bit>
#include <cstring>
#include <type_traits>

namespace doorward {

namespace dom = simdjson::dom;

template <class Element>
JsonValue JsonValue::of(Element element) {
  static_assert(sizeof(Element) == sizeof(Handle) && std::is_trivially_copyable_v<Element>);
  return JsonValue(std::bit_cast<Handle>(element));
}

/// Only for values that are there.
template <class Element>
Element JsonValue::element() const {
  return std::bit_cast<Element>(handle_);
}

bool JsonValue::exists() const {
  return handle_.document != nullptr && !element<dom::element>().is_null();
}

bool JsonValue::is_object() const {
  return handle_.document != nullptr && element<dom::element>().is_object();
}

JsonValue JsonValue::operator[](std::string_view key) const {
  dom::object object;
  dom::element value;
  if (handle_.document == nullptr || element<dom::element>().get(object) != simdjson::SUCCESS ||
      object.at_key(key).get(value) != simdjson::SUCCESS) {
    return {};
  }
  return of(value);
}

JsonValue JsonValue::at(std::string_view dotted) const {
  const JsonValue whole = (*this)[dotted];
  if (whole.exists()) return whole;
  for (std::size_t dot = dotted.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = dotted.rfind('.', dot - 1)) {
    const JsonValue found = (*this)[dotted.substr(0, dot)].first().at(dotted.substr(dot + 1));
    if (found.exists()) return found;
  }
  return {};
}

JsonValue JsonValue::first() const {
  dom::array array;
  if (handle_.document == nullptr || element<dom::element>().get(array) != simdjson::SUCCESS) {
    return *this;
  }
  return array.begin() != array.end() ? of(*array.begin()) : JsonValue{};
}

JsonValue JsonValue::where(std::string_view key, std::string_view value) const {
  dom::array array;
  if (handle_.document == nullptr || element<dom::element>().get(array) != simdjson::SUCCESS) {
    return {};
  }
  for (const dom::element item : array) {
    if (of(item)[key].text() == value) return of(item);
  }
  return {};
}

JsonValue JsonValue::where(std::string_view key) const {
  dom::array array;
  if (handle_.document == nullptr || element<dom::element>().get(array) != simdjson::SUCCESS) {
    return {};
  }
  for (const dom::element item : array) {
    if (!of(item)[key].text().empty()) return of(item);
  }
  return {};
}

bool JsonValue::has(std::string_view value) const {
  dom::array array;
  if (handle_.document == nullptr || element<dom::element>().get(array) != simdjson::SUCCESS) {
    return false;
  }
  for (const dom::element item : array) {
    if (of(item).text() == value) return true;
  }
  return false;
}

std::string_view JsonValue::text() const {
  std::string_view text;
  if (handle_.document == nullptr || element<dom::element>().get(text) != simdjson::SUCCESS) {
    return {};
  }
  return text;
}

bool JsonValue::is_text() const {
  return handle_.document != nullptr && element<dom::element>().is_string();
}

std::optional<std::size_t> JsonValue::bytes(std::span<char> to) const {
  dom::array array;
  if (handle_.document == nullptr || element<dom::element>().get(array) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::size_t size = 0;
  for (const dom::element item : array) {
    std::uint64_t byte = 0;
    if (size == to.size() || item.get(byte) != simdjson::SUCCESS || byte > 255) {
      return std::nullopt;
    }
    to[size++] = static_cast<char>(byte);
  }
  if (size == 0) return std::nullopt;
  return size;
}

std::optional<std::int64_t> JsonValue::integer() const {
  if (handle_.document == nullptr) return std::nullopt;
  std::int64_t value = 0;
  if (element<dom::element>().get(value) == simdjson::SUCCESS) return value;
  const std::string_view digits = text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> JsonValue::number() const {
  double value = 0;
  if (handle_.document == nullptr || element<dom::element>().get(value) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return value;
}

struct JsonRecord::Parser {
  dom::parser parser{kBytesMax};
  bool ready = false;
};

JsonRecord::JsonRecord()
    : parser_(std::make_unique<Parser>()), text_(new char[kBytesMax + simdjson::SIMDJSON_PADDING]) {
  parser_->ready = parser_->parser.allocate(kBytesMax, kDepthMax) == simdjson::SUCCESS &&
                   parser_->parser.doc.allocate(kBytesMax) == simdjson::SUCCESS;
}

JsonRecord::~JsonRecord() = default;

bool JsonRecord::read(std::string_view text) {
  if (any_ && text.size() == size_ && std::memcmp(text.data(), text_.get(), size_) == 0) {
    return root_.exists();
  }
  root_ = {};
  any_ = false;
  if (!parser_->ready || text.empty() || text.size() > kBytesMax) return false;
  std::memcpy(text_.get(), text.data(), text.size());
  std::memset(text_.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  size_ = text.size();
  any_ = true;
  dom::element root;
  if (parser_->parser.parse(text_.get(), size_, false).get(root) != simdjson::SUCCESS ||
      !root.is_object()) {
    return false;
  }
  root_ = JsonValue::of(root);
  return true;
}

}  // namespace doorward
