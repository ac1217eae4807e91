// What a running agent says of itself: for doorward-agent status and for Prometheus.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/live/live_inputs.h"
#include "plugins/pipeline/pipeline.h"
#include "sketch/baseline.h"

namespace doorward {

/// One output, as far as status tells of it.
struct OutputReport {
  std::string name;
  std::uint64_t delivered = 0;
  std::uint64_t rejected = 0;  ///< refused for good by the receiver
  std::uint64_t failures = 0;  ///< tries that failed
  std::uint64_t behind_records = 0;
  std::uint64_t behind_bytes = 0;
  TimeUs oldest = kNoTime;  ///< when the oldest that is not delivered was written; kNoTime: none
  std::string last_error;
};

/// The spool in front of the outputs.
struct SpoolReport {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t dropped = 0;
  std::uint64_t damaged = 0;
};

/// What the pipeline's thread knows.
struct PipelineStatus {
  TimeUs watermark = kNoTime;
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;  ///< of lines read since the configuration was taken up
  std::vector<StreamStatus> streams;
  std::vector<SourceStatus> sources;
  std::uint64_t twins = 0;
  PipelineCounts counts;
  std::vector<std::string> rules;  ///< ids, in the order of PipelineCounts::by_rule
  std::size_t quarantined = 0;
  BaselineFill fill;
  std::uint64_t open_additions = 0;  ///< learned and in no delta yet; 0 of a host in no fleet
};

/// The tie to the fleet.
struct FleetReport {
  std::string server, agent, group;
  bool connected = false;
  TimeUs since = kNoTime;  ///< of the connection
  std::string last_error;  ///< empty while connected
  std::uint64_t connects = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t generation = 0;  ///< of the fleet's baseline; 0: none yet
  std::uint64_t last_delta = 0;  ///< number of the last delta
  std::uint64_t acked = 0;       ///< last one that is safe at the server
  std::uint64_t pending_deltas = 0;
  std::uint64_t dropped_deltas = 0;  ///< let go for room, or refused
  std::uint64_t lost = 0;            ///< additions and sightings without room
  std::uint64_t policy = 0;
  std::uint64_t policy_refused = 0;
  std::string policy_reason;
  TimeUs certificate_ends = kNoTime;
  std::uint64_t renewals = 0;
};

/// What the other one knows.
struct DaemonStatus {
  std::string version;
  TimeUs started = kNoTime;
  TimeUs now = kNoTime;
  std::uint64_t rss_bytes = 0;
  TimeUs saved = kNoTime;  ///< when the state was saved last; kNoTime: not yet
  std::uint64_t saved_bytes = 0;
  std::uint64_t save_failures = 0;
  std::string configuration;    ///< the file; empty: none
  TimeUs configured = kNoTime;  ///< when it was taken up
  std::string refused;          ///< why a newer one was refused; empty: it was not
  std::uint64_t handover_dropped = 0;
  SpoolReport spool;
  std::vector<OutputReport> outputs;
  std::optional<FleetReport> fleet;  ///< of an enrolled host
};

struct StatusReport {
  DaemonStatus daemon;
  PipelineStatus pipeline;
};

/// A few lines for a person.
std::string status_text(const StatusReport& report);
/// One JSON object and a newline.
std::string status_json(const StatusReport& report);
/// Text format of Prometheus, version 0.0.4.
std::string status_metrics(const StatusReport& report);

/// Resident memory of this process in bytes; 0: not known.
std::uint64_t resident_bytes();

}  // namespace doorward
