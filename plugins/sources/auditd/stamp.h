// The head of an audit record: its type, and audit(SECONDS.MILLIS:SERIAL). Runs for every line of
// audit.log, so that the many records that tell of no logon cost a few nanoseconds each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plugins/sources/source.h"

namespace doorward::auditd {

/// The records that tell of logons; everything else is `other`.
enum class RecordType : std::uint8_t {
  other,
  user_auth,   ///< PAM authentication; RHEL's sshd: what it says of each method
  user_acct,   ///< PAM account check
  cred_acq,    ///< credentials set: after authentication, before the session
  cred_refr,   ///< the same for processes that already had some
  cred_disp,   ///< credentials dropped: the process ends
  user_start,  ///< session opened
  user_end,    ///< session closed
  user_login,  ///< the program's own word on a logon
  user_logout,
  user_cmd,  ///< sudo: the command
  user_err,  ///< PAM handle closed without any use
  login,     ///< kernel: the login uid was set
};

/// Time of "audit(SECONDS.MILLIS:SERIAL)" in the line's head; Stamp::length is the offset of what
/// follows "): ". No time when the head is anything else. Never looks further than the first '('.
Stamp read_stamp(std::string_view line);

/// The serial of a line for which read_stamp() gave `length`; 0 when it is not there.
std::uint32_t read_serial(std::string_view line, std::size_t length);

/// Offset of what follows "type="; npos when the line does not begin with it, or with "node=NAME
/// type=".
inline std::size_t type_offset(std::string_view line) {
  constexpr std::string_view kType = "type=";
  if (line.starts_with(kType)) return kType.size();
  constexpr std::string_view kNode = "node=";
  if (!line.starts_with(kNode)) return std::string_view::npos;
  const std::size_t space = line.find(' ', kNode.size());
  if (space == std::string_view::npos) return space;
  if (!line.substr(space + 1).starts_with(kType)) return std::string_view::npos;
  return space + 1 + kType.size();
}

/// Whether the type at `offset` begins as one of ours does. Right for all of ours, wrong for a few
/// others; read_type() decides. Cheap: one load, three comparisons.
inline bool may_be_logon(std::string_view line, std::size_t offset) {
  if (line.size() < offset + 6) return false;
  char head[4];
  std::memcpy(head, line.data() + offset, sizeof head);
  return std::memcmp(head, "USER", 4) == 0 || std::memcmp(head, "CRED", 4) == 0 ||
         std::memcmp(head, "LOGI", 4) == 0;
}

/// The type at `offset`.
RecordType read_type(std::string_view line, std::size_t offset);

}  // namespace doorward::auditd
