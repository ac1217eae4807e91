#include "agent/daemon/daemon.h"

#include <csignal>
#include <memory>
#include <utility>

#include "agent/daemon/running_daemon.h"
#include "agent/memory.h"
#include "plugins/program_log.h"

namespace doorward {
namespace {

/// One life of the agent; `takeover` says with what the next one begins.
int run_once(const CommonOptions& options, std::optional<FleetTakeover>& takeover) {
  std::vector<Error> mistakes;
  Configuration configuration = read_configuration(options, mistakes);
  program_log::init("doorward-agent", configuration.settings.daemon.log_level);
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const std::string state_dir = configuration.settings.daemon.state_dir;
  Result<std::unique_ptr<StateKeeper>> keeper = StateKeeper::open(state_dir);
  if (!keeper) {
    print_errors({keeper.error()});
    return kExitUnreadable;
  }
  if (takeover) {
    const Status taken = take_over(state_dir, *std::exchange(takeover, std::nullopt), clock_now());
    if (!taken) {
      print_errors({taken.error()});
      return kExitUnreadable;
    }
  }
  Result<std::optional<FleetIdentity>> identity = read_fleet_identity(state_dir);
  if (!identity) {
    print_errors({identity.error()});
    return kExitUnreadable;
  }
  const Result<HashKey> key = keeper.value()->key();
  if (!key) {
    print_errors({key.error()});
    return kExitUnreadable;
  }
  std::unique_ptr<Engine> engine =
      Engine::make(options, configuration.settings, key.value(), mistakes);
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  std::size_t bytes = static_cast<std::size_t>(configuration.settings.memory_mib) << 20U;
  if (identity.value() && identity.value()->baseline_bytes != 0) {
    bytes = identity.value()->baseline_bytes;
  }
  Result<StateKeeper::Loaded> loaded = keeper.value()->load(key.value(), bytes);
  if (!loaded) {
    print_errors({loaded.error()});
    return kExitUnreadable;
  }
  RunningDaemon daemon(options, std::move(configuration), std::move(keeper).value(), key.value());
  if (const Status started =
          daemon.start(std::move(engine), std::move(loaded).value(), std::move(identity).value());
      !started) {
    print_errors({started.error()});
    return kExitUnreadable;
  }
  daemon.run();
  takeover = daemon.takeover();
  return kExitDone;
}

}  // namespace

int run_daemon(const CommonOptions& options) {
  keep_little_memory();
  std::optional<FleetTakeover> takeover;
  int status = kExitDone;
  do {
    status = run_once(options, takeover);
  } while (takeover);
  return status;
}

}  // namespace doorward
