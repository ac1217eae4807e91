// Programs that tell one success in two lines, their own and PAM's, in either order.
#pragma once

#include "plugins/sources/authlog/messages.h"

namespace doorward::authlog {

/// Kinds of line that tell a success, as bits of Attempt::kinds.
enum class SuccessLine : std::uint8_t { own = 1, pam_session = 2 };

/// Emits `event` unless the attempt of `key` was told by the other kind of line less than
/// kAttemptTimeMaxUs ago. A second line of the same kind is a second success (a pid that is used
/// again, or a log without pids).
void tell_success(const Record& record, std::uint64_t key, SuccessLine kind, Event& event,
                  Desk& desk);

/// Holds a failure that PAM told, for the program's own line to tell better. It goes out by itself
/// when none follows, or when pam_unix, which every attempt passes once, tells of the next one.
void hold_pam_failure(const Record& record, std::uint64_t key, std::string_view module,
                      Event& event, Desk& desk);

/// Drops what PAM told of a failure: the process' own line has come, or another module of the stack
/// let the user in.
void drop_pam_failure(std::uint64_t key, Desk& desk);

}  // namespace doorward::authlog
