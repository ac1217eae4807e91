// doorward-agent run: the program's main thread, which owns everything but the hot path.
#pragma once

#include <string>

#include "agent/options.h"

namespace doorward {

/// Runs until SIGTERM or SIGINT; SIGHUP takes up a new configuration. The exit status: 0 after a
/// signal, 1 when the configuration is not accepted, 2 when the state or a socket cannot be opened.
///
///     pipeline thread   logs -> events -> alerts, as documents, by way of this thread's queue
///     this thread       spool, outputs, control socket, metrics, watchdog, signals
///     state thread      writes a snapshot to disk, now and then
///
/// Saved together (design.md 6.3): a snapshot is taken between two lines; all documents made before
/// it are in the spool, and the spool on disk, before it is written. So whatever is killed when, a
/// line is learned once, and what is told again has the id it had.
int run_daemon(const CommonOptions& options);

}  // namespace doorward
