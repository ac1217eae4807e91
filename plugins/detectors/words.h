// Words that the sentences of several detectors share.
#pragma once

#include <string>

#include "plugins/event.h"
#include "plugins/view.h"

namespace doorward {

/// The user's name as written, or "this user".
std::string owner_of(const Event& event);

/// " (1 in 480)" for p = 1/480, " (1 in 3e+06)" from a million on; empty for p > 2/3.
std::string one_in(double p_value);

/// What a value of this view is called: "address", "host", "network".
std::string noun_of(const View& view);

}  // namespace doorward
