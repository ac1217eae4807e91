// Patterns with stars: "svc-*" matches "svc-backup".
#pragma once

#include <cstdint>
#include <string_view>

namespace doorward {

/// What `?` stands for in a pattern.
enum class QuestionMark : std::uint8_t {
  itself,
  one_character,  ///< of UTF-8; a byte where it is none
};

/// True when all of `text` matches `pattern`: `*` stands for any characters, nothing else is
/// special but what `mark` says. Works in the product of both lengths at worst; does not allocate.
bool glob_match(std::string_view pattern, std::string_view text, QuestionMark mark);

}  // namespace doorward
