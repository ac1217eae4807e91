// Words that the sentences of several detectors share.
#pragma once

#include <string>

#include "plugins/event.h"
#include "plugins/view.h"

namespace doorward {

/// The user's name as written, or "this user".
std::string owner_of(const Event& event);

/// " (1 in 480)" for p = 1/480, to two digits from a thousand on (" (1 in 17,000)") and
/// " (less than 1 in a million)" below that: no history is long enough to tell more. Empty for
/// p > 2/3.
std::string one_in(double p_value);

/// The source's address, or a network of it: what people come from.
bool of_address(const View& view);
/// A host, or its kind.
bool of_host(const View& view);

/// What a value of this view is called: "address", "host", "network".
std::string noun_of(const View& view);

/// "an address", "a host", "an hour".
std::string with_article(const std::string& noun);

}  // namespace doorward
