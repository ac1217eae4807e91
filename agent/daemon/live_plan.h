// Which streams there are: the host's own logs as they are found, and what is configured.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/daemon_settings.h"
#include "agent/live/live_inputs.h"

namespace doorward {

/// Where the logs of a host lie; tests have their own.
struct HostPaths {
  std::vector<std::string> auth_logs = {"/var/log/auth.log", "/var/log/secure"};
  std::string audit_log = "/var/log/audit/audit.log";
  std::string audit_relay = "/var/spool/doorward/audit/audit.log";
  std::string journal;  ///< folder of journal files; empty: the system's
};

/// Adds streams to LiveInputs and keeps them as files come and go. For one thread.
///
/// By default: auth.log, or secure, whichever is there and was written to within a week; else the
/// journal. And audit.log, or what audit-relay writes. A host on which nothing is there yet is
/// looked at again every minute.
class LivePlan {
 public:
  /// `inputs` must outlive this.
  LivePlan(const DaemonSettings& settings, HostPaths paths, LiveInputs& inputs);
  ~LivePlan();
  LivePlan(const LivePlan&) = delete;
  LivePlan& operator=(const LivePlan&) = delete;

  /// Adds what is there now. `first`: the very first start, so that rotated logs are read as
  /// history, as far back as is configured; else logs without a position are read from their begin.
  void begin(bool first, TimeUs now);
  /// Takes notices of changed files; to be called when a descriptor is readable and every second.
  void look(TimeUs now);

  /// Appends what becomes readable when look() has something to do.
  void add_descriptors(std::vector<int>& out) const;
  std::vector<Error> take_errors();
  std::vector<std::string> take_news();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace doorward
