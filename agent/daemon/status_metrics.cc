// The metrics page for Prometheus (text format 0.0.4).
#include "agent/daemon/status_report.h"
#include "plugins/prometheus_page.h"

namespace doorward {
namespace {

double seconds(TimeUs span) {
  return static_cast<double>(span) / static_cast<double>(kSecondUs);
}

void input_metrics(const StatusReport& report, PrometheusPage& page) {
  const std::vector<StreamStatus>& streams = report.pipeline.streams;
  page.family("input_lines_total", "counter", "Lines or records read.");
  for (const StreamStatus& s : streams) page.sample(s.lines, "input", s.name);
  page.family("input_lag_bytes", "gauge", "Bytes of the log that are not read yet.");
  for (const StreamStatus& s : streams) page.sample(s.bytes_behind, "input", s.name);
  page.family("input_lag_seconds", "gauge",
              "Age of the newest line read while more wait, in seconds; 0: read to the end.");
  for (const StreamStatus& s : streams) {
    const bool behind = s.bytes_behind > 0 && s.newest != kNoTime;
    page.sample(behind ? seconds(report.daemon.now - s.newest) : 0.0, "input", s.name);
  }
  page.family("input_present", "gauge", "1: the log is there.");
  for (const StreamStatus& s : streams) page.sample(s.present ? 1.0 : 0.0, "input", s.name);
  page.family("input_gaps_total", "counter", "Places at which a log could not be found again.");
  for (const StreamStatus& s : streams) page.sample(s.lost, "input", s.name);
  page.family("input_long_lines_total", "counter", "Lines skipped for their length.");
  for (const StreamStatus& s : streams) page.sample(s.long_lines, "input", s.name);

  const std::vector<SourceStatus>& sources = report.pipeline.sources;
  page.family("source_lines_total", "counter", "Lines that a source was given.");
  for (const SourceStatus& s : sources) page.sample(s.counters.lines, "source", s.name);
  page.family("source_malformed_total", "counter", "Lines that a source could not read.");
  for (const SourceStatus& s : sources) page.sample(s.counters.malformed, "source", s.name);
  page.family("source_untrusted_total", "counter",
              "Lines that name a logon program and were not surely written by it.");
  for (const SourceStatus& s : sources) page.sample(s.counters.untrusted, "source", s.name);
  page.family("source_no_stamp_total", "counter", "Lines without a readable time.");
  for (const SourceStatus& s : sources) page.sample(s.counters.no_stamp, "source", s.name);
}

void pipeline_metrics(const PipelineStatus& pipeline, PrometheusPage& page) {
  const PipelineCounts& counts = pipeline.counts;
  page.family("events_total", "counter", "Logon attempts and calls, by outcome.")
      .sample(counts.success, "outcome", "success")
      .sample(counts.failure, "outcome", "failure")
      .sample(counts.unknown, "outcome", "unknown");
  page.family("events_scored_total", "counter", "Events at which a rule looked.")
      .sample(counts.scored);
  page.family("events_refused_total", "counter", "Events not used, by reason.")
      .sample(counts.no_time, "reason", "no_time")
      .sample(counts.future, "reason", "future")
      .sample(counts.too_old, "reason", "too_old");
  page.family("alerts_total", "counter", "Alerts, by the rule that speaks.");
  for (std::size_t i = 0; i < pipeline.rules.size() && i < counts.by_rule.size(); ++i) {
    page.sample(counts.by_rule[i], "rule", pipeline.rules[i]);
  }
  page.family("alerts_suppressed_total", "counter", "Events that raised no alert of their own.")
      .sample(counts.held_back, "reason", "alike")
      .sample(counts.excepted, "reason", "exception")
      .sample(counts.summed_up, "reason", "summed_up")
      .sample(counts.below_min_score, "reason", "min_score");
  page.family("baseline_fill_ratio", "gauge", "Share of the pair counters in use.")
      .sample(pipeline.fill.pairs.counters);
  page.family("baseline_false_seen_probability", "gauge",
              "Probability that a pair never seen reads as seen.")
      .sample(pipeline.fill.pairs.false_seen);
  page.family("baseline_partitions", "gauge", "Partitions with distinct values of their own.")
      .sample(static_cast<std::uint64_t>(pipeline.fill.partitions));
  page.family("quarantined_events", "gauge", "Events of alerts held back from learning.")
      .sample(static_cast<std::uint64_t>(pipeline.quarantined));
}

void daemon_metrics(const DaemonStatus& daemon, PrometheusPage& page) {
  page.family("spool_records", "gauge", "Documents that at least one output has not delivered.")
      .sample(daemon.spool.records);
  page.family("spool_bytes", "gauge", "Bytes of the spool on disk.").sample(daemon.spool.bytes);
  page.family("spool_dropped_total", "counter", "Documents dropped for room, lowest scores first.")
      .sample(daemon.spool.dropped + daemon.handover_dropped);
  page.family("output_delivered_total", "counter", "Documents that the receiver has accepted.");
  for (const OutputReport& o : daemon.outputs) page.sample(o.delivered, "output", o.name);
  page.family("output_rejected_total", "counter", "Documents that the receiver refused for good.");
  for (const OutputReport& o : daemon.outputs) page.sample(o.rejected, "output", o.name);
  page.family("output_failures_total", "counter", "Deliveries that failed and are tried again.");
  for (const OutputReport& o : daemon.outputs) page.sample(o.failures, "output", o.name);
  page.family("output_behind", "gauge", "Documents that wait for this output.");
  for (const OutputReport& o : daemon.outputs) page.sample(o.behind_records, "output", o.name);
  page.family("state_saved_timestamp_seconds", "gauge", "When the state was saved last.")
      .sample(daemon.saved == kNoTime ? 0.0 : seconds(daemon.saved));
  page.family("state_save_failures_total", "counter", "Times the state could not be saved.")
      .sample(daemon.save_failures);
  page.family("configuration_refused", "gauge", "1: the newest configuration was refused.")
      .sample(daemon.refused.empty() ? 0.0 : 1.0);
  page.family("resident_memory_bytes", "gauge", "Resident memory.").sample(daemon.rss_bytes);
  page.family("start_time_seconds", "gauge", "When the agent started.")
      .sample(seconds(daemon.started));
}

void fleet_metrics(const FleetReport& fleet, PrometheusPage& page) {
  page.family("server_connected", "gauge", "1: connected to the fleet's server.")
      .sample(fleet.connected ? 1.0 : 0.0);
  page.family("server_connects_total", "counter", "Sessions with the fleet's server.")
      .sample(fleet.connects);
  page.family("server_sent_bytes_total", "counter", "Bytes of frames sent to the server.")
      .sample(fleet.bytes_sent);
  page.family("fleet_generation", "gauge", "Generation of the fleet's baseline; 0: none yet.")
      .sample(fleet.generation);
  page.family("fleet_deltas_pending", "gauge", "Deltas that no round includes yet.")
      .sample(fleet.pending_deltas);
  page.family("fleet_deltas_dropped_total", "counter",
              "Deltas let go for room, or refused by the server.")
      .sample(fleet.dropped_deltas);
  page.family("fleet_additions_lost_total", "counter",
              "Additions and sightings that found no room.")
      .sample(fleet.lost);
  page.family("policy_version", "gauge", "Policy in force; 0: none.").sample(fleet.policy);
  page.family("policy_refused", "gauge", "1: a newer policy was refused.")
      .sample(fleet.policy_refused != 0 ? 1.0 : 0.0);
  page.family("certificate_end_timestamp_seconds", "gauge", "When the certificate ends.")
      .sample(fleet.certificate_ends == kNoTime ? 0.0 : seconds(fleet.certificate_ends));
}

}  // namespace

std::string status_metrics(const StatusReport& report) {
  std::string out;
  PrometheusPage page(out, "doorward_");
  input_metrics(report, page);
  pipeline_metrics(report.pipeline, page);
  daemon_metrics(report.daemon, page);
  if (report.daemon.fleet) fleet_metrics(*report.daemon.fleet, page);
  return out;
}

}  // namespace doorward
