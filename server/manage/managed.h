// Changes that people ask for, as pure functions: what is known and what is wanted in, entries of
// the log out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/ordered_log.h"
#include "sketch/result.h"

namespace doorward {

/// What became of a change that was asked for: entries to append, or why not.
struct Managed {
  /// 0: it may be done. Else why not, as HTTP says it: 404 there is no such thing, 409 it does not
  /// go with how things are now, 422 what is wanted makes no sense, 503 not now.
  unsigned refused = 0;
  Error why;
  /// Empty: nothing has to change (what is wanted is so already).
  std::vector<LogEntry> entries;
  std::string target;  ///< what was changed, for the audit trail; set when refused, too
  std::string detail;  ///< how
  std::string answer;  ///< JSON object for whoever asked; empty: {}

  static Managed no(unsigned status, std::string where, std::string what) {
    Managed out;
    out.refused = status;
    out.why = {std::move(where), std::move(what)};
    return out;
  }
};

/// Whoever asks, as entries name them, and when.
struct Asker {
  std::string name;
  TimeUs now = 0;
};

/// 1 to kNameBytesMax of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit: names that
/// are safe in paths, terminals and folders. API tokens have no '_' (`dwa_NAME_SECRET`).
bool good_name(std::string_view name, bool underscore = true);

/// For messages.
inline constexpr const char* kNameRule =
    "expected 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";
inline constexpr const char* kApiNameRule =
    "expected 1 to 64 of a-z, 0-9, '.' and '-', beginning with a letter or digit";

}  // namespace doorward
