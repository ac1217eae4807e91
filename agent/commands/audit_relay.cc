// doorward-agent audit-relay: run by auditd as its plugin, or beside it at its socket.
#include "agent/audit_relay.h"

#include <memory>

#include "agent/commands/commands.h"

namespace doorward {

void add_audit_relay(CLI::App& app, Run& run) {
  auto options = std::make_shared<RelayOptions>();
  CLI::App* command = app.add_subcommand(
      "audit-relay", "Takes audit records from auditd and queues them for the daemon");
  command->footer(
      "Run by auditd (/etc/audit/plugins.d/doorward.conf), records on standard input, or:\n"
      "  doorward-agent audit-relay --socket /run/audit/audispd_events\n"
      "  doorward-agent normalize /var/spool/doorward/audit/audit.log");
  command->add_option("--socket", options->socket, "Socket of auditd's af_unix plugin")
      ->type_name("PATH");
  command->add_option("--folder", options->folder, "Where the queue file is")
      ->type_name("DIR")
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return run_audit_relay(*options); }; });
}

}  // namespace doorward
