// What the messages of each program tell. One function a program, one file a function.
#pragma once

#include "plugins/sources/authlog/attempts.h"
#include "plugins/sources/authlog/emitter.h"
#include "plugins/sources/authlog/record.h"

namespace doorward::authlog {

/// What a record was to its reader.
enum class Reading : std::uint8_t {
  used,       ///< told an outcome, or a detail of an attempt
  other,      ///< well formed, not about an attempt
  malformed,  ///< an attempt by its first words, but not readable to the end
};

/// Where readers keep what they know and put what is certain.
struct Desk {
  AttemptTable& attempts;
  Emitter& out;
};

Reading read_sshd(const Record& record, Desk& desk);
Reading read_sudo(const Record& record, Desk& desk);
Reading read_su(const Record& record, Desk& desk);
Reading read_login(const Record& record, Desk& desk);
Reading read_gdm(const Record& record, Desk& desk);

}  // namespace doorward::authlog
