// auth.log and audit.log with their sources and the merging of twins, line by line.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "agent/twin_merge.h"
#include "tests/sources/recorded_truth.h"
#include "tests/sources/state_support.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;
extern const SourcePlugin kSourceAuditd;

namespace twin_test {

using Lines = std::vector<std::string>;
using Logs = std::array<Lines, 2>;  ///< auth.log, audit.log

inline Logs recorded_logs(const std::string& suffix) {
  return {lines_of(read_file(recorded::kFolder + "auth" + suffix + ".log")),
          lines_of(read_file(recorded::kFolder + "audit" + suffix + ".log"))};
}

/// Feeds lines as the agent does: event time is the least of the logs' newest stamps, and the
/// merging is told of it before the line comes that brought it.
class Chain {
 public:
  explicit Chain(EventSink& sink) : merge(sink) {
    SourceOptions options;
    options.host_name = recorded::kHost;
    sources[0] = kSourceAuthlog.make(options);
    sources[1] = kSourceAuditd.make(options);
    for (InputState& input : inputs) input.year = recorded::kYear;
    merge.expect(Told::authlog | Told::auditd);
  }

  void feed(std::size_t log, const std::string& line) {
    const Stamp stamp = sources[log]->stamp(line, inputs[log]);
    newest[log] = std::max(newest[log], stamp.time);
    merge.advance(std::min(newest[0], newest[1]));
    sources[log]->feed(line, stamp, merge);
    if (log == 1) merge.heard_audit(line, stamp.time);
  }
  void finish() {
    for (const auto& source : sources) source->finish(merge);
    merge.finish();
  }

  [[nodiscard]] state_test::Bytes save() const {
    state_test::Bytes bytes;
    StateWriter out(bytes);
    for (const auto& source : sources) source->save(out);
    merge.save(out);
    return bytes;
  }
  /// As another run of the agent would: what belongs to the reader is kept by it.
  bool load(const state_test::Bytes& bytes, const Chain& reader) {
    inputs = reader.inputs;
    newest = reader.newest;
    StateReader in(bytes);
    for (const auto& source : sources) source->load(in);
    merge.load(in);
    return in.done();
  }

  std::array<std::unique_ptr<Source>, 2> sources;
  std::array<InputState, 2> inputs;
  std::array<TimeUs, 2> newest{kNoTime, kNoTime};
  TwinMerge merge;
};

/// Which log's line comes next, in the order of time.
inline std::vector<std::size_t> in_order_of_time(const Logs& logs) {
  std::vector<std::pair<TimeUs, std::size_t>> all;
  for (std::size_t log : {0U, 1U}) {
    state_test::Wholes ignored;
    Chain chain(ignored);
    TimeUs newest = kNoTime;
    for (const std::string& line : logs[log]) {
      newest = std::max(newest, chain.sources[log]->stamp(line, chain.inputs[log]).time);
      all.emplace_back(newest, log);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::size_t> order;
  for (const auto& [time, log] : all) order.push_back(log);
  return order;
}

}  // namespace twin_test
}  // namespace doorward
