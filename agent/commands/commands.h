// The commands of doorward-agent, one file each. Each adds its sub-command; running it gives the
// exit status of design.md 6.1.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace doorward {

/// Runs the command that was chosen.
using Run = std::function<int()>;

/// Each sets `run` when its sub-command is chosen.
void add_run(CLI::App& app, Run& run);
void add_status(CLI::App& app, Run& run);
void add_enroll(CLI::App& app, Run& run);
void add_normalize(CLI::App& app, Run& run);
void add_replay(CLI::App& app, Run& run);
void add_explain(CLI::App& app, Run& run);
void add_rules(CLI::App& app, Run& run);
void add_baseline(CLI::App& app, Run& run);
void add_check(CLI::App& app, Run& run);
void add_audit_relay(CLI::App& app, Run& run);

}  // namespace doorward
