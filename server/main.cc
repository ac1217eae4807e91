// doorward-server: the command line.
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "proto/versions.h"
#include "server/commands/commands.h"
#include "server/commands/manage_commands.h"

namespace {

constexpr const char* kAbout =
    "The central server of a Doorward fleet: enrols agents, hands out policy, merges what they\n"
    "learn, collects their alerts.\n\n"
    "Try:\n"
    "  doorward-server init --name doorward.example.com\n"
    "  doorward-server check\n"
    "  systemctl start doorward-server\n";

constexpr const char* kFooter =
    "Exit status: 0 done, 1 usage or configuration, 2 something could not be read, written or "
    "reached.";

bool has_command(const CLI::App& app, std::string_view name) {
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(all.begin(), all.end(),
                     [&](const CLI::App* command) { return command->get_name() == name; });
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): an exception nobody expects aborts
int main(int argc, char** argv) {
  if (sodium_init() < 0) {
    std::fputs("doorward-server: error: libsodium does not start\n", stderr);
    return doorward::kServerExitUsage;
  }
  CLI::App app(kAbout, "doorward-server");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", [] { return doorward::versions("doorward-server"); });
  doorward::Run run;
  doorward::add_init(app, run);
  doorward::add_run(app, run);
  doorward::add_check(app, run);
  doorward::add_manage_commands(app, run);
  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    std::fprintf(stderr, "doorward-server: error: no command \"%s\"\nTry: doorward-server --help\n",
                 argv[1]);
    return doorward::kServerExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "doorward-server: error: %s\nTry: doorward-server --help\n", error.what());
    return doorward::kServerExitUsage;
  }
  return run();
}
