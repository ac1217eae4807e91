// The baseline within an agent's state file: what the baseline commands do with it.
#pragma once

#include <string>

#include "sketch/baseline.h"

namespace doorward {

/// Where a running agent keeps its state.
inline constexpr const char* kStateFolder = "/var/lib/doorward";

/// The state file of what was typed: a file, a folder that has one, or nothing for kStateFolder.
std::string state_path(const std::string& typed);

/// The key of --key; without, the key file beside the state file `path` when there is one, and
/// otherwise the all-zero key.
Result<HashKey> key_for(const std::string& typed, const std::string& path);

/// The sections of a state file and their sizes, a line each, to read; empty for another file.
std::string describe_state(const std::string& path);

/// File in a state's folder on which a running agent has a lock (flock).
inline constexpr const char* kStateLockName = "lock";

/// Whether an agent runs on the state in this folder.
bool agent_runs_on(const std::string& folder);

/// Replaces the baseline of a state file, or begins one. All other sections stay. Refuses, and says
/// why, when the one that is there has another key or shape, or is damaged. The file before is kept
/// as PATH.before-import-YYYYMMDDTHHMMSS, whose name is given; empty when there was none. Refuses
/// the state of an agent that runs, whose next save would undo this.
Result<std::string> import_baseline(const std::string& path, const Baseline& baseline,
                                    const HashKey& key, std::int64_t now_us);

}  // namespace doorward
