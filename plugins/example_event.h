// An event made from `field=value` pairs: for a rule's own examples and for `explain`.
#pragma once

#include <string>
#include <vector>

#include "plugins/event.h"
#include "plugins/rule.h"
#include "sketch/result.h"

namespace doorward {

/// Fields that example events can have, as one line for messages and help.
inline constexpr const char* kExampleFields =
    "@timestamp, user.name, user.effective.name, source.ip, host.name, event.action, "
    "event.outcome, doorward.method, doorward.key_fingerprint, process.name";

/// Makes an event. Views point into `pairs`, which must outlive it. Defaults: ssh_login, success.
/// Errors: unknown field, malformed address, time or outcome.
Result<Event> example_event(const std::vector<FieldValue>& pairs);

}  // namespace doorward
