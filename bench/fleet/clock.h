// Time as the fleet tools use it: microseconds since 1970-01-01 UTC, and RFC 3339 text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace doorward::fleet {

using Time = std::int64_t;

inline constexpr Time kSecond = 1'000'000;
inline constexpr Time kMinute = 60 * kSecond;
inline constexpr Time kHour = 60 * kMinute;
inline constexpr Time kDay = 24 * kHour;

// 0 is Monday, 6 is Sunday.
int weekday(Time time);

// Appends 2026-01-05T08:30:00.000001+00:00 to out.
void append_stamp(std::string& out, Time time);
std::string stamp(Time time);

// Reads YYYY-MM-DD, alone or followed by T (or a space), HH:MM:SS, a fraction and Z or an offset.
// Text after a complete stamp is not accepted.
std::optional<Time> parse_stamp(std::string_view text);

}  // namespace doorward::fleet
