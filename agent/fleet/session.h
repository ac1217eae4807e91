// FleetSession: the connection to the fleet's server, kept up for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/fleet/identity_files.h"
#include "agent/fleet/learning.h"
#include "plugins/delivery/env.h"
#include "plugins/delivery/sink.h"

namespace boost::asio {
class io_context;
}

namespace doorward {

/// What a Hello says of the agent.
struct HelloFacts {
  std::uint64_t key_name = 0;  ///< 0: none of the fleet
  std::uint64_t generation = 0;
  std::uint64_t baseline_bytes = 0;
  std::uint64_t next_sequence = 1;
  std::uint64_t verdicts = 0;
  std::string group;  ///< of the generation
};

/// The policy that the agent runs, and the one that it could not take.
struct PolicyStand {
  std::uint64_t version = 0;
  std::uint64_t refused = 0;
  std::string reason;
};

/// What a Heartbeat says beside HelloFacts and PolicyStand.
struct HeartbeatFacts {
  std::uint32_t pending_deltas = 0;
  std::uint64_t lines = 0, lines_bytes = 0, events = 0, alerts = 0;
  std::uint64_t spool_records = 0, spool_dropped = 0, rss_bytes = 0, lag_ms = 0;
};

/// What a Welcome says.
struct FleetTerms {
  HashKey key;
  std::string group;
  std::uint64_t sequence = 0;
  std::uint64_t baseline_bytes = 0;
  std::chrono::milliseconds delta_interval{0};
};

/// An analyst's word on an alert of this agent.
struct FleetVerdict {
  std::uint64_t place = 0;
  std::string id;
  bool learn = false;
};

/// Name and text of each file of a policy.
using FleetPolicyFiles = std::vector<std::pair<std::string, std::string>>;

struct FleetSessionStatus {
  bool connected = false;
  TimeUs since = kNoTime;  ///< of the connection
  std::string server, server_version, group, last_error;
  std::uint64_t connects = 0;
  std::uint64_t bytes_sent = 0;  ///< of frames
  std::uint64_t acked = 0;       ///< last delta that is safe at the server
  TimeUs certificate_ends = kNoTime;
  std::uint64_t renewals = 0;
};

/// Everything runs on the io_context's one thread. Nothing is called from within a call, and
/// nothing after stop().
class FleetSession {
 public:
  struct Hooks {
    std::function<HelloFacts()> facts;
    /// False: these terms cannot be gone on with; the caller ends the session or calls again().
    std::function<bool(const FleetTerms&)> on_welcome;
    std::function<void()> on_lost;  ///< a connection that was welcomed is gone
    std::function<void(std::uint64_t sequence, const std::string& reason)> on_refused_delta;
    std::function<void(FleetPatch)> on_patch;
    std::function<void(std::uint64_t version, FleetPolicyFiles)> on_policy;
    std::function<void(std::vector<FleetVerdict>)> on_verdicts;
    /// A heartbeat is due: heartbeat() is to be called, now or soon.
    std::function<void()> on_beat;
    std::function<void(Loudness, const std::string&)> say;
  };
  struct Options {
    std::string state_dir;  ///< where a renewed certificate goes
    std::string version;    ///< "doorward-agent 0.1.0"
    std::string host_name;
    std::chrono::milliseconds reconnect_first = kReconnectFirst;
    std::chrono::milliseconds reconnect_max = kReconnectMax;
    std::chrono::milliseconds refused_wait = kRefusedWait;
  };

  FleetSession(boost::asio::io_context& io, FleetIdentity identity, Options options, Hooks hooks);
  ~FleetSession();
  FleetSession(const FleetSession&) = delete;
  FleetSession& operator=(const FleetSession&) = delete;

  void start();
  /// Ends it: alerts on their way are to be tried again. What was sent may arrive.
  void stop();
  /// Ends this connection and makes another soon: a Hello has to say something else.
  void again(const std::string& why);

  /// All numbered deltas that are safe on disk and in no round yet, in order; replaces what was
  /// offered before. Each is sent once a connection, behind what the server has.
  void offer(SealedDeltas numbered);
  void heartbeat(const HeartbeatFacts& facts);
  /// Takes effect with the next Hello or heartbeat.
  void set_policy(PolicyStand stand);

  /// Delivers alerts over this session while it is there; waits while there is no connection.
  [[nodiscard]] SinkFactory alerts();
  [[nodiscard]] FleetSessionStatus status() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// A public number of this machine (of /etc/machine-id), by which a server notices clones; 0: none.
std::uint64_t machine_number();

/// A text of a peer, fit to be said: printable, and not longer than kServerTextMax.
std::string peer_text(const std::string& text);

}  // namespace doorward
