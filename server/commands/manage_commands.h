// The commands that manage a fleet. Each makes one request of the API and shows its answer; so the
// command line can do what the API can, under the same roles, checks and audit trail.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace doorward {

using Run = std::function<int()>;  // commands.h

/// token, agents, groups, policy, baseline, alerts, api-token, audit, key, backup, restore, status.
/// Exit status of each: 0 done, 1 usage or refused, 2 the server cannot be reached (or a file
/// not be read or written).
void add_manage_commands(CLI::App& app, Run& run);

// A file each.
void add_fit_command(CLI::App& baseline, Run& run);  ///< baseline fit
void add_agents_commands(CLI::App& app, Run& run);   ///< agents, groups, token
void add_policy_commands(CLI::App& app, Run& run);   ///< policy, baseline
void add_alerts_commands(CLI::App& app, Run& run);   ///< alerts
void add_access_commands(CLI::App& app, Run& run);   ///< api-token, audit, key
void add_upkeep_commands(CLI::App& app, Run& run);   ///< backup, restore, status

}  // namespace doorward
