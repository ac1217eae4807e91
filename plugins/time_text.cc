#include "plugins/time_text.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace doorward {
namespace {

/// Takes `digits` decimal digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || value < 0 || text[0] == '-') {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

/// "Z", "+hh:mm" or "+hhmm" to seconds; empty is 0.
std::optional<int> take_offset(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int sign = text[0] == '-' ? -1 : 1;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  text.remove_prefix(1);
  const std::optional<int> hours = take_number(text, 2);
  take(text, ':');
  const std::optional<int> minutes = take_number(text, 2);
  if (!hours || !minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<TimeUs> parse_time(std::string_view text) {
  using namespace std::chrono;
  const std::optional<int> y = take_number(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const std::optional<int> m = take_number(text, 2);
  if (!m || !take(text, '-')) return std::nullopt;
  const std::optional<int> d = take_number(text, 2);
  if (!d) return std::nullopt;
  const year_month_day date(year(*y), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d)));
  if (!date.ok()) return std::nullopt;
  TimeUs time = sys_days(date).time_since_epoch().count() * TimeUs{86'400} * kSecondUs;
  if (text.empty()) return time;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const std::optional<int> hours = take_number(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const std::optional<int> minutes = take_number(text, 2);
  std::optional<int> seconds = 0;
  if (take(text, ':')) seconds = take_number(text, 2);
  if (!minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  time += (*hours * 3600LL + *minutes * 60LL + *seconds) * kSecondUs;
  if (take(text, '.')) {
    TimeUs unit = kSecondUs / 10;
    std::size_t digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
      time += (text[0] - '0') * unit;
      unit /= 10;
    }
    if (digits == 0 || digits > 9) return std::nullopt;
  }
  const std::optional<int> offset = take_offset(text);
  if (!offset) return std::nullopt;
  return time - *offset * kSecondUs;
}

std::string format_time(TimeUs time) {
  using namespace std::chrono;
  if (time == kNoTime) return {};
  const sys_time<microseconds> instant{microseconds(time)};
  const auto midnight = floor<days>(instant);
  const year_month_day date(midnight);
  const hh_mm_ss<microseconds> clock(instant - midnight);
  std::array<char, 48> out{};
  const int size = std::snprintf(
      out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t unit_s = 0;
  switch (text.back()) {
    case 's':
      unit_s = 1;
      break;
    case 'm':
      unit_s = 60;
      break;
    case 'h':
      unit_s = 3600;
      break;
    case 'd':
      unit_s = 86'400;
      break;
    default:
      return std::nullopt;
  }
  text.remove_suffix(1);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) return std::nullopt;
  if (count > 3650LL * 86'400 / unit_s) return std::nullopt;
  return count * unit_s * kSecondUs;
}

}  // namespace doorward
