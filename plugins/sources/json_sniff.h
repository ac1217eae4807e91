// Whether a file begins like JSON whose objects have certain keys. For the sniff functions.
#pragma once

#include <initializer_list>
#include <string_view>

namespace doorward {

/// True when `head` begins with an object or array (white space and a byte order mark before it are
/// fine) and some object, at most `depth_max` objects deep (1: not within another), has all of
/// `keys` (at most 8) as members of its own. `head` may end anywhere; keys are compared as written.
bool has_json_object_with(std::string_view head, std::initializer_list<std::string_view> keys,
                          std::size_t depth_max);

}  // namespace doorward
