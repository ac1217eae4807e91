// What agents that are connected now have said of themselves: not truth, gone with the connection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "plugins/event.h"

namespace doorward {

/// What a heartbeat tells; Hello tells the first of it.
struct LiveReport {
  std::uint64_t generation = 0;
  std::uint64_t policy = 0;          ///< version in force
  std::uint64_t policy_refused = 0;  ///< version it could not take
  std::string policy_reason;
  std::uint64_t pending_deltas = 0;
  std::uint64_t lines = 0, lines_bytes = 0, events = 0, alerts = 0;
  std::uint64_t spool_records = 0, spool_dropped = 0, rss_bytes = 0, lag_ms = 0;
};

struct LiveAgent {
  bool connected = false;
  std::string address;
  TimeUs since = 0;  ///< of the connection
  TimeUs heard = 0;  ///< last message
  std::string version;
  std::string host;
  std::uint64_t machine = 0;
  std::uint64_t instance = 0;
  LiveReport report;
  std::uint64_t received_bytes = 0, sent_bytes = 0;  ///< on the wire
  std::uint64_t clones = 0;  ///< times that another machine came with its identity
  TimeUs clone_at = 0;
  std::string clone_from;  ///< its address
};

/// By agent id. For the core's thread. An entry stays when the agent goes, for `agents show`.
using LiveAgents = std::map<std::string, LiveAgent, std::less<>>;

}  // namespace doorward
