// server.toml (docs/server.md, man 5 doorward-server.toml).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/delivery/settings.h"
#include "sketch/result.h"

namespace doorward {

struct ServerSettings {
  std::string file;  ///< which was read; empty: defaults
  std::string text;
  // [server]
  std::string data_dir = "/var/lib/doorward-server";
  std::string run_dir = "/run/doorward-server";
  std::string name;  ///< in Welcome and alerts; default: the host's name
  // [agents]
  std::string agents_listen = "0.0.0.0:7443";
  std::int64_t connections_max = 20'000;
  std::int64_t certificate_days = 30;
  std::int64_t delta_interval_s = 60;
  std::int64_t round_interval_s = 60;
  std::int64_t heartbeat_s = 30;
  // [api]
  std::string api_listen = "127.0.0.1:7444";  ///< "off": only the local socket
  std::int64_t requests_per_minute = 600;     ///< of one client
  // [baseline]
  std::int64_t memory_mib = 8;
  std::string fit = "suggest";  ///< theta and d of rules: suggest, apply (once a day) or off
  // [retention]
  std::int64_t alerts_days = 365;
  std::int64_t alerts_max = 1'000'000;
  std::int64_t audit_days = 730;
  // [policy]
  std::string policy_dir = "/etc/doorward-server/policy";  ///< a folder a group
  // [log]
  std::string log_level = "info";
  // [[output]]
  std::vector<OutputSettings> outputs;
  std::int64_t spool_mib = 64;

  [[nodiscard]] std::string socket() const { return run_dir + "/api.sock"; }
};

/// Reads the file; empty: /etc/doorward/server.toml when there is one, else the defaults. Mistakes
/// are appended with file and line.
ServerSettings read_server_settings(const std::string& file, std::vector<Error>& mistakes);

/// Keys that differ and that a running server does not take up: all but log level, outputs, spool
/// and retention.
std::vector<std::string> settings_that_need_a_restart(const ServerSettings& now,
                                                      const ServerSettings& next);

}  // namespace doorward
