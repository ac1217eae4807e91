// What the server says to agents, as frames (proto/protocol.fbs).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/event.h"
#include "proto/wire.h"
#include "server/fleet/baselines.h"
#include "server/fleet/fleet_state.h"

namespace doorward {

/// A sequence that will never be taken, and why.
struct RefusedItem {
  std::uint64_t sequence = 0;
  std::string reason;
};

struct WelcomeTerms {
  std::uint16_t protocol = kProtocolVersion;
  std::string server;
  std::string group;
  TimeUs time = 0;
  HashKey key;
  std::uint64_t sequence = 0;
  std::uint32_t delta_interval_ms = 0;
  std::uint32_t heartbeat_ms = 0;
  std::uint32_t certificate_days = 0;
  std::uint64_t baseline_bytes = 0;
  std::vector<std::string> fleet_rules;
};

struct AckTerms {
  std::uint64_t deltas = 0;
  std::uint64_t alerts = 0;
  std::vector<RefusedItem> refused_deltas;
  std::vector<RefusedItem> refused_alerts;
  TimeUs heartbeat = 0;
};

Frame welcome_frame(const WelcomeTerms& terms);
Frame refused_frame(wire::RefusalCode code, std::string_view reason, std::uint32_t retry_after_ms);
Frame retry_after_frame(std::uint32_t ms, std::string_view reason);
Frame enrolled_frame(const std::string& agent, const std::vector<std::uint8_t>& certificate,
                     const std::vector<std::uint8_t>& authority, const std::string& group);
Frame renewed_frame(const std::vector<std::uint8_t>& certificate);
Frame ack_frame(const AckTerms& terms);
/// Version 0 without files: there is no policy (any more).
Frame policy_frame(std::uint64_t version, const PolicyFiles* files);
Frame patch_frame(const Patch& patch);
Frame verdicts_frame(const std::vector<VerdictRecord>& verdicts);
Frame pong_frame(TimeUs time);

}  // namespace doorward
