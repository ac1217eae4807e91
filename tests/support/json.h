// Just enough JSON for the tests' data: objects of strings, numbers, null and lists, one level
// deep.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace doorward {

/// Values by key: text unescaped to UTF-8, null as empty, numbers as written, lists as "[a][b]".
using JsonRow = std::map<std::string, std::string>;

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// Every object of the text, whether in a list or one a line. Stops at what it cannot read.
  std::vector<JsonRow> objects() {
    std::vector<JsonRow> rows;
    while ((at_ = text_.find('{', at_)) != std::string_view::npos) {
      ++at_;
      JsonRow row;
      while (skip(), peek() == '"') {  // a key at a time
        const std::string key = string();
        skip();
        if (peek() == ':') ++at_;
        row[key] = value();
        skip();
        if (peek() == ',') ++at_;
      }
      if (peek() != '}') break;
      rows.push_back(row);
    }
    return rows;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }

  std::string value() {
    skip();
    if (peek() == '"') return string();
    std::string out;
    if (peek() == '[') {
      ++at_;
      while (skip(), peek() != ']' && peek() != '\0') {
        const std::size_t before = at_;
        out += "[" + value() + "]";
        skip();
        if (peek() == ',') ++at_;
        if (at_ == before) break;  // no JSON: a file cut short
      }
      ++at_;
      return out;
    }
    while (peek() != ',' && peek() != '}' && peek() != ']' && peek() != '\0' && peek() > ' ') {
      out += text_[at_++];
    }
    return out == "null" ? "" : out;
  }

  unsigned hex4() {
    const unsigned code =
        static_cast<unsigned>(std::stoul(std::string(text_.substr(at_, 4)), nullptr, 16));
    at_ += 4;
    return code;
  }

  std::string string() {
    std::string out;
    for (++at_; peek() != '"' && at_ < text_.size();) {
      const char c = text_[at_++];
      if (c != '\\') {
        out += c;
        continue;
      }
      const char escape = text_[at_++];
      constexpr std::string_view kFrom = "nrtbf";
      constexpr std::string_view kTo = "\n\r\t\b\f";
      if (escape == 'u') {
        const unsigned code = hex4();
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
          at_ += 2;
          put(out, 0x10000 + ((code - 0xD800) << 10) + hex4() - 0xDC00);
        } else {
          put(out, code);
        }
      } else if (const std::size_t i = kFrom.find(escape); i != std::string_view::npos) {
        out += kTo[i];
      } else {
        out += escape;
      }
    }
    ++at_;
    return out;
  }

  /// As UTF-8.
  static void put(std::string& out, unsigned code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      if (code < 0x10000) {
        out += static_cast<char>(0xE0 | code >> 12);
      } else {
        out += static_cast<char>(0xF0 | code >> 18);
        out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
      }
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace doorward
