// Audit records from auditd, as its plugin or through its socket, into the queue file.
#pragma once

#include <chrono>
#include <string>

#include "agent/relay_log.h"

namespace doorward {

struct RelayOptions {
  std::string socket;  ///< auditd's af_unix socket; empty: standard input
  std::string folder = "/var/spool/doorward/audit";
  RelayLimits limits;
};

/// Largest time between two tries to connect or to write, and the smallest, which doubles.
inline constexpr std::chrono::milliseconds kRelayRetryMin{50};
inline constexpr std::chrono::milliseconds kRelayRetryMax{5'000};
/// At the end, what waits is tried to be written for so long.
inline constexpr std::chrono::milliseconds kRelayDrainMax{5'000};

/// Runs until the end of standard input, SIGTERM or SIGINT. SIGHUP, which auditd sends its plugins
/// when it reads its configuration anew, is ignored. Reads always, so that auditd, and with it
/// every audited process, never waits: one thread reads into memory (RelayQueue), another writes.
/// What does not fit while the disk is full or slow is dropped, and a record says so where it was:
///   type=DOORWARD_DROPPED msg=audit(1700000000.123:0): lines=12
/// Gives the exit status, having said on standard error what went wrong.
int run_audit_relay(const RelayOptions& options);

}  // namespace doorward
