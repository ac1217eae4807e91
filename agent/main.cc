// doorward-agent: the command line.
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

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

/// What was typed, the last word first, as CLI11 takes it. Tokens are overwritten where ps finds
/// them.
std::vector<std::string> take_arguments(int argc, char** argv) {
  constexpr std::string_view kSecret = "--token";
  if (argc < 1) return {};
  std::vector<std::string> out(argv + 1, argv + argc);
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == kSecret && i + 1 < argc) {
      std::memset(argv[i + 1], 'x', std::strlen(argv[i + 1]));
    } else if (word.starts_with("--token=")) {
      std::memset(argv[i] + kSecret.size() + 1, 'x', word.size() - kSecret.size() - 1);
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): an exception nobody expects aborts
int main(int argc, char** argv) {
  std::vector<std::string> typed = take_arguments(argc, argv);
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
  doorward::add_enroll(app, run);
  doorward::add_replay(app, run);
  doorward::add_normalize(app, run);
  doorward::add_explain(app, run);
  doorward::add_rules(app, run);
  doorward::add_baseline(app, run);
  doorward::add_check(app, run);
  doorward::add_audit_relay(app, run);
  if (!typed.empty() && !typed.back().starts_with('-') && !has_command(app, typed.back())) {
    std::fprintf(stderr, "doorward-agent: error: no command \"%s\"\nTry: doorward-agent --help\n",
                 typed.back().c_str());
    return doorward::kExitUsage;
  }
  try {
    app.parse(std::move(typed));
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "doorward-agent: error: %s\nTry: doorward-agent --help\n", error.what());
    return doorward::kExitUsage;
  }
  return run();
}
