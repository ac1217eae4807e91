// doorward-server run: the program's main thread, which owns everything else.
#pragma once

#include <string>

namespace doorward {

/// Runs until SIGTERM or SIGINT; SIGHUP takes up log level, outputs and retention. `config_file`:
/// as for read_server_settings(). The exit status: 0 after a signal, 1 when the configuration is
/// not accepted, 2 when the store, the keys or a socket cannot be opened.
///
///     main thread       signals, watchdog, the spool and its outputs
///     core's thread     truth: proposals, commits, folds (server/core/core.h)
///     wire threads (2)  TLS and frames of agents (server/session)
int run_server(const std::string& config_file);

}  // namespace doorward
