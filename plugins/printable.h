// Text from logs on a person's terminal.
#pragma once

#include <string>
#include <string_view>

namespace doorward {

/// The text with control characters (C0, DEL, C1) and bytes that are not UTF-8 shown as '?': names
/// come from attackers, and escape sequences can rewrite a screen.
std::string printable(std::string_view text);

}  // namespace doorward
