// Agents, groups and the tokens with which agents come.
#pragma once

#include <string>
#include <string_view>

#include "proto/identity.h"
#include "server/fleet/fleet_state.h"
#include "server/manage/managed.h"

namespace doorward {

/// The agent that a person means: by its id, the beginning of it (4 digits or more) or the name of
/// its host, when that is one agent's that is not revoked. Else null, and `why`.
const AgentRecord* find_agent(const FleetState& state, std::string_view text, Managed& why);

Managed revoke_agent(const FleetState& state, const Asker& asker, std::string_view agent,
                     const std::string& reason);
Managed move_agent(const FleetState& state, const Asker& asker, std::string_view agent,
                   const std::string& group);
Managed make_group(const FleetState& state, const Asker& asker, const std::string& name);

/// What an agent taught is taken out of its group's baseline: of one epoch, or all of it
/// (kEveryEpoch). Baselines has to be folded anew after it.
inline constexpr std::int64_t kEveryEpoch = INT64_MIN;
Managed drop_agent_baseline(const FleetState& state, const Asker& asker, std::string_view agent,
                            std::int64_t epoch, const std::string& reason);

struct TokenWanted {
  std::string group = kDefaultGroup;
  std::int64_t life_us = std::int64_t{3600} * 1'000'000;
  std::uint32_t uses = 1;
};
/// `token`: a fresh secret and the authority's fingerprint. Its text is in the answer, and nowhere
/// else.
Managed make_token(const FleetState& state, const Asker& asker, const TokenWanted& wanted,
                   const JoinToken& token);
/// By name, or the whole digest.
Managed revoke_token(const FleetState& state, const Asker& asker, std::string_view name);

}  // namespace doorward
