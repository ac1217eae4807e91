// The agent's messages as frames, and the server's as values.
#pragma once

#include <optional>
#include <span>

#include "agent/fleet/session.h"
#include "proto/wire.h"

namespace doorward {

Frame hello_frame(const HelloFacts& facts, const PolicyStand& policy,
                  const FleetSession::Options& options, std::uint64_t instance);
Frame delta_frame(std::span<const std::shared_ptr<const SealedDelta>> deltas,
                  std::uint64_t key_name);
Frame alert_frame(std::span<const Document> documents);
Frame heartbeat_frame(const HeartbeatFacts& facts, const HelloFacts& hello,
                      const PolicyStand& policy, TimeUs now);
Frame renew_frame(const Der& request);
Frame enrol_frame(const std::string& token, const Der& request, const std::string& host_name,
                  const std::string& version);
Frame pong_frame(TimeUs time);

/// Nothing: the key has not 16 bytes. What is beyond a limit is brought within it.
std::optional<FleetTerms> terms_of(const wire::Welcome& welcome);
FleetPatch patch_of(const wire::BaselinePatch& patch);
FleetPolicyFiles policy_of(const wire::Policy& policy);
std::vector<FleetVerdict> verdicts_of(const wire::Verdicts& verdicts);

/// A string of a message that may be absent.
inline std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

}  // namespace doorward
