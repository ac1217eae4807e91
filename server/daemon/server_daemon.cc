#include "server/daemon/server_daemon.h"

#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "plugins/count_words.h"
#include "plugins/program_log.h"
#include "proto/versions.h"
#include "server/api/api.h"
#include "server/api/http.h"
#include "server/authority/authority.h"
#include "server/commands/commands.h"
#include "server/core/core.h"
#include "server/daemon/alert_fan_out.h"
#include "server/daemon/fit_duty.h"
#include "server/daemon/issue.h"
#include "server/rules/fleet_rules.h"
#include "server/session/agent_sessions.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// After SIGTERM the outputs get this long for what they have not delivered; it stays in the spool.
constexpr std::chrono::milliseconds kDrainMax{2500};
/// A core that has not answered for so long is stuck: the watchdog is not fed any more.
constexpr int kStuckSeconds = 20;
/// A server that starts waits so long for a command that has opened the store, and looks this
/// often.
constexpr std::chrono::seconds kStoreWait{10};
constexpr std::chrono::milliseconds kStoreLook{50};
/// While the log is folded at the start, systemd is told this often that it goes on.
constexpr auto kStartNote = "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=reading the log, %d %%";

class ServerDaemon {
 public:
  ServerDaemon(std::string config_file, ServerSettings settings)
      : config_file_(std::move(config_file)), settings_(std::move(settings)) {}
  ~ServerDaemon() {
    if (core_) core_->stop();  // its thread calls the others
  }
  ServerDaemon(const ServerDaemon&) = delete;
  ServerDaemon& operator=(const ServerDaemon&) = delete;

  /// Everything is opened in the order in which one needs the other; what could not be is the
  /// Error.
  Status start();
  void run() { io_.run(); }

 private:
  Status open_core();
  Status open_api(const Authority& authority);
  void every_second();
  void wait_for_signal();
  void reload();
  void stop();

  std::string config_file_;
  ServerSettings settings_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
  asio::steady_timer second_{io_};
  std::unique_ptr<Core> core_;
  std::unique_ptr<FleetRules> rules_;
  std::unique_ptr<AlertFanOut> fan_out_;
  std::unique_ptr<FitDuty> fit_duty_;
  std::unique_ptr<AgentSessions> sessions_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<ApiServer> api_server_;
  std::uint64_t last_at_start_ = 0;
  std::shared_ptr<std::atomic<int>> unanswered_ = std::make_shared<std::atomic<int>>(0);
  bool stuck_told_ = false;
};

/// A descriptor an agent: as many as the system lets us have.
void raise_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Status ServerDaemon::start() {
  Result<Authority> authority = Authority::open(settings_.data_dir);
  if (!authority) {
    return Error{authority.error().where,
                 authority.error().what + " (doorward-server init makes what is needed)"};
  }
  if (authority.value().renewed()) program_log::info("the server's certificate was renewed");
  if (Status opened = open_core(); !opened) return opened;
  Result<std::unique_ptr<FleetRules>> rules = FleetRules::make(*core_, settings_);
  if (!rules) return rules.error();
  rules_ = std::move(rules).value();
  fit_duty_ = std::make_unique<FitDuty>(*core_);
  core_->every_second([this](FleetView& view) { fit_duty_->second(view); });
  fan_out_ = std::make_unique<AlertFanOut>(io_, *core_, settings_.data_dir);
  SessionTerms terms = session_terms(settings_);
  terms.fleet_rules = builtin_fleet_rules();
  Result<Der> der = der_of(authority.value().authority());
  if (!der) return der.error();
  terms.authority = std::move(der).value();
  Result<std::shared_ptr<WireTls>> tls = WireTls::server(
      authority.value().authority(), authority.value().certificate(), authority.value().key());
  if (!tls) return tls.error();
  if (Status opened = open_api(authority.value()); !opened) return opened;
  terms.issue = issue_with(std::make_shared<const Authority>(std::move(authority).value()),
                           settings_.certificate_days);
  sessions_ = AgentSessions::make(*core_, std::move(terms));
  core_->start();
  if (Status opened = fan_out_->open(settings_, last_at_start_); !opened) return opened;
  WireListener::Options options;
  options.listen = settings_.agents_listen;
  options.connections_max = static_cast<std::size_t>(settings_.connections_max);
  if (Status opened = sessions_->open(std::move(tls).value(), options); !opened) return opened;
  std::string version = versions("doorward-server");
  version = version.substr(0, version.find('\n'));
  program_log::info(version + ": agents on " + settings_.agents_listen + " (port " +
                    std::to_string(sessions_->port()) + "), " +
                    counted(settings_.outputs.size(), "output"));
  wait_for_signal();
  every_second();
  sd_notify(0, "READY=1\nSTATUS=serving");
  return {};
}

Status ServerDaemon::open_core() {
  Result<Store> store = open_store(settings_.data_dir);
  // Between two lives of the server a command may have the store for a moment.
  const auto until = std::chrono::steady_clock::now() + kStoreWait;
  while (!store && store_is_in_use(store.error()) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kStoreLook);
    store = open_store(settings_.data_dir);
  }
  if (!store) return store.error();
  Result<std::unique_ptr<Core>> core =
      Core::open(settings_, std::move(store).value(),
                 [](double share) { sd_notifyf(0, kStartNote, static_cast<int>(share * 100)); });
  if (!core) return core.error();
  core_ = std::move(core).value();
  core_->ask([this](FleetView& view) {
    const Result<std::uint64_t> last = view.log.last();
    last_at_start_ = last ? last.value() : 0;
  });
  core_->run_pending();
  return {};
}

Status ServerDaemon::open_api(const Authority& authority) {
  api_ = Api::make(*core_, {settings_.data_dir, fingerprint_of(authority.authority())});
  Result<std::unique_ptr<ApiServer>> server =
      ApiServer::open(io_, *api_, *core_, settings_,
                      {&authority.authority(), &authority.certificate(), &authority.key()});
  if (!server) return server.error();
  api_server_ = std::move(server).value();
  return {};
}

void ServerDaemon::every_second() {
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](ErrorCode error) {
    if (!error) every_second();
  });
  if (unanswered_->fetch_add(1) < kStuckSeconds) {
    sd_notify(0, "WATCHDOG=1");
  } else if (!std::exchange(stuck_told_, true)) {
    program_log::error("the core does not answer; the watchdog is not fed any more");
  }
  core_->ask([this, answered = unanswered_](FleetView&) {
    answered->store(0);
    for (const Error& error : rules_->take_errors()) program_log::warning(error.message());
  });
}

void ServerDaemon::wait_for_signal() {
  signals_.async_wait([this](ErrorCode error, int signal) {
    if (error) return;
    if (signal != SIGHUP) return stop();
    reload();
    wait_for_signal();
  });
}

/// All of the new settings are checked before any of the old ones go.
void ServerDaemon::reload() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  sd_notifyf(
      0, "RELOADING=1\nMONOTONIC_USEC=%lld",
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(since).count()));
  std::vector<Error> mistakes;
  ServerSettings next = read_server_settings(config_file_, mistakes);
  if (!mistakes.empty()) {
    for (const Error& mistake : mistakes) program_log::error(mistake.message());
    program_log::error("the new settings are refused; those before stay in force");
    sd_notify(0, "READY=1\nSTATUS=serving; the newest settings were refused");
    return;
  }
  for (const std::string& key : settings_that_need_a_restart(settings_, next)) {
    program_log::warning("a change of " + key + " needs a restart");
  }
  settings_.text = next.text;
  settings_.log_level = next.log_level;
  settings_.alerts_days = next.alerts_days;
  settings_.alerts_max = next.alerts_max;
  settings_.audit_days = next.audit_days;
  settings_.fit = next.fit;
  settings_.outputs = next.outputs;
  settings_.spool_mib = next.spool_mib;
  program_log::init("doorward-server", settings_.log_level);
  core_->reload(settings_);
  if (const Status opened = fan_out_->open(settings_, last_at_start_); !opened) {
    // It was checked, but the world may have changed since.
    program_log::error("outputs: " + opened.error().message());
    return stop();
  }
  program_log::info("new settings in force");
  sd_notify(0, "READY=1\nSTATUS=serving");
}

void ServerDaemon::stop() {
  sd_notify(0, "STOPPING=1");
  program_log::info("stopping");
  second_.cancel();
  signals_.cancel();
  api_server_->close();
  sessions_->close();
  core_->ask([this](FleetView& view) { rules_->save(view); });
  core_->stop();
  // Behind what the core has posted to this thread.
  asio::post(io_, [this] { fan_out_->stop(kDrainMax, [this] { io_.stop(); }); });
}

}  // namespace

int run_server(const std::string& config_file) {
  std::vector<Error> mistakes;
  ServerSettings settings = read_server_settings(config_file, mistakes);
  program_log::init("doorward-server", settings.log_level);
  if (!mistakes.empty()) {
    print_server_errors(mistakes);
    return kServerExitUsage;
  }
  // What to do is known, and to try again is of no use: the unit does not restart after this.
  if (access((settings.data_dir + "/" + kAuthorityKeyFile).c_str(), F_OK) != 0 && errno == ENOENT) {
    print_server_errors({{settings.data_dir,
                          "there is no server yet; make one: doorward-server init --name "
                          "NAME.OF.THIS.HOST"}});
    return kServerExitUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptors();
  ServerDaemon daemon(config_file, std::move(settings));
  if (const Status started = daemon.start(); !started) {
    print_server_errors({started.error()});
    return kServerExitFailed;
  }
  daemon.run();
  return kServerExitDone;
}

}  // namespace doorward
