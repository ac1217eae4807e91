// The sink of output `stdout`: documents as lines on a descriptor, which may be a slow pipe.
#pragma once

#include "plugins/delivery/sink.h"

namespace doorward {

/// `descriptor` is not owned.
SinkSetup stdout_setup(int descriptor);

}  // namespace doorward
