#include "plugins/sources/authlog/stamp.h"

#include <algorithm>
#include <cstring>

#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

constexpr std::int64_t kDayS = 86'400;
constexpr TimeUs kDayUs = kDayS * kSecondUs;
/// A leap day comes back after at most eight years (1896 to 1904).
constexpr int kLeapGapYears = 8;

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years count from March so that the
/// leap day is the last of its year.
std::int64_t days_since_1970(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

int year_of_days(std::int64_t days) {
  auto year = static_cast<int>(1970 + days / 365);
  while (days_since_1970(year, 1, 1) > days) --year;
  while (days_since_1970(year + 1, 1, 1) <= days) ++year;
  return year;
}

/// Two digits at `at` as a number, or a negative one.
int two_digits(std::string_view line, std::size_t at) {
  const auto tens = static_cast<unsigned>(line[at]) - '0';
  const auto ones = static_cast<unsigned>(line[at + 1]) - '0';
  if (tens > 9 || ones > 9) return -1;
  return static_cast<int>(tens * 10 + ones);
}

/// "Jan" is 1; 0 when the three letters name no month.
int month_of(std::string_view line, std::size_t at) {
  const auto code = [](char a, char b, char c) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(a)) << 16 |
           static_cast<std::uint32_t>(static_cast<unsigned char>(b)) << 8 |
           static_cast<std::uint32_t>(static_cast<unsigned char>(c));
  };
  switch (code(line[at], line[at + 1], line[at + 2])) {
    case code('J', 'a', 'n'):
      return 1;
    case code('F', 'e', 'b'):
      return 2;
    case code('M', 'a', 'r'):
      return 3;
    case code('A', 'p', 'r'):
      return 4;
    case code('M', 'a', 'y'):
      return 5;
    case code('J', 'u', 'n'):
      return 6;
    case code('J', 'u', 'l'):
      return 7;
    case code('A', 'u', 'g'):
      return 8;
    case code('S', 'e', 'p'):
      return 9;
    case code('O', 'c', 't'):
      return 10;
    case code('N', 'o', 'v'):
      return 11;
    case code('D', 'e', 'c'):
      return 12;
    default:
      return 0;
  }
}

/// "<PRI>" is one to three digits; gives its length, 0 when there is none.
std::size_t priority_length(std::string_view line) {
  if (line.empty() || line[0] != '<') return 0;
  for (std::size_t at = 1; at < line.size() && at <= 4; ++at) {
    if (line[at] == '>') return at > 1 ? at + 1 : 0;
    if (!is_digit(line[at])) return 0;
  }
  return 0;
}

}  // namespace

Stamp StampReader::read(std::string_view line, InputState& input) {
  std::size_t at = priority_length(line);
  if (at > 0 && line.substr(at, 2) == "1 ") at += 2;
  // The shortest stamp there is: "Feb 9 21:19:40".
  if (line.size() < at + 14) return {};
  TimeUs time = kNoTime;
  const bool found =
      is_digit(line[at]) ? read_iso(line, at, time) : read_bsd(line, at, input, time);
  if (!found) return {};
  return {time, static_cast<std::uint32_t>(at)};
}

bool StampReader::read_clock(std::string_view line, std::size_t& at, Clock& clock) {
  if (line.size() < at + 8 || line[at + 2] != ':' || line[at + 5] != ':') return false;
  clock.hour = two_digits(line, at);
  clock.minute = two_digits(line, at + 3);
  if (clock.hour < 0 || clock.hour > 23 || clock.minute < 0 || clock.minute > 59) return false;
  at += 6;
  return read_second(line, at, clock);
}

bool StampReader::read_second(std::string_view line, std::size_t& at, Clock& clock) {
  if (line.size() < at + 2) return false;
  clock.second = two_digits(line, at);
  clock.micros = 0;
  if (clock.second < 0 || clock.second > 60) return false;
  at += 2;
  if (at < line.size() && (line[at] == '.' || line[at] == ',')) {
    const std::size_t start = ++at;
    std::int64_t nanos = 0;
    for (; at < line.size() && is_digit(line[at]); ++at) {
      if (at - start == 9) return false;
      nanos = nanos * 10 + (line[at] - '0');
    }
    if (at == start) return false;
    constexpr std::int64_t kUnits[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                       10000,      1000,      100,      10,      1};
    clock.micros = static_cast<int>(nanos * kUnits[at - start] / 1000);
  }
  return true;
}

bool StampReader::read_iso(std::string_view line, std::size_t& at, TimeUs& time) {
  if (line.size() < at + 19) return false;
  Clock clock{};
  std::int64_t local_s = 0;
  const std::string_view minute = line.substr(at, minute_text_.size());
  if (std::memcmp(minute.data(), minute_text_.data(), minute_text_.size()) == 0) {
    // Of the minute of the line before: what it says was looked at then.
    at += minute_text_.size();
    if (!read_second(line, at, clock)) return false;
    local_s = minute_s_ + clock.second;
  } else {
    if (!read_date_and_clock(line, at, clock, local_s)) return false;
    std::copy(minute.begin(), minute.end(), minute_text_.begin());
    minute_s_ = local_s - clock.second;
  }

  if (at == line.size() || line[at] == ' ') {
    time = in_zone(local_s, clock);
    return true;
  }
  std::int64_t offset_s = 0;
  if (!read_offset(line, at, offset_s)) return false;
  time = (local_s - offset_s) * kSecondUs + clock.micros;
  return true;
}

bool StampReader::read_date_and_clock(std::string_view line, std::size_t& at, Clock& clock,
                                      std::int64_t& local_s) {
  if (line[at + 4] != '-' || line[at + 7] != '-') return false;
  const char between = line[at + 10];
  if (between != 'T' && between != ' ' && between != 't') return false;
  const int century = two_digits(line, at);
  const int years = two_digits(line, at + 2);
  const Date date{century * 100 + years, two_digits(line, at + 5), two_digits(line, at + 8)};
  if (century < 0 || years < 0 || date.month < 1 || date.month > 12 || date.day < 1 ||
      date.day > days_in_month(date.year, date.month)) {
    return false;
  }
  at += 11;
  if (!read_clock(line, at, clock)) return false;
  local_s = local_seconds(date, clock);
  return true;
}

bool StampReader::read_offset(std::string_view line, std::size_t& at, std::int64_t& offset_s) {
  offset_s = 0;
  if (line[at] == 'Z' || line[at] == 'z') {
    ++at;
  } else if (line[at] == '+' || line[at] == '-') {
    const bool west = line[at++] == '-';
    if (line.size() < at + 2) return false;
    const int hours = two_digits(line, at);
    at += 2;
    int minutes = 0;
    if (at < line.size() && line[at] == ':') {
      ++at;
      if (line.size() < at + 2) return false;
      minutes = two_digits(line, at);
      at += 2;
    } else if (at + 1 < line.size() && is_digit(line[at])) {
      minutes = two_digits(line, at);
      at += 2;
    }
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    offset_s = hours * 3600 + minutes * 60;
    if (west) offset_s = -offset_s;
  } else {
    return false;
  }
  return at == line.size() || line[at] == ' ';
}

bool StampReader::read_bsd(std::string_view line, std::size_t& at, InputState& input,
                           TimeUs& time) {
  Date date{0, month_of(line, at), 0};
  if (date.month == 0 || line[at + 3] != ' ') return false;
  at += 4;
  if (line[at] == ' ') ++at;
  if (!is_digit(line[at])) return false;
  date.day = line[at++] - '0';
  if (is_digit(line[at])) date.day = date.day * 10 + (line[at++] - '0');
  if (line[at] != ' ') return false;
  ++at;
  bool year_known = false;
  if (line.size() > at + 5 && line[at + 4] == ' ' && line[at + 2] != ':') {
    const int century = two_digits(line, at);
    const int years = two_digits(line, at + 2);
    if (century < 0 || years < 0) return false;
    date.year = century * 100 + years;
    year_known = true;
    at += 5;
  }
  Clock clock;
  if (!read_clock(line, at, clock)) return false;
  if (at < line.size() && line[at] != ' ') return false;
  if (date.day < 1 || date.day > days_in_month(2000, date.month)) return false;
  if (year_known ? date.day > days_in_month(date.year, date.month)
                 : !infer_year(date, clock, input)) {
    return false;
  }
  time = in_zone(local_seconds(date, clock), clock);
  return true;
}

bool StampReader::infer_year(Date& date, const Clock& clock, InputState& input) {
  if (input.last_month == 0) {
    if (!first_year(date, clock, input)) return false;
  } else {
    const bool late_december = date.month == 12 && date.day >= 25;
    const bool early_january = input.last_month == 1 && input.last_day <= 7;
    if (late_december && early_january) {
      date.year = input.year - 1;
      return true;
    }
    date.year = input.year;
    if (input.last_month - date.month > kMonthsBackMax) ++date.year;
    if (date.day > days_in_month(date.year, date.month)) return false;
    const bool newer = date.year > input.year || date.month > input.last_month ||
                       (date.month == input.last_month && date.day > input.last_day);
    if (!newer) return true;
  }
  input.year = date.year;
  input.last_month = date.month;
  input.last_day = date.day;
  return true;
}

bool StampReader::first_year(Date& date, const Clock& clock, const InputState& input) {
  date.year = input.year;
  const bool from_end = input.year_is_of_end && input.end_time != kNoTime;
  if (from_end) {
    // A year more than the end's, for zones ahead of UTC and the day of grace.
    date.year = year_of_days(input.end_time / kDayUs) + 1;
  }
  const int oldest = input.year_is_of_end ? date.year - kLeapGapYears - 1 : date.year;
  for (; date.year >= oldest; --date.year) {
    if (date.day > days_in_month(date.year, date.month)) continue;
    if (!from_end || in_zone(local_seconds(date, clock), clock) <= input.end_time + kDayUs)
      return true;
  }
  return false;
}

std::int64_t StampReader::local_seconds(const Date& date, const Clock& clock) {
  if (date != cached_date_) {
    cached_date_ = date;
    cached_days_ = days_since_1970(date.year, date.month, date.day);
  }
  return cached_days_ * kDayS + std::int64_t{clock.hour} * 3600 + std::int64_t{clock.minute} * 60 +
         clock.second;
}

TimeUs StampReader::in_zone(std::int64_t local_s, const Clock& clock) {
  return (local_s - zone_.offset_at_local(local_s)) * kSecondUs + clock.micros;
}

}  // namespace doorward::authlog
