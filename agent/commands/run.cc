// doorward-agent run: the daemon.
#include <memory>

#include "agent/commands/commands.h"
#include "agent/daemon/daemon.h"
#include "agent/options.h"

namespace doorward {

void add_run(CLI::App& app, Run& run) {
  auto typed = std::make_shared<CommonOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Watches this host's logs: the daemon that systemd starts");
  command->footer(
      "Takes what is there: auth.log, secure or the journal, and auditd's log. Alerts go to\n"
      "/var/log/doorward/alerts.ndjson unless agent.toml names outputs.\n\n"
      "Signals: SIGTERM ends it within 5 s, SIGHUP takes up configuration and rules.\n"
      "Example:\n  systemctl start doorward-agent; doorward-agent status");
  add_rule_options(*command, *typed);
  command->callback([typed, &run] { run = [typed] { return run_daemon(*typed); }; });
}

}  // namespace doorward
