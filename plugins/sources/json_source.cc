#include "plugins/sources/json_source.h"

#include "plugins/limits.h"
#include "plugins/state_fields.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr std::uint8_t kStateVersion = 1;

}  // namespace

void JsonSource::save(StateWriter& out) const {
  out.version(kStateVersion);
  archive_counters(out, counters_);
}

void JsonSource::load(StateReader& in) {
  in.version(kStateVersion);
  archive_counters(in, counters_);
  if (!in.ok()) counters_ = {};
}

Stamp JsonSource::stamp(std::string_view line, InputState& /*input*/) {
  if (!record_.read(line)) return {};
  return {time_of(unwrap(record_.root())), 0};
}

void JsonSource::feed(std::string_view line, const Stamp& stamp, EventSink& sink) {
  ++counters_.lines;
  if (!record_.read(line)) {
    ++counters_.malformed;
    return;
  }
  Event event;
  event.time = stamp.time;
  event.told = told_;
  event[Field::event_dataset] = dataset_;
  switch (read(unwrap(record_.root()), event)) {
    case Reading::used:
      break;
    case Reading::other:
      ++counters_.other;
      return;
    case Reading::malformed:
      ++counters_.malformed;
      return;
  }
  if (event.time == kNoTime) {
    ++counters_.no_stamp;
    return;
  }
  for (std::string_view& field : event.text) {
    if (field.size() <= kHeldFieldBytesMax) continue;
    field = field.substr(0, kHeldFieldBytesMax);
    ++counters_.cut_fields;
  }
  event[Field::original] = line;
  sink.on_event(event);
}

TimeUs json_time(JsonValue value) {
  return parse_time(value.text()).value_or(kNoTime);
}

void set_json_source(Event& event, std::string_view text) {
  std::string_view address = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end != std::string_view::npos) {
      address = text.substr(1, end - 1);
      port = text.substr(end + 1);
    }
  } else if (const std::size_t colon = text.find(':'); colon == text.rfind(':')) {
    address = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.starts_with(':')) port.remove_prefix(1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool port_read = error == std::errc() && end == port.data() + port.size();
  const std::optional<IpAddress> ip = IpAddress::parse(address);
  if (ip && (port.empty() || port_read)) {
    event[Field::source_address] = address;
    event.ip = *ip;
    if (!port.empty()) event.port = number;
  } else {
    event[Field::source_address] = text;
  }
}

void set_json_port(Event& event, JsonValue port) {
  const std::optional<std::int64_t> number = port.integer();
  if (number && *number > 0 && *number <= 65535) event.port = static_cast<std::uint16_t>(*number);
}

void set_json_place(Event& event, JsonValue latitude, JsonValue longitude) {
  const std::optional<double> north = latitude.number();
  const std::optional<double> east = longitude.number();
  if (!north || !east) return;
  if (!(*north >= -90 && *north <= 90 && *east >= -180 && *east <= 180)) return;
  event.latitude = static_cast<float>(*north);
  event.longitude = static_cast<float>(*east);
}

std::string_view before_domain(std::string_view name) {
  const std::size_t at = name.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == name.size()) return name;
  return name.substr(0, at);
}

}  // namespace doorward
