#include "plugins/example_event.h"

#include "plugins/time_text.h"

namespace doorward {

Result<Event> example_event(const std::vector<FieldValue>& pairs) {
  Event event;
  event.outcome = Outcome::success;
  event[Field::event_action] = "ssh_login";
  for (const auto& [name, value] : pairs) {
    if (name == "@timestamp") {
      const std::optional<TimeUs> time = parse_time(value);
      if (!time)
        return Error{name, "expected a time such as 2026-11-20T08:15:00Z, not \"" + value + "\""};
      event.time = *time;
    } else if (name == "source.ip") {
      const std::optional<IpAddress> ip = IpAddress::parse(value);
      if (!ip) return Error{name, "expected an IPv4 or IPv6 address, not \"" + value + "\""};
      event.ip = *ip;
      event[Field::source_address] = value;
    } else if (name == "event.outcome") {
      if (value != "success" && value != "failure") {
        return Error{name, "expected success or failure, not \"" + value + "\""};
      }
      event.outcome = value == "success" ? Outcome::success : Outcome::failure;
    } else if (const std::optional<Field> field = field_from_name(name)) {
      event[*field] = value;
    } else {
      return Error{name, std::string("no such field; there are ") + kExampleFields};
    }
  }
  return event;
}

}  // namespace doorward
