// Everything that agent.toml decides, read and checked as a whole, at the start and at a reload.
#pragma once

#include <string>
#include <vector>

#include "agent/options.h"
#include "plugins/delivery/settings.h"

namespace doorward {

struct Configuration {
  Settings settings;
  std::vector<OutputSettings> outputs;
};

/// Where alerts go when no output is configured.
inline constexpr const char* kAlertsFile = "/var/log/doorward/alerts.ndjson";

/// The [[output]] tables of agent.toml, or the one file when there are none. Mistakes are appended.
std::vector<OutputSettings> outputs_of(const Settings& settings, std::vector<Error>& mistakes);

/// Reads it. Mistakes are appended: of the text, and of files that somebody else than root can
/// write to (agent/daemon/trusted_files.h).
Configuration read_configuration(const CommonOptions& options, std::vector<Error>& mistakes);

/// Appends a mistake for what can only change with a restart: state, sockets, baseline size.
void check_unchanged(const Configuration& running, const Configuration& next,
                     std::vector<Error>& mistakes);

}  // namespace doorward
