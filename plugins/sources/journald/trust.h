// Whether an entry of the journal was written by the logon program that it names.
//
// SYSLOG_IDENTIFIER and MESSAGE are the sender's word: logger(1) writes any. Fields that begin with
// an underscore are journald's own, from the socket's credentials and /proc/PID:
//
//   _TRANSPORT       how the entry came. Logon programs use syslog(3). An entry of a standard
//   output
//                    ("stdout") bears the fields of whom the stream was opened for, whoever writes:
//                    systemd-cat -t su su bob -c 'echo Successful su for root by alice'
//   _UID             real uid of the sender: 0 for sshd, login and gdm. sudo and su log with that
//   of
//                    the user who called them.
//   _COMM, _EXE      name and file of the program. Whoever runs su without its set-user-id bit
//   being
//                    obeyed (no_new_privs, ptrace) may change what it does, and it is still su's
//                    file; but then it has no privileges:
//   _CAP_EFFECTIVE   the sender's capabilities. In a user namespace of one's own one has them all,
//                    so where unprivileged users may make these, sudo's and su's entries can be
//                    forged by a user who takes the trouble. sshd's, login's and gdm's cannot.
//
// A sender that ended before journald looked lacks _EXE (as sudo's last message sometimes does),
// and a moment later all of /proc. The first is let pass where the other fields are right.
#pragma once

#include <string_view>

#include "plugins/sources/authlog/record.h"

namespace doorward::journald {

/// Journald's own fields of an entry; empty where the entry has none.
struct TrustedFields {
  std::string_view transport;
  std::string_view uid;
  std::string_view command;       ///< _COMM
  std::string_view executable;    ///< _EXE
  std::string_view capabilities;  ///< _CAP_EFFECTIVE, hexadecimal
};

enum class Trust : std::uint8_t {
  own,          ///< written by the program, with its privileges
  without_uid,  ///< by a part of it that runs as the user who logged on: tells no outcome
  none,         ///< by another program, or nobody can tell
};

/// Whether `fields` are those of an entry that `program` wrote.
Trust trust_of(authlog::Program program, const TrustedFields& fields);

}  // namespace doorward::journald
