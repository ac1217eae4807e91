// The running agent's tie to its fleet: between the session on the main thread, the learning on the
// pipeline's and the state on disk.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/daemon/pipeline_thread.h"
#include "agent/daemon/status_report.h"
#include "agent/fleet/session.h"
#include "plugins/delivery/settings.h"

namespace doorward {

/// Section of the state with FleetLearning's image. A state that has it was noted from its begin.
inline constexpr const char* kFleetSection = "fleet";

/// What the fleet does not know yet of a state that was loaded; null: the host is enrolled and the
/// state is not the fleet's (the first Welcome begins anew). `begins_empty`: the baseline has
/// another size now. What cannot be read is told in `warnings`, and begins with nothing.
std::unique_ptr<FleetLearning> load_learning(const StateSections& sections, bool fresh,
                                             bool begins_empty, const std::string& agent,
                                             std::vector<std::string>& warnings);

/// `configured`, or what the host calls itself.
std::string host_name_of(const std::string& configured);

/// For the main thread. Sits between two that must not wait for each other: what it wants of the
/// learning it posts there, and the answers come back here.
class FleetLink {
 public:
  struct Hooks {
    /// A state with what take_seal_wish() wants sealed is to be saved now.
    std::function<void()> save;
    /// The server's terms need an agent that starts anew, after take_over(). The session has ended.
    std::function<void(FleetTakeover)> start_anew;
    /// What the main thread knows for a heartbeat.
    std::function<void(HeartbeatFacts&)> fill;
    /// A policy of the fleet; whoever takes it calls set_policy() with what became of it.
    std::function<void(std::uint64_t version, FleetPolicyFiles)> on_policy;
    std::function<void(Loudness, const std::string&)> say;
  };
  struct Options {
    FleetSession::Options session;
    BaselineOptions baseline;  ///< of the one in force, its key included
  };

  /// `worker` decodes what the server sends; both outlive this.
  FleetLink(boost::asio::io_context& io, boost::asio::thread_pool& worker, FleetIdentity identity,
            Options options, Hooks hooks);

  /// Once, with the pipeline that has the learning (`learned`: as it was loaded; null: none).
  void start(PipelineThread& pipeline, const FleetLearning* learned);
  /// Before the pipeline stops.
  void stop();

  /// Adds the server as one more output; not when there are as many as there may be.
  void add_output(std::vector<OutputSettings>& outputs);
  [[nodiscard]] bool connected() const { return session_.status().connected; }

  /// Whether the state that is saved next has to be sealed. Asked once: then it is not any more.
  [[nodiscard]] bool take_seal_wish() { return std::exchange(seal_wish_, false); }
  [[nodiscard]] bool has_seal_wish() const { return seal_wish_; }
  /// A state with this image is on disk: what is numbered in it may be sent.
  void saved(const FleetLearning::Image& image);

  void set_policy(PolicyStand stand);
  [[nodiscard]] FleetReport report() const;

 private:
  bool welcome(const FleetTerms& terms);
  void wait_for_seal();
  void wish_seal();
  void take_patch(FleetPatch patch);
  void next_patch();
  void forget_patches();
  void patched(const Status& status);
  void take_verdicts(std::vector<FleetVerdict> verdicts);
  void beat();
  void know(const FleetLearningStatus& status);
  /// Runs `work` on the pipeline's thread; what it changed is known here afterwards.
  void with_learning(PipelineThread::FleetWork work);

  boost::asio::io_context& io_;
  boost::asio::thread_pool& worker_;
  const std::string agent_;
  const Options options_;
  const Hooks hooks_;
  FleetSession session_;
  boost::asio::steady_timer seal_timer_;
  PipelineThread* pipeline_ = nullptr;
  bool learns_ = false;
  HelloFacts facts_;
  FleetLearningStatus learning_;
  std::string group_;  // of the session
  PolicyStand policy_;
  std::chrono::milliseconds seal_every_ = kDeltaIntervalDefault;
  bool seal_wish_ = false;
  std::deque<FleetPatch> patches_;
  std::size_t patches_bytes_ = 0;
  bool patching_ = false;
  std::uint64_t dropped_told_ = 0;
};

}  // namespace doorward
