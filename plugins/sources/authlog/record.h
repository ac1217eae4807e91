// A syslog line taken apart: who wrote it, and what.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/event.h"

namespace doorward::authlog {

/// The programs whose messages tell of logons.
enum class Program : std::uint8_t { other, sshd, sudo, su, login, gdm, logind };

/// One message with where it came from. Views into the line, or into the copy of an earlier line
/// that a "last message repeated" line speaks of.
struct Record {
  TimeUs time = kNoTime;
  std::string_view line;     ///< the whole line, for event.original
  std::string_view host;     ///< may be empty
  std::string_view tag;      ///< name of the program as written, without pid
  std::string_view message;  ///< without the space that follows the tag's colon
  std::uint32_t pid = 0;     ///< 0: not told
  std::uint32_t times = 1;   ///< how often the message was repeated
  bool repeated = false;     ///< told by a "repeated N times" line
  Program program = Program::other;
};

/// The program that a syslog tag names.
Program program_of(std::string_view tag);

/// Takes apart what follows the stamp of `line`. `after_stamp` is the stamp's length. Gives false
/// when there is no head of a syslog line. A line without a tag (as "last message repeated 3 times"
/// of BSD) has an empty tag and the rest as its message.
bool read_record(std::string_view line, std::size_t after_stamp, Record& record);

}  // namespace doorward::authlog
