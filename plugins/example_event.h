// An event made from `field=value` pairs: for a rule's own examples and for `explain`.
#pragma once

#include <string>
#include <vector>

#include "plugins/event.h"
#include "plugins/rule.h"
#include "sketch/result.h"

namespace doorward {

/// Fields that example events can have, as one line for messages and help.
std::string example_fields();

/// The fields of the i-th event of a run: "{n}" in a value stands for i.
std::vector<FieldValue> numbered(std::vector<FieldValue> fields, std::int64_t i);

/// Makes an event. Views point into `pairs`, which must outlive it. Defaults: ssh_login, success.
/// Errors: unknown field, malformed address, time, outcome, latitude or longitude.
Result<Event> example_event(const std::vector<FieldValue>& pairs);

}  // namespace doorward
