#include "plugins/example_event.h"

#include <charconv>

#include "plugins/time_text.h"

namespace doorward {
namespace {

std::optional<float> degrees(const std::string& text, float most) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= -most && value <= most)) return std::nullopt;
  return value;
}

}  // namespace

std::string example_fields() {
  std::string names = "@timestamp, event.outcome, source.ip";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (field != Field::original) names += ", " + std::string(field_name(field));
  }
  return names + ", source.geo.location.lat, source.geo.location.lon";
}

std::vector<FieldValue> numbered(std::vector<FieldValue> fields, std::int64_t i) {
  constexpr std::string_view kNumber = "{n}";
  for (FieldValue& field : fields) {
    for (std::size_t at = 0; (at = field.value.find(kNumber, at)) != std::string::npos;) {
      field.value.replace(at, kNumber.size(), std::to_string(i));
    }
  }
  return fields;
}

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
    } else if (name == "source.geo.location.lat" || name == "source.geo.location.lon") {
      const bool north = name.ends_with("lat");
      const std::optional<float> value_of = degrees(value, north ? 90 : 180);
      if (!value_of) return Error{name, "expected degrees, not \"" + value + "\""};
      (north ? event.latitude : event.longitude) = *value_of;
    } else if (name == "event.outcome") {
      if (value != "success" && value != "failure" && value != "unknown") {
        return Error{name, "expected success, failure or unknown, not \"" + value + "\""};
      }
      event.outcome = value == "success"   ? Outcome::success
                      : value == "failure" ? Outcome::failure
                                           : Outcome::unknown;
    } else if (const std::optional<Field> field = field_from_name(name)) {
      event[*field] = value;
    } else {
      return Error{name, "no such field; there are " + example_fields()};
    }
  }
  return event;
}

}  // namespace doorward
