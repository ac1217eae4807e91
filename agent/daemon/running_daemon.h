// The inside of the daemon, for its own files: one life of the running agent.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "agent/daemon/configuration.h"
#include "agent/daemon/fleet_link.h"
#include "agent/daemon/pipeline_thread.h"
#include "agent/daemon/services.h"
#include "agent/daemon/state_keeper.h"
#include "agent/daemon/state_saver.h"
#include "agent/daemon/status_report.h"
#include "agent/fleet/policy_store.h"
#include "plugins/delivery/delivery.h"
#include "plugins/delivery/spool.h"

namespace doorward {

/// The main thread's: signals, sockets, outputs, the fleet; the pipeline and the state have threads
/// of their own.
class RunningDaemon {
 public:
  RunningDaemon(CommonOptions options, Configuration configuration,
                std::unique_ptr<StateKeeper> keeper, HashKey key);

  /// Opens the spool and the sockets, starts everything. Errors: what could not be opened. An
  /// enrolled host has an identity.
  Status start(std::unique_ptr<Engine> engine, StateKeeper::Loaded loaded,
               std::optional<FleetIdentity> identity);
  void run();
  /// What the fleet's server wants to be taken over before the agent starts anew; nothing: it was
  /// stopped.
  [[nodiscard]] const std::optional<FleetTakeover>& takeover() const { return takeover_; }

 private:
  Status open_outputs();
  void take(const SentDocument& document);
  void every_second();
  void feed_watchdog();
  void wait_for_signal();
  /// `policy`: CommonOptions::policy to try. Errors: refused, the configuration before stays.
  Status reload(const std::optional<std::string>& policy = std::nullopt);
  void join_fleet(FleetIdentity identity, const BaselineOptions& baseline);
  void take_policy(std::uint64_t version, const FleetPolicyFiles& files);
  void tell_policy();
  void fill(HeartbeatFacts& facts) const;
  void stop();
  [[nodiscard]] DaemonStatus daemon_status() const;

  CommonOptions options_;
  Configuration configuration_;
  std::unique_ptr<StateKeeper> keeper_;
  HashKey key_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool state_thread_{1};
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
  boost::asio::steady_timer second_{io_};
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<StateSaver> saver_;
  std::unique_ptr<FleetLink> fleet_;       // null: not enrolled
  std::unique_ptr<PolicyStore> policies_;  // of the fleet; null as well
  std::optional<FleetTakeover> takeover_;
  std::atomic<std::size_t> on_the_way_{0};
  std::atomic<std::uint64_t> handover_dropped_{0};
  DaemonStatus status_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point save_due_ = started_;
  bool repeats_refused_ = false;
  bool stopping_ = false;
  std::uint64_t beats_ = 0;
  int seconds_without_beat_ = 0;
  // Last, so that it is gone before anything that its hooks use.
  std::unique_ptr<PipelineThread> pipeline_;
};

}  // namespace doorward
