#include "plugins/sources/json_sniff.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

namespace doorward {
namespace {

constexpr std::string_view kWhite = " \t\r\n";

/// Takes the string that begins at `at` (on its quote); `at` ends behind it. False when the head
/// ends within.
bool take_string(std::string_view head, std::size_t& at, std::string_view& text) {
  const std::size_t from = ++at;
  for (; at < head.size() && head[at] != '"'; ++at) {
    if (head[at] == '\\') ++at;
  }
  if (at >= head.size()) return false;
  text = head.substr(from, at - from);
  ++at;
  return true;
}

}  // namespace

bool has_json_object_with(std::string_view head, std::initializer_list<std::string_view> keys,
                          std::size_t depth_max) {
  constexpr std::size_t kDeepest = 4;
  assert(keys.size() <= 8 && depth_max <= kDeepest);
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const std::size_t begin = head.find_first_not_of(kWhite);
  if (begin == std::string_view::npos || (head[begin] != '{' && head[begin] != '[')) return false;
  const unsigned all = (1U << keys.size()) - 1;
  std::array<unsigned, kDeepest + 1> seen{};
  std::size_t depth = 0;  // of objects; arrays do not count
  for (std::size_t at = begin; at < head.size();) {
    const char c = head[at];
    if (c == '"') {
      std::string_view text;
      if (!take_string(head, at, text)) return false;
      if (depth == 0 || depth > depth_max) continue;
      at = std::min(head.find_first_not_of(kWhite, at), head.size());
      if (at == head.size() || head[at] != ':') continue;  // a value
      unsigned bit = 1;
      for (const std::string_view key : keys) {
        if (key == text) seen[depth] |= bit;
        bit <<= 1;
      }
      if (seen[depth] == all) return true;
      continue;
    }
    if (c == '{') {
      ++depth;
      if (depth <= depth_max) seen[depth] = 0;
    } else if (c == '}' && depth > 0) {
      --depth;
    }
    ++at;
  }
  return false;
}

}  // namespace doorward
