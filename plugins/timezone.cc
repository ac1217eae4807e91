#include "plugins/timezone.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>

namespace doorward {
namespace {

constexpr std::int64_t kDayS = 86'400;
/// Clock changes of 30 minutes exist (Lord Howe Island), so the hour is cached in quarters: a
/// quarter of an hour of local time has one offset in every zone since 1972.
constexpr std::int64_t kQuarterS = 900;
/// UTC-12:00 to UTC+14:00 are in use; RFC 3339 allows up to 23:59.
constexpr int kOffsetHoursMax = 23;

constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";

/// The named zone that the C library was set to; "" before the first. It has only one.
std::mutex zone_in_use_mutex;
std::string& zone_in_use() {
  static std::string name;
  return name;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "+hh:mm", "+hhmm" or "+hh" in seconds; nullopt when malformed or out of range.
std::optional<std::int32_t> read_offset(std::string_view text) {
  if (text.size() == 6 && text[3] == ':') {
    if (!is_digit(text[4]) || !is_digit(text[5])) return std::nullopt;
  } else if (text.size() != 5 && text.size() != 3) {
    return std::nullopt;
  }
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  for (const char c : text.substr(1)) {
    if (!is_digit(c) && c != ':') return std::nullopt;
  }
  if (!is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
  const int hours = (text[1] - '0') * 10 + (text[2] - '0');
  int minutes = 0;
  if (text.size() > 3) {
    const std::string_view digits = text.substr(text.size() - 2);
    if (!is_digit(digits[0]) || !is_digit(digits[1])) return std::nullopt;
    minutes = (digits[0] - '0') * 10 + (digits[1] - '0');
  }
  if (hours > kOffsetHoursMax || minutes > 59) return std::nullopt;
  const std::int32_t seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

/// An error that begins with the text in quotes.
Error error_about(std::string_view text, std::string_view what) {
  Error error;
  error.what.append(1, '"').append(text).append("\" ").append(what);
  return error;
}

/// True when `name` is a compiled zone of the system's database. Never leaves its folder.
bool zone_exists(const std::string& name) {
  for (const char c : name) {
    const bool allowed = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         c == '/' || c == '_' || c == '-' || c == '+';
    if (!allowed) return false;
  }
  if (name.empty() || name.front() == '/' || name.size() > 64) return false;
  const char* folder = std::getenv("TZDIR");
  const std::string root =
      folder != nullptr && *folder != '\0' ? std::string(folder) + "/" : kZoneFolder;
  std::ifstream file(root + name, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, 4) && std::string_view(magic, 4) == "TZif";
}

std::int32_t offset_of_library(std::int64_t utc_s) {
  const auto instant = static_cast<std::time_t>(utc_s);
  std::tm broken_down{};
  if (localtime_r(&instant, &broken_down) == nullptr) return 0;  // a year beyond 2^31
  return static_cast<std::int32_t>(broken_down.tm_gmtoff);
}

}  // namespace

Result<TimeZone> TimeZone::parse(std::string_view text) {
  TimeZone zone;
  if (text == "UTC" || text == "Z" || text == "GMT") return zone;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    const std::optional<std::int32_t> offset = read_offset(text);
    if (!offset) {
      return error_about(text, "is not an offset from UTC: expected +hh:mm up to 23:59");
    }
    zone.fixed_s_ = *offset;
    return zone;
  }
  const std::string name(text);
  if (name != "local" && !zone_exists(name)) {
    return error_about(
        text, "is not a time zone: expected UTC, local, +hh:mm or a name such as Europe/Berlin");
  }
  const std::lock_guard lock(zone_in_use_mutex);
  std::string& in_use = zone_in_use();
  if (!in_use.empty() && in_use != name) {
    return error_about(text, "cannot be used beside \"" + in_use +
                                 "\": a process has one named time zone at a time");
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): under the lock, only ever to one value
  if (name != "local") setenv("TZ", std::string(1, ':').append(name).c_str(), 1);
  tzset();
  in_use = name;
  zone.by_name_ = true;
  return zone;
}

std::int32_t TimeZone::offset_at_local(std::int64_t local_s) {
  if (!by_name_) return fixed_s_;
  const std::int64_t quarter =
      local_s >= 0 ? local_s / kQuarterS : (local_s - (kQuarterS - 1)) / kQuarterS;
  if (quarter == cached_hour_) return cached_offset_s_;
  // No zone changes its clock twice in two days. An offset is right when it leads to an instant
  // that has it. In the repeated hour both are and the earlier one is taken; in the skipped one
  // neither.
  const std::int32_t before = offset_of_library(local_s - kDayS);
  const std::int32_t after = offset_of_library(local_s + kDayS);
  std::int32_t offset = before;
  if (before != after && offset_of_library(local_s - before) != before &&
      offset_of_library(local_s - after) == after) {
    offset = after;
  }
  cached_hour_ = quarter;
  cached_offset_s_ = offset;
  return offset;
}

std::int32_t TimeZone::offset_at_utc(std::int64_t utc_s) const {
  return by_name_ ? offset_of_library(utc_s) : fixed_s_;
}

}  // namespace doorward
