// doorward-server: the command line. Its work (enrolment, policy, merging baselines, collecting
// alerts) is not in this version yet; the program exists so that both ends are built and packaged
// alike from the first day.
#include <sodium.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "proto/versions.h"

// NOLINTNEXTLINE(bugprone-exception-escape): an exception nobody expects aborts
int main(int argc, char** argv) {
  if (sodium_init() < 0) {
    std::fputs("doorward-server: error: libsodium does not start\n", stderr);
    return 1;
  }
  CLI::App app(
      "The central server of a Doorward fleet. This version has no commands yet: agents work\n"
      "alone, and `doorward-agent baseline merge` adds their baselines.",
      "doorward-server");
  app.set_version_flag("--version", [] { return doorward::versions("doorward-server"); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "doorward-server: error: %s\nTry: doorward-server --help\n", error.what());
    return 1;
  }
  std::fputs(app.help().c_str(), stdout);
  return 0;
}
