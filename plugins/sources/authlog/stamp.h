// Time stamps of syslog lines: RFC 3164, ISO 8601 / RFC 3339, RFC 5424.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plugins/sources/source.h"

namespace doorward::authlog {

/// Reads the stamp in front of each line of a file, in order. Not thread-safe (it caches the day
/// and the zone's offset).
///
/// Forms, each optionally behind "<PRI>":
///   Feb  9 21:19:40 | Feb 09 21:19:40 | Feb  9 21:19:40.123 | Feb  9 2026 21:19:40
///   2026-02-09T21:19:40 with T or a space, a fraction of 1 to 9 digits, and Z, +hh:mm, +hhmm, +hh
///   or nothing (the zone of the options) <86>1 2026-02-09T21:19:40Z      (RFC 5424; the version is
///   part of the stamp)
/// A date that does not exist (Feb 30, Feb 29 of a common year, 24:00) is no stamp. A second of 60
/// is the first of the next minute.
///
/// The year of a stamp that bears none:
/// * The first one of a file takes InputState::year; with year_is_of_end, the latest year in which
/// it
///   is not later than end_time plus a day (and in which Feb 29 exists). So a file that ends in
///   January and begins in December begins in the year before. A file that spans more than a year
///   needs the year of its first line.
/// * Later ones keep the year of the newest stamp so far. When the month falls back by more than
///   kMonthsBackMax, a new year has begun. Smaller falls are disorder.
/// * In the first days of January, a stamp of the last days of December belongs to the year before
///   and does not move the newest stamp.
/// * A stamp whose date does not exist in its year leaves the state as it was.
class StampReader {
 public:
  explicit StampReader(TimeZone zone) : zone_(zone) {}

  Stamp read(std::string_view line, InputState& input);

  /// Falls of more months than this begin a new year.
  static constexpr int kMonthsBackMax = 3;

 private:
  struct Clock {
    int hour, minute, second, micros;
  };
  struct Date {
    int year, month, day;
    friend bool operator==(const Date&, const Date&) = default;
  };

  bool read_iso(std::string_view line, std::size_t& at, TimeUs& time);
  bool read_bsd(std::string_view line, std::size_t& at, InputState& input, TimeUs& time);
  bool infer_year(Date& date, const Clock& clock, InputState& input);
  bool first_year(Date& date, const Clock& clock, const InputState& input);
  std::int64_t local_seconds(const Date& date, const Clock& clock);
  TimeUs in_zone(std::int64_t local_s, const Clock& clock);

  bool read_date_and_clock(std::string_view line, std::size_t& at, Clock& clock,
                           std::int64_t& local_s);
  static bool read_clock(std::string_view line, std::size_t& at, Clock& clock);
  static bool read_second(std::string_view line, std::size_t& at, Clock& clock);
  static bool read_offset(std::string_view line, std::size_t& at, std::int64_t& offset_s);

  TimeZone zone_;
  Date cached_date_{1970, 1, 1};
  std::int64_t cached_days_ = 0;
  /// "2026-02-09T21:19:" of the last stamp of that form, and where its minute begins in local time.
  std::array<char, 17> minute_text_{};
  std::int64_t minute_s_ = 0;
};

}  // namespace doorward::authlog
