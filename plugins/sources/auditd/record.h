// One logon record of audit.log, taken apart. Knows the forms of the record, not what they mean.
//
// What can be trusted, and how it is found. The kernel writes the part before msg=' and, when
// auditd enriches, auditd writes the part after byte 0x1d; both are read by their fixed place.
// Between them is text of the program (libaudit), in which three values come from outside:
//   acct=      libaudit writes it in quotes only when it has no quote, space, control or non-ASCII
//              byte; otherwise as hex. So the first quote after acct=" ends it, and an account name
//              can neither close the value early nor hold a space. Reading from the left up to exe=
//              is safe.
//   hostname=  written as it is. It stands before addr=, terminal= and res=, so these are looked
//   for
//              from the right: what a host name pretends to say is further left and never seen.
//   old forms  ("PAM: ... acct=NAME : exe=", RHEL 4 and 5) write the name as it is, with or without
//              quotes. There the name ends at the last `: exe=`, and all else is read right of it.
// Anybody with CAP_AUDIT_WRITE can write such records; that is the limit of what they prove.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plugins/limits.h"
#include "plugins/sources/auditd/names.h"
#include "plugins/sources/auditd/stamp.h"

namespace doorward::auditd {

/// The program that wrote the record, by the last part of exe=.
enum class Program : std::uint8_t { none, sshd, sudo, su, login, gdm };

struct Record {
  RecordType type = RecordType::other;
  Program program = Program::none;
  TimeUs time = kNoTime;
  std::uint32_t serial = 0;
  std::uint32_t pid = 0;
  std::uint32_t uid = kNoUid;
  std::uint32_t auid = kNoUid;  ///< LOGIN: the new one
  std::uint32_t ses = kNoUid;
  std::uint32_t id = kNoUid;  ///< id= of USER_LOGIN
  std::uint16_t rport = 0;
  bool success = false;       ///< res=
  bool of_pam = false;        ///< op=PAM:..., not the program's own word
  bool invalid_user = false;  ///< acct is the program's word for a name that is no account, or one
                              ///< that may not log on: sshd has the same word for both
  bool name_cut = false;      ///< acct was longer than kHeldFieldBytesMax
  std::string_view line;
  std::string_view node;      ///< node=; empty without one
  std::string_view op;        ///< without "PAM:"
  std::string_view acct;      ///< decoded bytes; empty when it names nobody ("?", "(unknown)", ...)
  std::string_view hostname;  ///< empty for "?"
  std::string_view addr;      ///< empty for "?"
  std::string_view fingerprint;  ///< fp=
  std::string_view grantors;     ///< which PAM modules agreed
  std::string_view uid_name;     ///< UID="..." of enriched records; empty when it is no name
  std::string_view auid_name;    ///< AUID="..."
  std::string_view id_name;      ///< ID="..."
};

enum class Parse : std::uint8_t { ok, other, malformed };

/// Room for a decoded name, owned by the source.
using NameBuffer = std::array<char, kHeldFieldBytesMax>;

/// Takes `line` apart; its head has already been read: `type`, and `stamp` as read_stamp() gave it.
/// `other`: a record of a program that logs nobody on. The record's views point into `line` and
/// `names`.
Parse parse_record(std::string_view line, RecordType type, const Stamp& stamp, NameBuffer& names,
                   Record& record);

}  // namespace doorward::auditd
