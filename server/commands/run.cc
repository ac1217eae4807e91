// doorward-server run: the daemon.
#include <memory>
#include <string>

#include "server/commands/commands.h"
#include "server/daemon/server_daemon.h"

namespace doorward {

void add_run(CLI::App& app, Run& run) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("run", "Serves the fleet: the daemon that systemd starts");
  command->footer(
      "Needs what `doorward-server init` makes.\n\n"
      "Signals: SIGTERM ends it in order, SIGHUP takes up log level, outputs and retention.\n"
      "Example:\n  doorward-server init; systemctl start doorward-server");
  command->add_option("-c,--config", *file, "Default: /etc/doorward/server.toml if it is there")
      ->type_name("FILE");
  command->callback([file, &run] { run = [file] { return run_server(*file); }; });
}

}  // namespace doorward
