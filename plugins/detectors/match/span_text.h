// Spans of time for people.
#pragma once

#include <string>

#include "plugins/event.h"

namespace doorward {

/// "40 s", "12 min", "2 h 10 min", "3 d 4 h"; what is smaller is left out. `span` is not negative.
std::string span_text(TimeUs span);

}  // namespace doorward
