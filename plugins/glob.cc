#include "plugins/glob.h"

namespace doorward {
namespace {

/// Where the character that begins at `at` ends.
std::size_t character_end(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const bool leads = byte(at) >= 0xC0U;
  ++at;
  while (leads && at < text.size() && (byte(at) & 0xC0U) == 0x80U) ++at;
  return at;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, QuestionMark mark) {
  const bool characters = mark == QuestionMark::one_character;
  const auto after = [&](std::size_t at) { return characters ? character_end(text, at) : at + 1; };
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && characters && pattern[p] == '?') {
      ++p;
      t = after(t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      resume = after(resume);
      t = resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace doorward
