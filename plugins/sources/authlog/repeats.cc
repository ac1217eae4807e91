#include "plugins/sources/authlog/repeats.h"

#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {

std::optional<std::uint32_t> read_repeat_notice(std::string_view message) {
  take(message, "--- ");
  if (!take(message, "last message repeated ")) return std::nullopt;
  const std::optional<std::uint32_t> times = take_number(message);
  if (!take(message, " time")) return std::nullopt;
  return times;
}

bool take_repeat_frame(Record& record) {
  std::string_view text = record.message;
  if (!take(text, "message repeated ")) return false;
  const std::optional<std::uint32_t> times = take_number(text);
  if (!times || !take(text, " times: [") || !take_end(text, "]")) return false;
  take(text, " ");
  record.message = text;
  record.times = *times;
  record.repeated = true;
  return true;
}

}  // namespace doorward::authlog
