// Runs a real program as a user would and keeps what it said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/files.h"

namespace doorward {

struct Ran {
  int status = -1;  ///< exit status, or -1 when a signal ended it
  std::string out;
  std::string err;
  long peak_kib = 0;  ///< largest resident set
};

/// Runs `program arguments...` with standard input from a file (empty: /dev/null).
Ran run(const std::string& program, const std::vector<std::string>& arguments,
        const std::string& input = {});

/// Replays the demo's log, quiet before its last weeks, with `more` arguments.
Ran replay_demo(const std::vector<std::string>& more);

}  // namespace doorward
