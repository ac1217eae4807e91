#include "plugins/detectors/words.h"

#include <array>
#include <cstdio>

namespace doorward {

std::string owner_of(const Event& event) {
  return event[Field::user_name].empty() ? "this user" : std::string(event[Field::user_name]);
}

std::string one_in(double p_value) {
  std::array<char, 48> out{};
  const double n = 1 / p_value;
  if (n < 1.5) return {};
  if (n >= 1e6) {
    std::snprintf(out.data(), out.size(), " (1 in %.1g)", n);
  } else {
    std::snprintf(out.data(), out.size(), " (1 in %.0f)", n);
  }
  return out.data();
}

std::string noun_of(const View& view) {
  switch (view.cut) {
    case Cut::net:
    case Cut::wide:
      return "network";
    case Cut::scope:
      return "kind of address";
    case Cut::host_class:
      return "kind of host";
    case Cut::credential:
      return "credential";
    case Cut::hour_of_week:
    case Cut::hour_of_day:
      return "hour";
    case Cut::fleet:
      return "value";
    case Cut::whole:
      break;
  }
  if (view.ip || view.field == Field::source_address) return "address";
  switch (view.field) {
    case Field::user_name:
    case Field::user_effective_name:
      return "user";
    case Field::host_name:
      return "host";
    case Field::event_action:
      return "action";
    case Field::process_name:
      return "program";
    case Field::method:
      return "method";
    case Field::key_fingerprint:
      return "key";
    case Field::user_id:
      return "identity";
    case Field::geo_country:
      return "country";
    case Field::geo_city:
      return "city";
    case Field::as_number:
      return "network operator";
    case Field::error_code:
      return "error";
    default:
      return std::string(field_name(view.field));
  }
}

}  // namespace doorward
