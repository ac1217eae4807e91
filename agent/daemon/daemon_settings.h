// What agent.toml says of the running agent: what it reads, where it keeps its state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/delivery/limits.h"
#include "plugins/params.h"
#include "plugins/policy/host_inputs.h"
#include "sketch/result.h"

namespace doorward {

struct DaemonSettings : HostInputs {
  std::string state_dir = "/var/lib/doorward";
  std::int64_t save_every_s = 30;
  std::string spool_folder;  ///< empty: spool/ in state_dir
  std::int64_t spool_mib = kSpoolMiB;
  std::string run_dir = "/run/doorward";
  std::string metrics = "unix";  ///< "unix", "off", or "127.0.0.1:PORT", "[::1]:PORT"
  std::string log_level = "info";
  bool server_alerts = true;  ///< an enrolled agent delivers alerts to its server

  [[nodiscard]] std::string spool_dir() const {
    return spool_folder.empty() ? state_dir + "/spool" : spool_folder;
  }
  [[nodiscard]] std::string socket() const { return run_dir + "/agent.sock"; }
  [[nodiscard]] std::string metrics_socket() const { return run_dir + "/metrics.sock"; }
};

/// Takes [inputs], [[input]], [state], [spool], [metrics], [log], [server] out of agent.toml.
/// Mistakes are appended with file and line.
DaemonSettings read_daemon_settings(Params& document);

/// A folder, by a trailing slash or because it is one now.
bool names_folder(const std::string& path);

}  // namespace doorward
