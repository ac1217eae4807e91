// Just enough JSON for the tests' data: objects of strings, numbers, null and lists, one level
// deep.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace doorward::testing_authlog {

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
        put(out, hex4());
      } else if (const std::size_t i = kFrom.find(escape); i != std::string_view::npos) {
        out += kTo[i];
      } else {
        out += escape;
      }
    }
    ++at_;
    return out;
  }

  /// As UTF-8. Surrogate pairs do not occur in the data.
  static void put(std::string& out, unsigned code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The whole of a file; empty when it is not there.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace doorward::testing_authlog
