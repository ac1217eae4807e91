// The commands of doorward-server, one file each. Each adds its sub-command; running it gives the
// exit status: 0 done, 1 usage or configuration, 2 something could not be read, written or reached.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "sketch/result.h"

namespace doorward {

inline constexpr int kServerExitDone = 0;
inline constexpr int kServerExitUsage = 1;
inline constexpr int kServerExitFailed = 2;

/// Runs the command that was chosen.
using Run = std::function<int()>;

/// Each sets `run` when its sub-command is chosen.
void add_init(CLI::App& app, Run& run);
void add_run(CLI::App& app, Run& run);
void add_check(CLI::App& app, Run& run);

/// Prints "doorward-server: error: where: what" for each, on stderr, as printable text.
void print_server_errors(const std::vector<Error>& errors);

}  // namespace doorward
