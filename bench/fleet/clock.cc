#include "bench/fleet/clock.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace doorward::fleet {
namespace {

// Reads exactly `digits` decimal digits and moves past them.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) {
    return false;
  }
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return false;
    }
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

Time take_fraction(std::string_view& text) {
  Time micros = 0;
  Time unit = kSecond / 10;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    micros += unit * (text.front() - '0');
    unit /= 10;
    text.remove_prefix(1);
  }
  return micros;
}

}  // namespace

int weekday(Time time) {
  const Time days = (time >= 0 ? time : time - kDay + 1) / kDay;
  return static_cast<int>(((days + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
}

void append_stamp(std::string& out, Time time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{time}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{point - day};
  std::array<char, 40> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06d+00:00",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  out.append(text.data(), static_cast<std::size_t>(length));
}

std::string stamp(Time time) {
  std::string out;
  append_stamp(out, time);
  return out;
}

std::optional<Time> parse_stamp(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) ||
      !take(text, '-') || !take_number(text, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  Time time = std::chrono::sys_days{date}.time_since_epoch().count() * kDay;
  if (text.empty()) {
    return time;
  }

  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take(text, 'T') && !take(text, ' ')) {
    return std::nullopt;
  }
  if (!take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute) ||
      !take(text, ':') || !take_number(text, 2, second)) {
    return std::nullopt;
  }
  time += hour * kHour + minute * kMinute + second * kSecond;
  if (take(text, '.')) {
    time += take_fraction(text);
  }
  if (text.empty() || text == "Z" || text == "z") {
    return time;
  }

  const bool east = text.front() == '+';
  if (!east && text.front() != '-') {
    return std::nullopt;
  }
  text.remove_prefix(1);
  if (!take_number(text, 2, hour)) {
    return std::nullopt;
  }
  take(text, ':');
  if (!take_number(text, 2, minute) || !text.empty()) {
    return std::nullopt;
  }
  const Time offset = hour * kHour + minute * kMinute;
  return east ? time - offset : time + offset;
}

}  // namespace doorward::fleet
