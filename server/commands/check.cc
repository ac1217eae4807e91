// doorward-server check: validates server.toml without starting anything.
#include <cstdio>
#include <memory>
#include <string>

#include "plugins/count_words.h"
#include "plugins/printable.h"
#include "server/commands/commands.h"
#include "server/core/settings.h"

namespace doorward {
namespace {

int run_check(const std::string& file) {
  std::vector<Error> mistakes;
  const ServerSettings settings = read_server_settings(file, mistakes);
  print_server_errors(mistakes);
  std::printf("configuration: %s\n",
              settings.file.empty() ? "none, the defaults" : printable(settings.file).c_str());
  std::printf("data: %s\nagents: %s\nAPI: %s\n", printable(settings.data_dir).c_str(),
              printable(settings.agents_listen).c_str(), printable(settings.api_listen).c_str());
  for (const OutputSettings& output : settings.outputs) {
    std::printf("output: %s to %s\n", printable(output.name).c_str(),
                printable(output.sink.target).c_str());
  }
  std::printf("%s\n", counted(mistakes.size(), "mistake").c_str());
  return mistakes.empty() ? kServerExitDone : kServerExitUsage;
}

}  // namespace

void add_check(CLI::App& app, Run& run) {
  auto file = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("check", "Validates server.toml; file:line for every mistake");
  command->add_option("-c,--config", *file, "Default: /etc/doorward/server.toml if it is there")
      ->type_name("FILE");
  command->callback([file, &run] { run = [file] { return run_check(*file); }; });
}

}  // namespace doorward
