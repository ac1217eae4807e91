// Times as people and documents write them (RFC 3339), at the edges only.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/event.h"

namespace doorward {

/// "2026-11-20", "2026-11-20T08:15", "2026-11-20 08:15:00.123456+01:00", with Z or an offset; none
/// is UTC. nullopt for anything else, impossible dates included.
std::optional<TimeUs> parse_time(std::string_view text);

/// "2026-11-20T08:15:00.123456Z"; "" for kNoTime. Years 0000 to 9999.
std::string format_time(TimeUs time);

/// "90s", "15m", "24h", "7d" in microseconds; nullopt for anything else or more than 3,650 days.
std::optional<std::int64_t> parse_duration(std::string_view text);

}  // namespace doorward
