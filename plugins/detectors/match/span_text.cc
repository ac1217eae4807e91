#include "plugins/detectors/match/span_text.h"

namespace doorward {
namespace {

std::string two(std::int64_t large, const char* large_unit, std::int64_t small,
                const char* small_unit) {
  std::string out = std::to_string(large) + large_unit;
  if (small != 0) out += " " + std::to_string(small) + small_unit;
  return out;
}

}  // namespace

std::string span_text(TimeUs span) {
  const std::int64_t seconds = span / kSecondUs;
  if (seconds < 60) return std::to_string(seconds) + " s";
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) return std::to_string(minutes) + " min";
  const std::int64_t hours = minutes / 60;
  if (hours < 48) return two(hours, " h", minutes % 60, " min");
  return two(hours / 24, " d", hours % 24, " h");
}

}  // namespace doorward
