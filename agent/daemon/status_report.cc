#include "agent/daemon/status_report.h"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "plugins/alert_notes.h"
#include "plugins/json_writer.h"
#include "plugins/printable.h"
#include "plugins/span_words.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

std::string seconds_text(TimeUs span) {
  return span_words(span / kSecondUs);
}

std::string bytes_text(std::uint64_t bytes) {
  std::array<char, 64> out{};
  if (bytes < 10'240) {
    std::snprintf(out.data(), out.size(), "%llu B", static_cast<unsigned long long>(bytes));
  } else if (bytes < 10'485'760) {
    std::snprintf(out.data(), out.size(), "%.0f KiB", static_cast<double>(bytes) / 1024);
  } else {
    std::snprintf(out.data(), out.size(), "%.1f MiB", static_cast<double>(bytes) / 1048576);
  }
  return out.data();
}

std::string percent_text(double share) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.2g %%", 100 * share);
  return out.data();
}

std::int64_t to_int(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

void write_streams(const PipelineStatus& pipeline, TimeUs now, JsonWriter& out) {
  out.open_array("inputs");
  for (const StreamStatus& stream : pipeline.streams) {
    out.open().text("name", stream.name).text_if("source", stream.source);
    out.boolean("present", stream.present).boolean("caught_up", stream.caught_up);
    out.number("lines", to_int(stream.lines)).number("long_lines", to_int(stream.long_lines));
    out.number("bytes_behind", to_int(stream.bytes_behind)).number("gaps", to_int(stream.lost));
    if (stream.newest != kNoTime) {
      out.text("newest", format_time(stream.newest));
      out.real("seconds_since_newest",
               static_cast<double>(now - stream.newest) / static_cast<double>(kSecondUs));
    }
    out.close();
  }
  out.close_array();
}

void write_outputs(const DaemonStatus& daemon, JsonWriter& out) {
  out.open("spool").number("records", to_int(daemon.spool.records));
  out.number("bytes", to_int(daemon.spool.bytes))
      .number("bytes_max", to_int(daemon.spool.bytes_max));
  out.number("dropped", to_int(daemon.spool.dropped + daemon.handover_dropped));
  out.number("damaged", to_int(daemon.spool.damaged)).close();
  out.open_array("outputs");
  for (const OutputReport& output : daemon.outputs) {
    out.open().text("name", output.name).number("delivered", to_int(output.delivered));
    out.number("rejected", to_int(output.rejected)).number("failed_tries", to_int(output.failures));
    out.number("behind", to_int(output.behind_records));
    out.number("behind_bytes", to_int(output.behind_bytes));
    if (output.oldest != kNoTime) out.text("oldest_undelivered", format_time(output.oldest));
    out.text_if("last_error", output.last_error).close();
  }
  out.close_array();
}

std::string fleet_text(const FleetReport& fleet, TimeUs now) {
  std::string out = "server    " + printable(fleet.server) + ": ";
  if (fleet.connected) {
    out += "connected for " + seconds_text(now - fleet.since) + ", group " + fleet.group;
  } else {
    out += "not connected";
    if (!fleet.last_error.empty()) out += " (" + fleet.last_error + ")";
  }
  out += "\nfleet     agent " + fleet.agent + ", generation " + with_commas(fleet.generation) +
         ", " + with_commas(fleet.pending_deltas) +
         (fleet.pending_deltas == 1 ? " delta pending, " : " deltas pending, ") +
         bytes_text(fleet.bytes_sent) + " sent";
  if (fleet.dropped_deltas > 0) {
    out += ", " + with_commas(fleet.dropped_deltas) + " deltas dropped";
  }
  out += "\n          policy ";
  out += fleet.policy == 0 ? "none" : with_commas(fleet.policy);
  if (fleet.policy_refused != 0) {
    out += ", " + with_commas(fleet.policy_refused) + " refused: " + printable(fleet.policy_reason);
  }
  if (fleet.certificate_ends != kNoTime) {
    out += ", certificate until " + format_time(fleet.certificate_ends).substr(0, 19) + "Z";
  }
  return out + "\n";
}

void write_fleet(const FleetReport& fleet, std::uint64_t open_additions, JsonWriter& out) {
  out.open("fleet").text("server", fleet.server).text("agent", fleet.agent);
  out.text_if("group", fleet.group).boolean("connected", fleet.connected);
  if (fleet.connected) out.text("connected_since", format_time(fleet.since));
  out.text_if("last_error", fleet.last_error).number("connects", to_int(fleet.connects));
  out.number("bytes_sent", to_int(fleet.bytes_sent));
  out.number("generation", to_int(fleet.generation));
  out.number("last_delta", to_int(fleet.last_delta)).number("acked", to_int(fleet.acked));
  out.number("open_additions", to_int(open_additions));
  out.number("pending_deltas", to_int(fleet.pending_deltas));
  out.number("dropped_deltas", to_int(fleet.dropped_deltas));
  out.number("lost", to_int(fleet.lost)).number("policy", to_int(fleet.policy));
  if (fleet.policy_refused != 0) {
    out.number("policy_refused", to_int(fleet.policy_refused));
    out.text("policy_reason", fleet.policy_reason);
  }
  if (fleet.certificate_ends != kNoTime) {
    out.text("certificate_ends", format_time(fleet.certificate_ends));
  }
  out.number("renewals", to_int(fleet.renewals)).close();
}

}  // namespace

std::string status_text(const StatusReport& report) {
  const DaemonStatus& daemon = report.daemon;
  const PipelineStatus& pipeline = report.pipeline;
  const PipelineCounts& counts = pipeline.counts;
  std::string out = daemon.version + ", running for " + seconds_text(daemon.now - daemon.started) +
                    ", " + bytes_text(daemon.rss_bytes) + " resident\n";
  for (const StreamStatus& stream : pipeline.streams) {
    out += "input     " + printable(stream.name);
    if (!stream.source.empty() && stream.source != stream.name) out += " (" + stream.source + ")";
    if (!stream.present) {
      out += ": not there";
    } else if (stream.caught_up && stream.bytes_behind == 0) {
      out += ": read to its end";
    } else {
      out += ": " + bytes_text(stream.bytes_behind) + " behind";
    }
    out += ", " + with_commas(stream.lines) + " lines";
    if (stream.newest != kNoTime) {
      out += ", newest " + format_time(stream.newest).substr(0, 19) + "Z";
    }
    if (stream.lost > 0) out += ", " + with_commas(stream.lost) + " gaps";
    out += "\n";
  }
  if (pipeline.streams.empty()) out += "input     none: no log was found (docs/configure.md)\n";
  out += "events    " + with_commas(counts.success) + " success, " + with_commas(counts.failure) +
         " failure";
  if (counts.unknown > 0) out += ", " + with_commas(counts.unknown) + " without outcome";
  if (pipeline.twins > 0) out += ", " + with_commas(pipeline.twins) + " told by two logs";
  out += "\nalerts    " + with_commas(counts.alerts) + ", " + with_commas(counts.held_back) +
         " held back as alike, " + with_commas(counts.excepted) + " excepted, " +
         with_commas(counts.summed_up) + " summed up\n";
  for (std::size_t i = 0; i < pipeline.rules.size() && i < counts.by_rule.size(); ++i) {
    if (counts.by_rule[i] == 0) continue;
    out += "          " + pipeline.rules[i] + " " + with_commas(counts.by_rule[i]) + "\n";
  }
  out += "spool     " + with_commas(daemon.spool.records) + " waiting, " +
         bytes_text(daemon.spool.bytes) + " of " + bytes_text(daemon.spool.bytes_max);
  const std::uint64_t dropped = daemon.spool.dropped + daemon.handover_dropped;
  if (dropped > 0) out += ", " + with_commas(dropped) + " dropped for room";
  if (daemon.spool.damaged > 0) out += ", " + with_commas(daemon.spool.damaged) + " damaged";
  out += "\n";
  for (const OutputReport& output : daemon.outputs) {
    out += "output    " + output.name + ": " + with_commas(output.delivered) + " delivered, " +
           with_commas(output.behind_records) + " behind";
    if (output.rejected > 0) out += ", " + with_commas(output.rejected) + " refused";
    if (!output.last_error.empty()) out += "; last error: " + printable(output.last_error);
    out += "\n";
  }
  out += "baseline  " + percent_text(pipeline.fill.pairs.counters) + " full, a new pair reads as " +
         "seen with p = ";
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%.1g", pipeline.fill.pairs.false_seen);
  out += std::string(number.data()) + ", " + with_commas(pipeline.quarantined) +
         (pipeline.quarantined == 1 ? " event in quarantine\n" : " events in quarantine\n");
  out += "state     ";
  out += daemon.saved == kNoTime ? "not saved yet"
                                 : "saved " + seconds_text(daemon.now - daemon.saved) + " ago, " +
                                       bytes_text(daemon.saved_bytes);
  if (daemon.save_failures > 0) {
    out += ", " + with_commas(daemon.save_failures) + " times in vain";
  }
  out += "\n";
  if (daemon.fleet) out += fleet_text(*daemon.fleet, daemon.now);
  if (!daemon.refused.empty()) {
    out += "config    the newest was refused, the one before is in force: " +
           printable(daemon.refused) + "\n";
  }
  return out;
}

std::string status_json(const StatusReport& report) {
  const DaemonStatus& daemon = report.daemon;
  const PipelineStatus& pipeline = report.pipeline;
  const PipelineCounts& counts = pipeline.counts;
  std::string text;
  JsonWriter out(text);
  out.open().text("version", daemon.version).text("started", format_time(daemon.started));
  out.number("rss_bytes", to_int(daemon.rss_bytes)).text_if("configuration", daemon.configuration);
  out.number("lines_read", to_int(pipeline.lines));
  out.text_if("configuration_refused", daemon.refused);
  if (pipeline.watermark != kNoTime) out.text("event_time", format_time(pipeline.watermark));
  write_streams(pipeline, daemon.now, out);
  out.open_array("sources");
  for (const SourceStatus& source : pipeline.sources) {
    const SourceCounters& c = source.counters;
    out.open().text("name", source.name).number("lines", to_int(c.lines));
    out.number("other", to_int(c.other)).number("no_stamp", to_int(c.no_stamp));
    out.number("malformed", to_int(c.malformed)).number("cut_fields", to_int(c.cut_fields));
    out.number("closed_early", to_int(c.closed_early));
    out.number("untrusted", to_int(c.untrusted)).close();
  }
  out.close_array();
  out.open("events").number("success", to_int(counts.success));
  out.number("failure", to_int(counts.failure)).number("unknown", to_int(counts.unknown));
  out.number("scored", to_int(counts.scored)).number("told_by_two_logs", to_int(pipeline.twins));
  out.number("future", to_int(counts.future)).number("too_old", to_int(counts.too_old)).close();
  out.open("alerts").number("raised", to_int(counts.alerts));
  out.number("held_back", to_int(counts.held_back)).number("excepted", to_int(counts.excepted));
  out.number("summed_up", to_int(counts.summed_up)).number("updates", to_int(counts.updates));
  out.open("by_rule");
  for (std::size_t i = 0; i < pipeline.rules.size() && i < counts.by_rule.size(); ++i) {
    if (counts.by_rule[i] > 0) out.number(pipeline.rules[i], to_int(counts.by_rule[i]));
  }
  out.close().close();
  write_outputs(daemon, out);
  out.open("baseline").real("full", pipeline.fill.pairs.counters);
  out.real("false_seen", pipeline.fill.pairs.false_seen);
  out.number("partitions", to_int(pipeline.fill.partitions));
  out.number("bytes", to_int(pipeline.fill.bytes));
  out.number("quarantined", to_int(pipeline.quarantined)).close();
  out.open("state");
  if (daemon.saved != kNoTime) out.text("saved", format_time(daemon.saved));
  out.number("bytes", to_int(daemon.saved_bytes));
  out.number("failures", to_int(daemon.save_failures)).close();
  if (daemon.fleet) write_fleet(*daemon.fleet, report.pipeline.open_additions, out);
  out.close();
  text += '\n';
  return text;
}

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long pages = 0;
  unsigned long long resident = 0;
  const bool read = std::fscanf(file, "%llu %llu", &pages, &resident) == 2;
  std::fclose(file);
  return read ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace doorward
