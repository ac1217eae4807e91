#include "agent/daemon/running_daemon.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "plugins/count_words.h"
#include "plugins/program_log.h"
#include "proto/versions.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using std::chrono::milliseconds;

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
  const std::string line(text);
  if (loudness == Loudness::info) {
    program_log::info(line);
  } else if (loudness == Loudness::warning) {
    program_log::warning(line);
  } else {
    program_log::error(line);
  }
}

}  // namespace

RunningDaemon::RunningDaemon(CommonOptions options, Configuration configuration,
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

Status RunningDaemon::start(std::unique_ptr<Engine> engine, StateKeeper::Loaded loaded,
                            std::optional<FleetIdentity> identity) {
  saver_ = std::make_unique<StateSaver>(io_, state_thread_, *keeper_, loaded.spool_head);
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
  spool_->refuse_repeats_since(saver_->spool_head());
  repeats_refused_ = true;
  services_ = std::make_unique<Services>(io_, [this] { return daemon_status(); });
  if (Status opened = services_->open(configuration_.settings.daemon); !opened) return opened;
  for (const std::string& warning : loaded.warnings) program_log::warning(warning);
  if (loaded.fresh) {
    loaded.sections = Engine::first_sections(clock_now());
    if (learning) loaded.sections[kFleetSection] = learning->image().encode();
    const auto saved = keeper_->save(loaded.baseline.copy(), loaded.sections, saver_->spool_head());
    if (!saved) return saved.error();
  }
  program_log::info(status_.version + ": " + counted(engine->rules().size(), "rule") + ", " +
                    counted(engine->exceptions(), "exception") + ", " +
                    counted(configuration_.outputs.size(), "output") +
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
    for (const std::string& line : news) program_log::info(line);
    for (const Error& error : errors) program_log::warning(error.message());
  };
  pipeline_ = std::make_unique<PipelineThread>(std::move(hooks));
  services_->serve(*pipeline_);
  saver_->begin(*pipeline_, fleet_.get());
  if (fleet_) fleet_->start(*pipeline_, learning.get());
  pipeline_->start(std::move(engine), std::move(loaded.baseline), std::move(loaded.sections),
                   std::move(learning));
  wait_for_signal();
  save_due_ = started_ + std::chrono::seconds(configuration_.settings.daemon.save_every_s);
  every_second();
  sd_notify(0, "READY=1\nSTATUS=watching");
  return {};
}

Status RunningDaemon::open_outputs() {
  DeliveryEnv env = system_delivery_env();
  env.say = say_in_log;
  const DaemonSettings& settings = configuration_.settings.daemon;
  SpoolOptions options;
  options.folder = settings.spool_dir();
  options.bytes_max = static_cast<std::uint64_t>(settings.spool_mib) << 20U;
  options.keep_from = saver_->spool_head();
  std::vector<OutputSettings> outputs = configuration_.outputs;
  if (fleet_ && settings.server_alerts) fleet_->add_output(outputs);
  for (const OutputSettings& output : outputs) options.readers.push_back(output.name);
  // One after the other: both use the same folder.
  delivery_.reset();
  saver_->set_spool(nullptr);
  spool_.reset();
  Result<std::unique_ptr<Spool>> spool = Spool::open(options, env);
  if (!spool) return spool.error();
  spool_ = std::move(spool).value();
  saver_->set_spool(spool_.get());
  if (repeats_refused_) spool_->refuse_repeats_since(saver_->spool_head());
  delivery_ = std::make_unique<Delivery>(io_, *spool_, outputs, env);
  delivery_->start();
  return {};
}

void RunningDaemon::take(const SentDocument& document) {
  const Spool::Appended appended = spool_->append(
      {document.kind, document.score, document.id, document.occurrences, document.text});
  if (appended == Spool::Appended::stored) delivery_->wake();
}

void RunningDaemon::every_second() {
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
    saver_->save();
  }
}

void RunningDaemon::feed_watchdog() {
  const std::uint64_t beats = pipeline_->beats();
  seconds_without_beat_ = beats == beats_ ? seconds_without_beat_ + 1 : 0;
  beats_ = beats;
  if (seconds_without_beat_ < kStuckSeconds) {
    sd_notify(0, "WATCHDOG=1");
  } else if (seconds_without_beat_ == kStuckSeconds) {
    program_log::error("the pipeline does not move; the watchdog is not fed any more");
  }
}

void RunningDaemon::wait_for_signal() {
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
Status RunningDaemon::reload(const std::optional<std::string>& policy) {
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
    for (const Error& mistake : mistakes) program_log::error(mistake.message());
    program_log::error("the new configuration is refused; the one before stays in force");
    status_.refused = mistakes.front().message();
    sd_notify(0, "READY=1\nSTATUS=watching; the newest configuration was refused");
    return mistakes.front();
  }
  const bool outputs_changed = next.settings.text != configuration_.settings.text;
  const std::size_t rules = engine->rules().size();
  configuration_ = std::move(next);
  program_log::init("doorward-agent", configuration_.settings.daemon.log_level);
  if (outputs_changed) {
    if (const Status opened = open_outputs(); !opened) {
      // It was checked, but the world may have changed since.
      program_log::error("outputs: " + opened.error().message());
      stop();
      return opened.error();
    }
  }
  pipeline_->replace(std::move(engine), [this, rules] {
    asio::post(io_, [this, rules] {
      status_.refused.clear();
      status_.configured = clock_now();
      program_log::info("new configuration in force: " + counted(rules, "rule") + ", " +
                        counted(configuration_.outputs.size(), "output"));
      sd_notify(0, "READY=1\nSTATUS=watching");
    });
  });
  return {};
}

void RunningDaemon::join_fleet(FleetIdentity identity, const BaselineOptions& baseline) {
  FleetLink::Options options;
  options.baseline = baseline;
  options.session.state_dir = configuration_.settings.daemon.state_dir;
  options.session.version = status_.version;
  options.session.host_name = host_name_of(configuration_.settings.host_name);
  FleetLink::Hooks hooks;
  hooks.save = [this] { saver_->save(); };
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

void RunningDaemon::take_policy(std::uint64_t version, const FleetPolicyFiles& files) {
  PolicyTexts texts;
  for (const auto& [name, text] : files) texts.push_back({name, text});
  const Status taken =
      policies_->offer(version, sorted_policy(std::move(texts)),
                       [this](const std::string& folder) { return reload(folder); });
  if (!taken) {
    program_log::error("the fleet's policy " + std::to_string(version) +
                       " is refused: " + taken.error().message());
  } else {
    program_log::info("the fleet's policy " + std::to_string(version) + " is in force");
  }
  tell_policy();
}

void RunningDaemon::tell_policy() {
  for (const std::string& warning : policies_->take_warnings()) program_log::warning(warning);
  fleet_->set_policy({policies_->version(), policies_->refused(), policies_->reason()});
}

void RunningDaemon::fill(HeartbeatFacts& facts) const {
  const SpoolStatus spool = spool_->status();
  facts.spool_records = spool.records;
  facts.spool_dropped = spool.dropped + handover_dropped_.load(std::memory_order_relaxed);
  facts.rss_bytes = resident_bytes();
}

void RunningDaemon::run() {
  io_.run();
  if (!fleet_) return;
  // The session says goodbye.
  fleet_->stop();
  io_.restart();
  io_.run_for(kGoodbyeMax);
}

void RunningDaemon::stop() {
  if (std::exchange(stopping_, true)) return;
  if (!takeover_) sd_notify(0, "STOPPING=1");
  program_log::info(takeover_ ? "starting anew" : "stopping");
  second_.cancel();
  // Alerts wait for a server that is not there; one that is gets them now.
  if (fleet_ && !fleet_->connected()) fleet_->stop();
  services_->stop_answering();
  saver_->stop();
  std::optional<PipelineThread::Snapshot> last = pipeline_->stop();
  state_thread_.join();
  // Documents that the pipeline sent before it ended are queued before this.
  asio::post(
      io_,
      [this, shared = std::make_shared<std::optional<PipelineThread::Snapshot>>(std::move(last))] {
        if (*shared) {
          const Status saved = saver_->save_last(std::move(**shared));
          if (!saved) program_log::error("state not saved: " + saved.error().message());
        }
        delivery_->stop(kDrainMax, [this] {
          services_->close();
          signals_.cancel();
          io_.stop();
        });
      });
}

DaemonStatus RunningDaemon::daemon_status() const {
  DaemonStatus out = status_;
  out.now = clock_now();
  out.saved = saver_->report().saved;
  out.saved_bytes = saver_->report().bytes;
  out.save_failures = saver_->report().failures;
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

}  // namespace doorward
