// doorward-agent status: what the running agent reads, finds and delivers.
#include <cstdio>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/daemon/control.h"
#include "agent/options.h"

namespace doorward {
namespace {

int run_status(const CommonOptions& options, bool json) {
  // A mistake in the file is no reason not to ask the agent that runs without it.
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options, mistakes);
  print_warnings(mistakes);
  const Result<std::string> answer =
      ask_agent(settings.daemon.socket(), status_question({.text = !json}));
  if (!answer) {
    print_errors({answer.error()});
    return kExitUnreadable;
  }
  std::fputs(answer.value().c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_status(CLI::App& app, Run& run) {
  struct Typed {
    CommonOptions common;
    bool json = false;
  };
  auto typed = std::make_shared<Typed>();
  CLI::App* command = app.add_subcommand(
      "status", "Asks the running agent: logs and lag, events, alerts, spool, memory");
  command->footer(
      "Example:\n  doorward-agent status\n\n"
      "For root and the group doorward. Exit status 2 when no agent answers.");
  command->add_flag("--json", typed->json, "One JSON object");
  command
      ->add_option("-c,--config", typed->common.config,
                   "Configuration of the agent (default: /etc/doorward/agent.toml if it exists)")
      ->type_name("FILE");
  command->callback(
      [typed, &run] { run = [typed] { return run_status(typed->common, typed->json); }; });
}

}  // namespace doorward
