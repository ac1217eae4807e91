// doorward-agent check: validates configuration, rules and exceptions without starting anything.
#include <cstdio>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/daemon/configuration.h"
#include "agent/fleet_policy.h"
#include "agent/load_exceptions.h"
#include "agent/options.h"
#include "plugins/count_words.h"
#include "plugins/exceptions/exception_review.h"
#include "plugins/printable.h"
#include "plugins/set_files.h"
#include "plugins/timezone.h"

namespace doorward {
namespace {

constexpr std::size_t kReportBytesMax = std::size_t{1024} * 1024;

int run_check(const CommonOptions& options, const std::string& report) {
  std::vector<Error> mistakes;
  const Configuration configuration = read_configuration(options, mistakes);
  const Settings& settings = configuration.settings;
  if (!settings.timezone.empty()) {
    const Result<TimeZone> zone = TimeZone::parse(settings.timezone);
    if (!zone) mistakes.push_back({"timezone", zone.error().message()});
  }
  const std::vector<RuleText> texts = rule_texts(options, settings, mistakes);
  const GeoDatabases databases = open_geo(options, settings, mistakes);
  DiskLoader loader;
  SetFiles set_files(loader);
  const RuleSet rules(texts, HashKey{}, mistakes, &set_files, settings.overrides());
  ExceptionSet exceptions = load_exceptions(options, settings, rules, set_files, mistakes);
  if (!report.empty()) {
    const Result<std::string> text = loader.read(report, kReportBytesMax);
    if (text) {
      read_exception_report(text.value(), report, exceptions, mistakes);
    } else {
      mistakes.push_back(text.error());
    }
  }
  print_errors(mistakes);
  print_fleet_policy(settings);
  for (const std::string& database : databases.describe()) {
    std::printf("geography: %s\n", printable(database).c_str());
  }
  for (const OutputSettings& output : configuration.outputs) {
    std::printf("output: %s\n", printable(output.name).c_str());
  }
  const std::vector<Error> warnings = review_exceptions(exceptions, rules, clock_now());
  print_warnings(warnings);
  std::printf("%zu rules, ", rules.size());
  if (!rules.left_out().empty()) std::printf("%zu left out, ", rules.left_out().size());
  if (exceptions.size() > 0) {
    std::printf("%s, ", counted(exceptions.size(), "exception").c_str());
  }
  std::printf("%s", counted(mistakes.size(), "mistake").c_str());
  if (!warnings.empty()) {
    std::printf(", %s", counted(warnings.size(), "warning").c_str());
  }
  std::printf("\n");
  return mistakes.empty() ? kExitDone : kExitUsage;
}

}  // namespace

void add_check(CLI::App& app, Run& run) {
  struct Typed {
    CommonOptions common;
    std::string report;
  };
  auto typed = std::make_shared<Typed>();
  CLI::App* command = app.add_subcommand(
      "check", "Validates configuration, rules and exceptions; file:line for every mistake");
  add_rule_options(*command, typed->common);
  add_policy_option(*command, typed->common);
  add_exception_options(*command, typed->common);
  command
      ->add_option("--exception-report", typed->report,
                   "What the exceptions silenced (replay --exception-report): warns of those that "
                   "have not matched for 30 days")
      ->type_name("FILE");
  command->callback(
      [typed, &run] { run = [typed] { return run_check(typed->common, typed->report); }; });
}

}  // namespace doorward
