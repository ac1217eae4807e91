// What agent.toml says of the running agent: what it reads, where it keeps its state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/live/live_inputs.h"
#include "plugins/delivery/limits.h"
#include "plugins/params.h"
#include "sketch/result.h"

namespace doorward {

/// Whether something is read: as it is found, always, or never.
enum class Wanted : std::uint8_t { automatic, yes, no };

/// How the audit log comes.
enum class AuditdFrom : std::uint8_t {
  automatic,  ///< the log file if there is one, else the relay's
  file,       ///< /var/log/audit/audit.log
  relay,      ///< what doorward-agent audit-relay writes, as auditd's plugin
  nothing,
};

/// One [[input]]: a file, a pattern of files (glob(7)), or a folder into which files are delivered.
struct InputSettings {
  std::string path;
  std::string source = "auto";
};

struct DaemonSettings {
  bool automatic = true;  ///< take the host's own logs, as they are found
  Wanted journald = Wanted::automatic;
  AuditdFrom auditd = AuditdFrom::automatic;
  std::vector<InputSettings> inputs;
  std::int64_t history_days = 35;  ///< of rotated logs learned from at the first start; 0: none
  LiveClock clock = LiveClock::system;

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

/// Most [[input]] tables; more is a mistake.
inline constexpr std::size_t kInputTablesMax = 256;

/// Takes [inputs], [[input]], [state], [spool], [metrics], [log], [server] out of agent.toml.
/// Mistakes are appended with file and line.
DaemonSettings read_daemon_settings(Params& document);

/// A folder, by a trailing slash or because it is one now.
bool names_folder(const std::string& path);

}  // namespace doorward
