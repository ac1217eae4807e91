// doorward-agent check: validates configuration and rules without starting anything.
#include <cstdio>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "plugins/printable.h"
#include "plugins/set_files.h"
#include "plugins/timezone.h"

namespace doorward {
namespace {

int run_check(const CommonOptions& options) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options, mistakes);
  if (!settings.timezone.empty()) {
    const Result<TimeZone> zone = TimeZone::parse(settings.timezone);
    if (!zone) mistakes.push_back({"timezone", zone.error().message()});
  }
  const std::vector<RuleText> texts = rule_texts(options, settings, mistakes);
  const GeoDatabases databases = open_geo(options, settings, mistakes);
  DiskLoader loader;
  SetFiles set_files(loader);
  const RuleSet rules(texts, HashKey{}, mistakes, &set_files);
  print_errors(mistakes);
  for (const std::string& database : databases.describe()) {
    std::printf("geography: %s\n", printable(database).c_str());
  }
  std::printf("%zu rules, %zu mistake%s\n", rules.size(), mistakes.size(),
              mistakes.size() == 1 ? "" : "s");
  return mistakes.empty() ? kExitDone : kExitUsage;
}

}  // namespace

void add_check(CLI::App& app, Run& run) {
  auto typed = std::make_shared<CommonOptions>();
  CLI::App* command =
      app.add_subcommand("check", "Validates configuration and rules; file:line for every mistake");
  add_rule_options(*command, *typed);
  command->callback([typed, &run] { run = [typed] { return run_check(*typed); }; });
}

}  // namespace doorward
