// What an enrolment leaves on disk: STATE_DIR/fleet/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proto/identity.h"
#include "sketch/hash.h"
#include "sketch/result.h"

namespace doorward {

/// Who this agent is, and where its server is.
///
///     agent.pem      private key and certificate, 0600: one file, so that both change at once
///     authority.pem  certificate of the fleet's authority
///     server         "host:port"
///     size           bytes of the fleet's baseline, once the server has told it
struct FleetIdentity {
  std::string server;
  std::string agent;  ///< id in the certificate
  PrivateKey key;
  Certificate certificate;
  Certificate authority;
  std::uint64_t baseline_bytes = 0;  ///< 0: not told yet
};

/// STATE_DIR/fleet.
std::string fleet_folder(const std::string& state_dir);

/// Whether this host is enrolled.
bool is_enrolled(const std::string& state_dir);

/// Reads it; nothing when the host is not enrolled. Errors: a file is missing, damaged, or readable
/// for others.
Result<std::optional<FleetIdentity>> read_fleet_identity(const std::string& state_dir);

/// Writes all of it, agent.pem last, since that makes the host an enrolled one. Files belong to the
/// owner of `state_dir`; makes both folders (0700) where they are missing.
Status write_fleet_identity(const std::string& state_dir, const FleetIdentity& identity);

/// Replaces key and certificate, both or none.
Status write_agent_pem(const std::string& state_dir, const PrivateKey& key,
                       const Certificate& certificate);

/// Whether the certificate is for this key and names an agent; the Error says what is wrong.
Status check_pair(const PrivateKey& key, const Certificate& certificate);

/// What a server's Welcome changes for good.
struct FleetTakeover {
  HashKey key;
  std::uint64_t baseline_bytes = 0;
  bool anew = false;  ///< what was learned is of no use under this key
};

/// Puts it on disk, while no agent runs on the state: the size; with `anew` the key, and the state
/// is set aside as agent.state.before-fleet-TIME.
Status take_over(const std::string& state_dir, const FleetTakeover& takeover, std::int64_t now_us);

}  // namespace doorward
