#include "plugins/detectors/rates/phrase.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "plugins/count_words.h"
#include "plugins/detectors/words.h"

namespace doorward {
namespace {

std::string number(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.0f", value);
  return out.data();
}

std::string values_of(const View& view) {
  const std::string noun = noun_of(view);
  return plural(noun == "error.message" ? "error message" : noun);
}

bool of_user(const View& view) {
  return view.cut == Cut::whole && !view.ip &&
         (view.field == Field::user_name || view.field == Field::user_id ||
          view.field == Field::user_effective_name);
}

/// " from 203.0.113.9", " on web-01", " of alice".
std::string place(const View& view, const Event& event) {
  if (view.cut == Cut::fleet) return " in the fleet";
  const std::string value = view_text(view, event);
  if (of_address(view)) return " from " + value;
  return (of_host(view) ? " on " : " of ") + value;
}

std::string distinct_words(const RateEvidence& rate, const Event& event) {
  const std::string many = number(rate.observed) + " different " + values_of(rate.by);
  const bool failed = event.outcome == Outcome::failure;
  if (of_user(rate.by)) {
    return many + (failed ? " failed" : " logged on") + place(rate.partition, event);
  }
  if (of_user(rate.partition) && (of_address(rate.by) || of_host(rate.by))) {
    return view_text(rate.partition, event) + (failed ? " failed " : " logged on ") +
           (of_host(rate.by) ? (failed ? "on " : "to ") : "from ") + many;
  }
  return many + place(rate.partition, event);
}

}  // namespace

std::string window_words(std::uint32_t window_s) {
  if (window_s % 3600 == 0) return std::to_string(window_s / 3600) + " h";
  if (window_s % 60 == 0) return std::to_string(window_s / 60) + " min";
  return std::to_string(window_s) + " s";
}

std::string rate_phrase(const Evidence& evidence, const Event& event) {
  const RateEvidence& rate = evidence.rate;
  if (rate.window_s == 0 || rate.observed < 1) return {};
  std::string out;
  if (rate.distinct) {
    out = distinct_words(rate, event);
  } else {
    out = number(rate.observed);
    const Outcome outcome = evidence.rule->when.outcome();
    out += outcome == Outcome::success   ? " logons"
           : outcome == Outcome::failure ? " failures"
                                         : " attempts";
    out += place(rate.partition, event);
  }
  out += " within " + window_words(rate.window_s);
  out += rate.assumed        ? ", usual elsewhere is "
         : rate.at_this_hour ? ", usual at this hour is "
                             : ", usual is ";
  return out + number(rate.expected) + one_in(evidence.p_value);
}

}  // namespace doorward
