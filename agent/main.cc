// doorward-agent: the command line.
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "proto/versions.h"

namespace {

constexpr const char* kAbout =
    "Finds unusual logons in this host's logs, in milliseconds and from megabytes.\n\n"
    "Try:\n"
    "  doorward-agent replay --format text /var/log/auth.log*\n"
    "  doorward-agent normalize /var/log/audit/audit.log\n"
    "  doorward-agent rules show unusual_logon\n";

constexpr const char* kFooter =
    "Exit status: 0 done, 1 usage or configuration, 2 an input could not be read (the others "
    "were).";

bool has_command(const CLI::App& app, std::string_view name) {
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(all.begin(), all.end(),
                     [&](const CLI::App* command) { return command->get_name() == name; });
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): an exception nobody expects aborts
int main(int argc, char** argv) {
  if (sodium_init() < 0) {
    std::fputs("doorward-agent: error: libsodium does not start\n", stderr);
    return doorward::kExitUsage;
  }
  CLI::App app(kAbout, "doorward-agent");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", [] { return doorward::versions("doorward-agent"); });
  doorward::Run run;
  doorward::add_run(app, run);
  doorward::add_status(app, run);
  doorward::add_replay(app, run);
  doorward::add_normalize(app, run);
  doorward::add_explain(app, run);
  doorward::add_rules(app, run);
  doorward::add_baseline(app, run);
  doorward::add_check(app, run);
  doorward::add_audit_relay(app, run);
  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    std::fprintf(stderr, "doorward-agent: error: no command \"%s\"\nTry: doorward-agent --help\n",
                 argv[1]);
    return doorward::kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "doorward-agent: error: %s\nTry: doorward-agent --help\n", error.what());
    return doorward::kExitUsage;
  }
  return run();
}
