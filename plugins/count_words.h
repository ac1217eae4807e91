// Counts of things, as people say them: "1 key", "2 keys", "3 entries".
#pragma once

#include <string>

namespace doorward {

/// More than one of a noun: "addresses", "countries", "keys", "kinds of host".
std::string plural(std::string noun);

/// "1 output", "2 outputs", "0 outputs".
template <class Count>
std::string counted(Count count, const std::string& noun) {
  return std::to_string(count) + " " + (count == 1 ? noun : plural(noun));
}

}  // namespace doorward
