// "message repeated N times: [ ... ]" of rsyslog and "last message repeated N times" of syslogd.
#pragma once

#include <optional>
#include <string_view>

#include "plugins/sources/authlog/record.h"

namespace doorward::authlog {

/// N of "last message repeated N times"; nullopt for any other message.
std::optional<std::uint32_t> read_repeat_notice(std::string_view message);

/// Takes the frame off "message repeated N times: [ MESSAGE]": the record becomes MESSAGE, N times.
/// False, and the record as it was, for any other message. MESSAGE is not looked at for a frame
/// again.
bool take_repeat_frame(Record& record);

}  // namespace doorward::authlog
