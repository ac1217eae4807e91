#include "plugins/count_words.h"

#include <string_view>

namespace doorward {

std::string plural(std::string noun) {
  if (const std::size_t of = noun.find(" of "); of != std::string::npos) {
    return plural(noun.substr(0, of)) + noun.substr(of);
  }
  constexpr std::string_view kVowels = "aeiou";
  const bool vowel = noun.size() > 1 && kVowels.find(noun[noun.size() - 2]) != kVowels.npos;
  if (noun.ends_with('y') && !vowel) noun.replace(noun.size() - 1, 1, "ie");
  return noun + (noun.ends_with('s') ? "es" : "s");
}

}  // namespace doorward
