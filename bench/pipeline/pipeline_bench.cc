// A log from the page cache to verdicts as the agent reads one: large reads, lines, source, twins,
// all rules scoring and learning; alerts are not written. Start-up is not part of it.
//   bench-pipeline [--file=LOG]...     without: audit.log without logons, with every 50th record of
//                                      a logon, and nothing but logons; 300,000 lines each
// allocs/item: everything from opening the file to its end, so a few hundred among all lines are
// those of the opening, and nothing is left of them in a long file. More than that would be a
// line's.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/input_set.h"
#include "bench/sources/auditd_lines.h"
#include "bench/support/items.h"
#include "plugins/pipeline/pipeline.h"

namespace doorward {
namespace {

constexpr std::size_t kLines = 300'000;

class NoAlerts final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override { ++alerts; }
  std::uint64_t alerts = 0;
};

/// What an iteration begins with anew.
struct Reading {
  explicit Reading(const RuleSet& rules, const std::string& path)
      : baseline(std::move(Baseline::make({})).value()),
        pipeline(rules, baseline, sink, options()),
        inputs({path}, how_to_read) {}

  /// Alerts are written by others; what leads to them is done.
  static PipelineOptions options() {
    PipelineOptions options;
    options.alerts_from = INT64_MAX;
    return options;
  }

  InputOptions how_to_read;
  NoAlerts sink;
  Baseline baseline;
  Pipeline pipeline;
  InputSet inputs;
};

void file_to_verdicts(benchmark::State& state, const std::string& path) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  std::uint64_t scored = 0;
  std::uint64_t read = 0;
  std::uint64_t allocated = 0;
  {
    bench::Items items(state);
    for (auto _ : state) {
      items.pause();
      auto reading = std::make_unique<Reading>(rules, path);
      items.resume();
      const std::uint64_t before = allocations();
      reading->inputs.read(reading->pipeline, {});
      allocated += allocations() - before;
      items.pause();
      items.add(reading->inputs.lines());
      scored += reading->pipeline.counts().scored;
      read += reading->inputs.bytes_consumed();
      if (!reading->inputs.errors().empty()) state.SkipWithError("cannot be read");
      reading.reset();
      items.resume();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(read));
  state.counters["allocs"] =
      static_cast<double>(allocated) / static_cast<double>(state.iterations());
  state.counters["scored/s"] =
      benchmark::Counter(static_cast<double>(scored), benchmark::Counter::kIsRate);
}

std::string write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

void add(const std::string& name, const std::string& path) {
  benchmark::RegisterBenchmark(name.c_str(), file_to_verdicts, path)->Unit(benchmark::kMillisecond);
}

int run(int argc, char** argv) {
  std::vector<char*> rest;
  std::vector<std::string> files;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--file=")) {
      files.emplace_back(word.substr(7));
    } else {
      rest.push_back(argv[i]);
    }
  }
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return 1;
  std::string folder = (std::filesystem::temp_directory_path() / "bench-pipeline-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  for (const std::string& file : files) add(file, file);
  if (files.empty()) {
    add("audit/no_logons", write(folder + "/quiet", bench::non_logon_lines(kLines / 6)));
    add("audit/every_50th_a_logon", write(folder + "/mixed", bench::mixed_lines(kLines)));
    add("audit/only_logons", write(folder + "/logons", bench::logon_lines(kLines / 4)));
  }
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace doorward

int main(int argc, char** argv) {
  return doorward::run(argc, argv);
}
