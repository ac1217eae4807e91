// The zone of time stamps that name none.
#pragma once

#include <cstdint>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

/// A fixed offset from UTC or an IANA zone by name. A value; copies are cheap. Offsets of IANA
/// zones are looked up through the C library once an hour of local time and cached in the object.
class TimeZone {
 public:
  TimeZone() = default;  ///< UTC

  /// "UTC", "Z", "+02:00", "-0330", "local" (this machine's zone) or an IANA name such as
  /// "Europe/Berlin". At most one IANA zone (or "local") may be in use in a process, because the C
  /// library has one. Errors: unknown zone, malformed or out-of-range offset.
  static Result<TimeZone> parse(std::string_view text);

  /// Seconds east of UTC at a local wall-clock time (seconds since 1970-01-01T00:00 local). In the
  /// hour that a clock change repeats, the first pass is taken; in one that it skips, the offset
  /// before the change.
  [[nodiscard]] std::int32_t offset_at_local(std::int64_t local_s);

  /// Seconds east of UTC at an instant, for showing times.
  [[nodiscard]] std::int32_t offset_at_utc(std::int64_t utc_s) const;

 private:
  bool by_name_ = false;
  std::int32_t fixed_s_ = 0;
  std::int64_t cached_hour_ = INT64_MIN;
  std::int32_t cached_offset_s_ = 0;
};

}  // namespace doorward
