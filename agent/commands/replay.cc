// doorward-agent replay: scores recorded logs.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/geo_enricher.h"
#include "agent/load_exceptions.h"
#include "agent/options.h"
#include "agent/progress.h"
#include "agent/reading.h"
#include "agent/summary.h"
#include "plugins/block_writer.h"
#include "plugins/ecs_document.h"
#include "plugins/exceptions/exception_review.h"
#include "plugins/pipeline/pipeline.h"
#include "plugins/registry.h"
#include "plugins/set_files.h"
#include "plugins/time_text.h"
#include "proto/agent_state_file.h"
#include "proto/baseline_file.h"

namespace doorward {
namespace {

struct ReplayOptions {
  CommonOptions common;
  std::string exception_report;
  std::string alerts_from;
  std::string baseline_in;
  std::string baseline_out;
  double min_score = 0;
  double budget = 0;
  int memory_mib = 0;
  bool scores = false;
  bool quiet = false;
};

class Printer final : public PipelineSink {
 public:
  Printer(Output& output, bool scores) : output_(output), scores_(scores) {}

  void on_alert(const Alert& alert) override {
    if (!scores_) output_.on_alert(alert);
  }
  void on_update(const AlertUpdate& update) override {
    if (!scores_) output_.on_update(update);
  }
  void on_summary(const AlertSummary& summary) override {
    if (!scores_) output_.on_summary(summary);
  }
  void on_scored(const Event& event, std::span<const Evidence> evidence) override {
    if (!scores_) return;
    append_scored_document(event, evidence, out_.buffer());
    out_.end_line();
  }
  bool flush() {
    const bool alerts = output_.flush();
    return out_.flush() && alerts;
  }

 private:
  Output& output_;
  bool scores_;
  BlockWriter out_{stdout};
};

Result<Baseline> start_baseline(const ReplayOptions& options, const Settings& settings,
                                const HashKey& key) {
  if (!options.baseline_in.empty()) return read_any_baseline(options.baseline_in, key);
  BaselineOptions baseline;
  baseline.key = key;
  const auto mib = static_cast<std::size_t>(
      options.memory_mib > 0 ? options.memory_mib : static_cast<int>(settings.memory_mib));
  baseline.bytes = mib << 20;
  return Baseline::make(baseline);
}

Status write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out) return Error{path, "cannot write"};
  return {};
}

void print_summary(const InputSet& inputs, const Pipeline& pipeline, const RuleSet& rules,
                   const ExceptionSet& exceptions, const Baseline& baseline, const std::string& geo,
                   double seconds) {
  std::string out;
  append_input_summary(inputs, seconds, out);
  const PipelineCounts& counts = pipeline.counts();
  append_event_summary(counts.success, counts.failure, counts.unknown, inputs.twins(), out);
  append_skip_summary(inputs, out);
  out += geo;
  append_alert_summary(counts, rules, out);
  append_budget_summary(pipeline.budget(), rules, out);
  append_exception_summary(counts, exceptions, out);
  append_baseline_summary(baseline, out);
  std::fputs(out.c_str(), stderr);
}

int run_replay(const ReplayOptions& options) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options.common, mistakes);
  const InputOptions input = input_options(options.common, settings, mistakes);
  const std::vector<RuleText> texts = rule_texts(options.common, settings, mistakes);
  GeoDatabases databases = open_geo(options.common, settings, mistakes);
  DiskLoader loader;
  SetFiles set_files(loader);
  const HashKey key = hash_key(options.common, mistakes);
  const RuleSet rules(texts, key, mistakes, &set_files, settings.overrides());
  PipelineOptions pipeline_options;
  ExceptionSet exceptions = load_exceptions(options.common, settings, rules, set_files, mistakes);
  pipeline_options.exceptions = &exceptions;
  pipeline_options.now = clock_now();
  pipeline_options.min_score = options.min_score;
  pipeline_options.budget_per_day = options.budget > 0 ? options.budget : settings.budget_per_day;
  if (!options.alerts_from.empty()) {
    const std::optional<TimeUs> from = parse_time(options.alerts_from);
    if (from) {
      pipeline_options.alerts_from = *from;
    } else {
      mistakes.push_back({"--alerts-from",
                          "expected a time such as 2026-11-20 or "
                          "2026-11-20T08:15:00Z, not \"" +
                              options.alerts_from + "\""});
    }
  }
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  Result<Baseline> baseline = start_baseline(options, settings, key);
  if (!baseline) {
    print_errors({baseline.error()});
    return kExitUnreadable;
  }

  OutputOptions output_options;
  output_options.text = options.common.format == "text";
  output_options.colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  output_options.file = stdout;
  const std::unique_ptr<Output> output =
      find_plugin(output_plugins(), "stdout")->make(output_options);
  Printer printer(*output, options.scores);
  Pipeline pipeline(rules, baseline.value(), printer, pipeline_options);
  GeoEnricher enricher(databases, pipeline);
  InputSet inputs(first_files(options.common), input);
  Progress progress(inputs, options.quiet);
  // A watch goes on for weeks: databases and set files that were renewed are taken up.
  const auto renew = [&](TimeUs now) {
    pipeline.set_clock(now);
    std::vector<Error> faults = enricher.refresh(now);
    set_files.reload_if_changed(now, faults);
    print_warnings(faults);
  };
  const ReadHooks hooks{.begin = renew,
                        .finish = [&] { pipeline.finish(); },
                        .flush = [&] { return printer.flush(); }};
  int status = read_inputs(options.common, inputs, enricher, progress, hooks);
  if (!options.baseline_out.empty()) {
    const Status saved = write_baseline_file(options.baseline_out, baseline.value());
    if (!saved) {
      print_errors({saved.error()});
      status = kExitUnreadable;
    }
  }
  if (!options.exception_report.empty()) {
    std::string report;
    append_exception_report(exceptions, report);
    const Status saved = write_text(options.exception_report, report);
    if (!saved) {
      print_errors({saved.error()});
      status = kExitUnreadable;
    }
  }
  if (!options.quiet) {
    std::string geo;
    append_geo_summary(databases, enricher.counts(), geo);
    append_geo_off(databases, rules, geo);
    print_summary(inputs, pipeline, rules, exceptions, baseline.value(), geo, progress.seconds());
  }
  return status;
}

}  // namespace

void add_replay(CLI::App& app, Run& run) {
  auto typed = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay", "Scores recorded logs: alerts on stdout, progress and summary on stderr");
  command->footer(
      "Examples:\n"
      "  doorward-agent replay --format text /var/log/auth.log*\n"
      "  doorward-agent replay --alerts-from 2026-11-01 auth.log.2.gz auth.log.1 auth.log "
      "audit.log\n"
      "  zcat old/*.gz | doorward-agent replay --baseline-out learned.dwbl -");
  add_input_options(*command, typed->common);
  add_format_option(*command, typed->common);
  add_rule_options(*command, typed->common);
  add_policy_option(*command, typed->common);
  add_geo_option(*command, typed->common);
  add_exception_options(*command, typed->common);
  add_key_option(*command, typed->common.key);
  command
      ->add_option("--exception-report", typed->exception_report,
                   "Write what each exception silenced, for check --exception-report")
      ->type_name("FILE");
  command
      ->add_option("--alerts-from", typed->alerts_from,
                   "Only learn from events before this time (2026-11-20 or 2026-11-20T08:15:00Z)")
      ->type_name("TIME");
  command->add_flag("--scores", typed->scores,
                    "Print every scored event with its p-values instead of alerts");
  command->add_option("--min-score", typed->min_score, "Leave out alerts below this score")
      ->check(CLI::Range(0, 100))
      ->type_name("0..100");
  command
      ->add_option("--budget", typed->budget,
                   "False alerts a day to expect; thresholds follow from it (docs/tuning.md)")
      ->check(CLI::Range(kBudgetMin, kBudgetMax))
      ->type_name("N");
  command
      ->add_option("--baseline-in", typed->baseline_in,
                   "Begin with this baseline, or an agent's state")
      ->type_name("FILE");
  command->add_option("--baseline-out", typed->baseline_out, "Write the baseline learned")
      ->type_name("FILE");
  command->add_option("--memory", typed->memory_mib, "Size of a new baseline (default 8)")
      ->check(CLI::Range(1, 1024))
      ->excludes("--baseline-in")
      ->type_name("MiB");
  command->add_flag("-q,--quiet", typed->quiet, "No progress and no summary on stderr");
  command->callback([typed, &run] { run = [typed] { return run_replay(*typed); }; });
}

}  // namespace doorward
