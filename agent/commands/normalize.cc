// doorward-agent normalize: the events found in logs, one ECS document a line.
#include <array>
#include <cstdio>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/geo_enricher.h"
#include "agent/options.h"
#include "agent/progress.h"
#include "agent/reading.h"
#include "agent/summary.h"
#include "plugins/block_writer.h"
#include "plugins/ecs_document.h"
#include "plugins/printable.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

class Printer final : public EventSink {
 public:
  explicit Printer(bool text) : text_(text) {}

  void on_event(const Event& event) override {
    ++counts_[static_cast<std::size_t>(event.outcome)];
    if (text_) {
      append_text(event);
    } else {
      append_event_document(event, out_.buffer());
    }
    out_.end_line();
  }
  bool flush() { return out_.flush(); }
  [[nodiscard]] std::uint64_t count(Outcome outcome) const {
    return counts_[static_cast<std::size_t>(outcome)];
  }

 private:
  void append_text(const Event& event) {
    const auto put = [&](std::string_view text, std::size_t width) {
      const std::string shown = text.empty() ? "-" : printable(text);
      out_.buffer() += shown;
      out_.buffer().append(shown.size() < width ? width - shown.size() + 1 : 1, ' ');
    };
    put(format_time(event.time), 27);
    put(outcome_name(event.outcome), 7);
    put(event[Field::event_action], 13);
    put(event[Field::host_name], 14);
    put(event[Field::user_name], 16);
    put(event[Field::user_effective_name], 10);
    put(event[Field::source_address], 20);
    put(event[Field::method], 10);
  }

  bool text_;
  BlockWriter out_{stdout};
  std::array<std::uint64_t, 3> counts_{};
};

int run_normalize(const CommonOptions& options, bool quiet) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options, mistakes);
  InputOptions input = input_options(options, settings, mistakes);
  input.keep_order = true;
  GeoDatabases databases = open_geo(options, settings, mistakes);
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  InputSet inputs(first_files(options), input);
  Printer printer(options.format == "text");
  GeoEnricher enricher(databases, printer);
  Progress progress(inputs, quiet);
  const ReadHooks hooks{.begin = [&](TimeUs now) { print_warnings(enricher.refresh(now)); },
                        .finish = {},
                        .flush = [&] { return printer.flush(); }};
  const int status = read_inputs(options, inputs, enricher, progress, hooks);
  if (!quiet) {
    std::string out;
    append_input_summary(inputs, progress.seconds(), out);
    append_event_summary(printer.count(Outcome::success), printer.count(Outcome::failure),
                         printer.count(Outcome::unknown), inputs.twins(), out);
    append_skip_summary(inputs, out);
    append_geo_summary(databases, enricher.counts(), out);
    std::fputs(out.c_str(), stderr);
  }
  return status;
}

}  // namespace

void add_normalize(CLI::App& app, Run& run) {
  struct Typed {
    CommonOptions common;
    bool quiet = false;
  };
  auto typed = std::make_shared<Typed>();
  CLI::App* command =
      app.add_subcommand("normalize", "The logon attempts found in logs, one ECS document a line");
  command->footer(
      "Examples:\n"
      "  doorward-agent normalize /var/log/auth.log /var/log/audit/audit.log\n"
      "  doorward-agent normalize --watch /srv/cloudtrail/AWSLogs\n"
      "  doorward-agent normalize --source auditd --host db-04 - < audit.log");
  add_input_options(*command, typed->common);
  add_format_option(*command, typed->common);
  add_geo_option(*command, typed->common);
  command->add_flag("-q,--quiet", typed->quiet, "No progress and no summary on stderr");
  command->callback(
      [typed, &run] { run = [typed] { return run_normalize(typed->common, typed->quiet); }; });
}

}  // namespace doorward
