// What routes say about the things of a fleet, as JSON.
#pragma once

#include <string>
#include <string_view>

#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "server/api/routes.h"

namespace doorward {

/// Numbers of the log and of agents are below 2^63 in any life; JSON readers take them as they are.
inline std::int64_t whole(std::uint64_t n) {
  return static_cast<std::int64_t>(n);
}

/// "name": time; left out for 0 and kNoTime.
inline void time_if(JsonWriter& json, std::string_view name, TimeUs time) {
  if (time != 0 && time != kNoTime) json.text(name, format_time(time));
}

inline ApiResponse answered(std::string body) {
  ApiResponse out;
  out.body = std::move(body);
  return out;
}

/// Members of an agent, into an open object.
void write_agent(JsonWriter& json, const AgentRecord& agent, const FleetView& view);
/// "connected", "away", "never" (enrolled, not seen since the start) or "revoked".
std::string_view agent_state(const AgentRecord& agent, const FleetView& view);

/// The page of metrics for Prometheus (text format 0.0.4).
std::string fleet_metrics(const ApiContext& context, FleetView& view);

}  // namespace doorward
