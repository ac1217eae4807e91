#include "plugins/detectors/words.h"

#include <cmath>

#include "plugins/alert_notes.h"

namespace doorward {

std::string owner_of(const Event& event) {
  return event[Field::user_name].empty() ? "this user" : std::string(event[Field::user_name]);
}

std::string one_in(double p_value) {
  constexpr double kMost = 1e6;
  constexpr double kInFull = 1000;
  const double n = 1 / p_value;
  if (n < 1.5) return {};
  if (n > kMost) return " (less than 1 in a million)";
  double told = std::round(n);
  if (told >= kInFull) {
    const double step = std::pow(10, std::floor(std::log10(n)) - 1);
    told = std::round(n / step) * step;
  }
  return " (1 in " + with_commas(static_cast<std::uint64_t>(std::llround(told))) + ")";
}

bool of_address(const View& view) {
  return view.ip || view.cut == Cut::net || view.cut == Cut::wide;
}

bool of_host(const View& view) {
  return view.cut == Cut::host_class ||
         (view.cut == Cut::whole && !view.ip && view.field == Field::host_name);
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

std::string with_article(const std::string& noun) {
  constexpr std::string_view kVowels = "aeio";  // no noun here begins with a spoken u
  const bool vowel = !noun.empty() && kVowels.find(noun[0]) != std::string_view::npos;
  return (vowel || noun.starts_with("hour") ? "an " : "a ") + noun;
}

}  // namespace doorward
