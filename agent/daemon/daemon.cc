#include "agent/daemon/daemon.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include "agent/daemon/configuration.h"
#include "agent/daemon/fleet_link.h"
#include "agent/daemon/log.h"
#include "agent/daemon/pipeline_thread.h"
#include "agent/daemon/services.h"
#include "agent/daemon/state_keeper.h"
#include "agent/daemon/status_report.h"
#include "agent/fleet/policy_store.h"
#include "plugins/delivery/delivery.h"
#include "plugins/delivery/spool.h"
#include "plugins/printable.h"
#include "proto/versions.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using std::chrono::milliseconds;

/// "1 output", "2 outputs"
std::string count_words(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// After SIGTERM the outputs get this long for what they have not delivered; all of it stays in the
/// spool.
constexpr milliseconds kDrainMax{2500};
/// Documents on their way from the pipeline to the spool. At the limit a further one is dropped and
/// counted; the caps of the rules keep far below.
constexpr std::size_t kHandoverMax = 8192;
/// Documents of the time after the saved state are made again at the start, and refused. After this
/// time nothing like it comes any more.
constexpr std::chrono::minutes kRepeatsKept{10};
/// A pipeline that has not come by for so long is stuck: the watchdog is not fed any more.
constexpr int kStuckSeconds = 20;

/// How long the session with the fleet's server may take to end.
constexpr milliseconds kGoodbyeMax{100};

void say_in_log(Loudness loudness, std::string_view text) {
  const std::string line = printable(text);
  if (loudness == Loudness::info) {
    log::info(line);
  } else if (loudness == Loudness::warning) {
    log::warning(line);
  } else {
    log::error(line);
  }
}

/// All sections of a snapshot.
StateSections with_fleet(PipelineThread::Snapshot& snapshot) {
  StateSections sections = std::move(snapshot.sections);
  if (snapshot.fleet) sections[kFleetSection] = snapshot.fleet->encode();
  return sections;
}

class Daemon {
 public:
  Daemon(CommonOptions options, Configuration configuration, std::unique_ptr<StateKeeper> keeper,
         HashKey key);

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
  void save();
  void write(PipelineThread::Snapshot snapshot);
  void saved(const Result<std::uint64_t>& bytes, std::uint64_t head,
             const PipelineThread::Snapshot& snapshot);
  void not_saving();
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
  asio::io_context io_{1};
  asio::thread_pool state_thread_{1};
  asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
  asio::steady_timer second_{io_};
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<FleetLink> fleet_;       // null: not enrolled
  std::unique_ptr<PolicyStore> policies_;  // of the fleet; null as well
  std::optional<FleetTakeover> takeover_;
  std::atomic<std::size_t> on_the_way_{0};
  std::atomic<std::uint64_t> handover_dropped_{0};
  DaemonStatus status_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point save_due_ = started_;
  std::uint64_t spool_head_ = 0;  // of the state that was saved last
  bool repeats_refused_ = false;
  bool saving_ = false;
  bool stopping_ = false;
  std::uint64_t saved_lines_ = UINT64_MAX;
  std::uint64_t saved_changes_ = 0;  // FleetLearning::Image::changes
  std::uint64_t beats_ = 0;
  int seconds_without_beat_ = 0;
  // Last, so that it is gone before anything that its hooks use.
  std::unique_ptr<PipelineThread> pipeline_;
};

Daemon::Daemon(CommonOptions options, Configuration configuration,
               std::unique_ptr<StateKeeper> keeper, HashKey key)
    : options_(std::move(options)),
      configuration_(std::move(configuration)),
      keeper_(std::move(keeper)),
      key_(key) {
  status_.version = versions("doorward-agent");
  status_.version = status_.version.substr(0, status_.version.find('\n'));
  status_.started = status_.configured = clock_now();
  status_.configuration = configuration_.settings.file;
}

Status Daemon::start(std::unique_ptr<Engine> engine, StateKeeper::Loaded loaded,
                     std::optional<FleetIdentity> identity) {
  spool_head_ = loaded.spool_head;
  std::unique_ptr<FleetLearning> learning;
  if (identity) {
    learning = load_learning(loaded.sections, loaded.fresh, loaded.resized, identity->agent,
                             loaded.warnings);
    Result<std::unique_ptr<PolicyStore>> policies =
        PolicyStore::open(configuration_.settings.daemon.state_dir);
    if (!policies) return policies.error();
    policies_ = std::move(policies).value();
    join_fleet(std::move(*identity), loaded.baseline.options());
    tell_policy();
  }
  if (Status opened = open_outputs(); !opened) return opened;
  // Alerts of the time after the saved state are raised once more.
  spool_->refuse_repeats_since(spool_head_);
  repeats_refused_ = true;
  services_ = std::make_unique<Services>(io_, [this] { return daemon_status(); });
  if (Status opened = services_->open(configuration_.settings.daemon); !opened) return opened;
  for (const std::string& warning : loaded.warnings) log::warning(warning);
  if (loaded.fresh) {
    loaded.sections = Engine::first_sections(clock_now());
    if (learning) loaded.sections[kFleetSection] = learning->image().encode();
    const auto saved = keeper_->save(loaded.baseline, loaded.sections, spool_head_);
    if (!saved) return saved.error();
  }
  log::info(status_.version + ": " + count_words(engine->rules().size(), "rule") + ", " +
            count_words(engine->exceptions(), "exception") + ", " +
            count_words(configuration_.outputs.size(), "output") +
            (loaded.fresh ? "; no state yet, it begins to learn" : ""));
  PipelineThread::Hooks hooks;
  hooks.send = [this](SentDocument document) {
    if (on_the_way_.load(std::memory_order_relaxed) >= kHandoverMax) {
      handover_dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    on_the_way_.fetch_add(1, std::memory_order_relaxed);
    asio::post(io_, [this, document = std::move(document)] {
      on_the_way_.fetch_sub(1, std::memory_order_relaxed);
      take(document);
    });
  };
  hooks.say = [](const std::vector<Error>& errors, const std::vector<std::string>& news) {
    for (const std::string& line : news) log::info(printable(line));
    for (const Error& error : errors) log::warning(printable(error.message()));
  };
  pipeline_ = std::make_unique<PipelineThread>(std::move(hooks));
  services_->serve(*pipeline_);
  if (fleet_) fleet_->start(*pipeline_, learning.get());
  pipeline_->start(std::move(engine), std::move(loaded.baseline), std::move(loaded.sections),
                   std::move(learning));
  wait_for_signal();
  save_due_ = started_ + std::chrono::seconds(configuration_.settings.daemon.save_every_s);
  every_second();
  sd_notify(0, "READY=1\nSTATUS=watching");
  return {};
}

Status Daemon::open_outputs() {
  DeliveryEnv env = system_delivery_env();
  env.say = say_in_log;
  const DaemonSettings& settings = configuration_.settings.daemon;
  SpoolOptions options;
  options.folder = settings.spool_dir();
  options.bytes_max = static_cast<std::uint64_t>(settings.spool_mib) << 20U;
  options.keep_from = spool_head_;
  std::vector<OutputSettings> outputs = configuration_.outputs;
  if (fleet_ && settings.server_alerts) fleet_->add_output(outputs);
  for (const OutputSettings& output : outputs) options.readers.push_back(output.name);
  // One after the other: both use the same folder.
  delivery_.reset();
  spool_.reset();
  Result<std::unique_ptr<Spool>> spool = Spool::open(options, env);
  if (!spool) return spool.error();
  spool_ = std::move(spool).value();
  if (repeats_refused_) spool_->refuse_repeats_since(spool_head_);
  delivery_ = std::make_unique<Delivery>(io_, *spool_, outputs, env);
  delivery_->start();
  return {};
}

void Daemon::take(const SentDocument& document) {
  const Spool::Appended appended = spool_->append(
      {document.kind, document.score, document.id, document.occurrences, document.text});
  if (appended == Spool::Appended::stored) delivery_->wake();
}

void Daemon::every_second() {
  if (stopping_) return;
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](ErrorCode error) {
    if (!error) every_second();
  });
  const auto now = std::chrono::steady_clock::now();
  feed_watchdog();
  if (repeats_refused_ && now - started_ > kRepeatsKept) {
    spool_->forget_repeats();
    repeats_refused_ = false;
  }
  if (now >= save_due_) {
    save_due_ = now + std::chrono::seconds(configuration_.settings.daemon.save_every_s);
    save();
  }
}

void Daemon::feed_watchdog() {
  const std::uint64_t beats = pipeline_->beats();
  seconds_without_beat_ = beats == beats_ ? seconds_without_beat_ + 1 : 0;
  beats_ = beats;
  if (seconds_without_beat_ < kStuckSeconds) {
    sd_notify(0, "WATCHDOG=1");
  } else if (seconds_without_beat_ == kStuckSeconds) {
    log::error("the pipeline does not move; the watchdog is not fed any more");
  }
}

void Daemon::wait_for_signal() {
  signals_.async_wait([this](ErrorCode error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      (void)reload();
      wait_for_signal();
      return;
    }
    stop();
  });
}

/// All of the new configuration is read and checked before any of the old one goes.
Status Daemon::reload(const std::optional<std::string>& policy) {
  CommonOptions options = options_;
  if (policy) options.policy = policy;
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  sd_notifyf(
      0, "RELOADING=1\nMONOTONIC_USEC=%lld",
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(since).count()));
  std::vector<Error> mistakes;
  Configuration next = read_configuration(options, mistakes);
  check_unchanged(configuration_, next, mistakes);
  std::unique_ptr<Engine> engine;
  if (mistakes.empty()) engine = Engine::make(options, next.settings, key_, mistakes);
  if (!mistakes.empty()) {
    for (const Error& mistake : mistakes) log::error(printable(mistake.message()));
    log::error("the new configuration is refused; the one before stays in force");
    status_.refused = mistakes.front().message();
    sd_notify(0, "READY=1\nSTATUS=watching; the newest configuration was refused");
    return mistakes.front();
  }
  const bool outputs_changed = next.settings.text != configuration_.settings.text;
  const std::size_t rules = engine->rules().size();
  configuration_ = std::move(next);
  log::init(configuration_.settings.daemon.log_level);
  if (outputs_changed) {
    if (const Status opened = open_outputs(); !opened) {
      // It was checked, but the world may have changed since.
      log::error("outputs: " + opened.error().message());
      stop();
      return opened.error();
    }
  }
  pipeline_->replace(std::move(engine), [this, rules] {
    asio::post(io_, [this, rules] {
      status_.refused.clear();
      status_.configured = clock_now();
      log::info("new configuration in force: " + count_words(rules, "rule") + ", " +
                count_words(configuration_.outputs.size(), "output"));
      sd_notify(0, "READY=1\nSTATUS=watching");
    });
  });
  return {};
}

void Daemon::save() {
  if (saving_ || stopping_) return;
  saving_ = true;
  pipeline_->snapshot(
      fleet_ && fleet_->take_seal_wish(), [this](PipelineThread::Snapshot snapshot) {
        // What was told before the snapshot was posted before it, and is in the spool when this
        // runs.
        auto shared = std::make_shared<PipelineThread::Snapshot>(std::move(snapshot));
        asio::post(io_, [this, shared] { write(std::move(*shared)); });
      });
}

void Daemon::write(PipelineThread::Snapshot snapshot) {
  const std::uint64_t changes = snapshot.fleet ? snapshot.fleet->changes : 0;
  if (snapshot.lines == saved_lines_ && changes == saved_changes_) {
    // Nothing was read since; time alone changes nothing that is worth a write.
    not_saving();
    return;
  }
  if (const Status synced = spool_->sync(); !synced) {
    saved(synced.error(), 0, snapshot);
    return;
  }
  const std::uint64_t head = spool_->head();
  auto shared = std::make_shared<PipelineThread::Snapshot>(std::move(snapshot));
  asio::post(state_thread_, [this, shared, head] {
    Result<std::uint64_t> bytes = keeper_->save(shared->baseline, with_fleet(*shared), head);
    asio::post(io_,
               [this, bytes = std::move(bytes), head, shared] { saved(bytes, head, *shared); });
  });
}

void Daemon::not_saving() {
  saving_ = false;
  if (fleet_ && fleet_->has_seal_wish()) save();
}

void Daemon::saved(const Result<std::uint64_t>& bytes, std::uint64_t head,
                   const PipelineThread::Snapshot& snapshot) {
  saving_ = false;
  if (!bytes) {
    // Said once; status and metrics go on counting.
    if (status_.save_failures++ == 0) {
      log::error("state not saved: " + bytes.error().message() +
                 "; after a restart lines are read again from where it was saved last");
    }
    return;
  }
  status_.saved = clock_now();
  status_.saved_bytes = bytes.value();
  saved_lines_ = snapshot.lines;
  spool_head_ = head;
  spool_->keep_from(head);
  if (snapshot.fleet) {
    saved_changes_ = snapshot.fleet->changes;
    fleet_->saved(*snapshot.fleet);
  }
  not_saving();
}

void Daemon::join_fleet(FleetIdentity identity, const BaselineOptions& baseline) {
  FleetLink::Options options;
  options.baseline = baseline;
  options.session.state_dir = configuration_.settings.daemon.state_dir;
  options.session.version = status_.version;
  options.session.host_name = host_name_of(configuration_.settings.host_name);
  FleetLink::Hooks hooks;
  hooks.save = [this] { save(); };
  hooks.start_anew = [this](const FleetTakeover& takeover) {
    takeover_ = takeover;
    asio::post(io_, [this] { stop(); });
  };
  hooks.fill = [this](HeartbeatFacts& facts) { fill(facts); };
  hooks.on_policy = [this](std::uint64_t version, const FleetPolicyFiles& files) {
    take_policy(version, files);
  };
  hooks.say = say_in_log;
  fleet_ = std::make_unique<FleetLink>(io_, state_thread_, std::move(identity), std::move(options),
                                       std::move(hooks));
}

void Daemon::take_policy(std::uint64_t version, const FleetPolicyFiles& files) {
  PolicyTexts texts;
  for (const auto& [name, text] : files) texts.push_back({name, text});
  const Status taken =
      policies_->offer(version, sorted_policy(std::move(texts)),
                       [this](const std::string& folder) { return reload(folder); });
  if (!taken) {
    log::error("the fleet's policy " + std::to_string(version) +
               " is refused: " + printable(taken.error().message()));
  } else {
    log::info("the fleet's policy " + std::to_string(version) + " is in force");
  }
  tell_policy();
}

void Daemon::tell_policy() {
  for (const std::string& warning : policies_->take_warnings()) log::warning(printable(warning));
  fleet_->set_policy({policies_->version(), policies_->refused(), policies_->reason()});
}

void Daemon::fill(HeartbeatFacts& facts) const {
  const SpoolStatus spool = spool_->status();
  facts.spool_records = spool.records;
  facts.spool_dropped = spool.dropped + handover_dropped_.load(std::memory_order_relaxed);
  facts.rss_bytes = resident_bytes();
}

void Daemon::run() {
  io_.run();
  if (!fleet_) return;
  // The session says goodbye.
  fleet_->stop();
  io_.restart();
  io_.run_for(kGoodbyeMax);
}

void Daemon::stop() {
  if (std::exchange(stopping_, true)) return;
  if (!takeover_) sd_notify(0, "STOPPING=1");
  log::info(takeover_ ? "starting anew" : "stopping");
  second_.cancel();
  // Alerts wait for a server that is not there; one that is gets them now.
  if (fleet_ && !fleet_->connected()) fleet_->stop();
  services_->stop_answering();
  std::optional<PipelineThread::Snapshot> last = pipeline_->stop();
  state_thread_.join();
  // Documents that the pipeline sent before it ended are queued before this.
  asio::post(
      io_,
      [this, shared = std::make_shared<std::optional<PipelineThread::Snapshot>>(std::move(last))] {
        if (*shared) {
          const Status synced = spool_->sync();
          const Result<std::uint64_t> bytes =
              synced ? keeper_->save((*shared)->baseline, with_fleet(**shared), spool_->head())
                     : Result<std::uint64_t>(synced.error());
          if (!bytes) log::error("state not saved: " + bytes.error().message());
        }
        delivery_->stop(kDrainMax, [this] {
          services_->close();
          signals_.cancel();
          io_.stop();
        });
      });
}

DaemonStatus Daemon::daemon_status() const {
  DaemonStatus out = status_;
  out.now = clock_now();
  out.rss_bytes = resident_bytes();
  out.handover_dropped = handover_dropped_.load(std::memory_order_relaxed);
  const SpoolStatus spool = spool_->status();
  out.spool = {spool.records, spool.disk_bytes,
               static_cast<std::uint64_t>(configuration_.settings.daemon.spool_mib) << 20U,
               spool.dropped, spool.damaged_places};
  if (fleet_) out.fleet = fleet_->report();
  for (const OutputStatus& output : delivery_->status()) {
    out.outputs.push_back({output.name, output.delivered, output.refused, output.failures,
                           output.behind.behind_records, output.behind.behind_bytes,
                           output.behind.oldest == 0 ? kNoTime : output.behind.oldest,
                           output.last_error});
  }
  return out;
}

}  // namespace

namespace {

/// One life of the agent; `takeover` says with what the next one begins.
int run_once(const CommonOptions& options, std::optional<FleetTakeover>& takeover) {
  std::vector<Error> mistakes;
  Configuration configuration = read_configuration(options, mistakes);
  log::init(configuration.settings.daemon.log_level);
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
  Daemon daemon(options, std::move(configuration), std::move(keeper).value(), key.value());
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
  std::optional<FleetTakeover> takeover;
  int status = kExitDone;
  do {
    status = run_once(options, takeover);
  } while (takeover);
  return status;
}

}  // namespace doorward
