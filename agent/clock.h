// The wall clock.
#pragma once

#include "plugins/event.h"

namespace doorward {

/// Now, in microseconds since 1970.
TimeUs clock_now();

}  // namespace doorward
