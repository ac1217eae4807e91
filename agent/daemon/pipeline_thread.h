// The thread that reads logs, scores and learns. It never waits for the network or the disk but to
// read logs; alerts leave it as finished documents.
#pragma once

#include <poll.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/daemon/engine.h"
#include "agent/fleet/learning.h"
#include "plugins/delivery/record.h"

namespace doorward {

/// A document that owns its text, on the way to the spool.
struct SentDocument {
  DocumentKind kind = DocumentKind::alert;
  double score = 0;
  std::uint32_t occurrences = 1;
  std::string id;
  std::string text;
};

/// Lines between two looks at what other threads want, and the shortest time between two looks at
/// logs: a log that grows all the time is then read in portions, at little cost in delay.
inline constexpr std::size_t kLinesPerSlice = 4096;
inline constexpr std::chrono::milliseconds kLookPause{2};

class PipelineThread {
 public:
  /// A snapshot of everything that is remembered, at one moment between two lines.
  struct Snapshot {
    Baseline baseline;
    StateSections sections;
    std::uint64_t lines = 0;  ///< read so far
    /// Of an agent of a fleet.
    std::optional<FleetLearning::Image> fleet;
  };
  /// Called on the pipeline's thread. Neither may wait.
  struct Hooks {
    std::function<void(SentDocument document)> send;
    std::function<void(std::vector<Error> errors, std::vector<std::string> news)> say;
  };

  explicit PipelineThread(Hooks hooks);
  /// Stops and joins.
  ~PipelineThread();
  PipelineThread(const PipelineThread&) = delete;
  PipelineThread& operator=(const PipelineThread&) = delete;

  /// Once: takes the baseline and the sections of the state, and what the fleet does not know yet
  /// (null: nothing is noted for a fleet).
  void start(std::unique_ptr<Engine> engine, Baseline baseline, StateSections sections,
             std::unique_ptr<FleetLearning> learning = nullptr);

  /// What the others may ask; each calls its function once, on the pipeline's thread, between two
  /// slices. After stop() nothing is called.
  void status(std::function<void(PipelineStatus)> done);
  void explain(std::string rule, std::vector<std::string> pairs, bool text,
               std::function<void(Result<std::string>)> done);
  /// `seal_first`: what was learned since the last time becomes deltas with numbers first.
  void snapshot(bool seal_first, std::function<void(Snapshot)> done);
  /// Not called when nothing is noted for a fleet.
  using FleetWork = std::function<void(FleetLearning&, Baseline&, Engine&)>;
  void with_learning(FleetWork work);
  /// Puts another engine in the place of this one; everything that is remembered goes over.
  void replace(std::unique_ptr<Engine> engine, std::function<void()> done);

  /// Ends the thread after the present slice and gives the last snapshot.
  std::optional<Snapshot> stop();

  /// Goes up while the thread is alive: by one at least every second.
  [[nodiscard]] std::uint64_t beats() const { return beats_.load(std::memory_order_relaxed); }

 private:
  class Sender;
  using Work = std::function<void()>;

  void post(Work work);
  void run();
  void do_posted();
  void wait(bool more);
  void tell();
  [[nodiscard]] Snapshot take_snapshot() const;
  void seal();

  Hooks hooks_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Engine> engine_;
  std::optional<Baseline> baseline_;
  StateSections sections_;
  std::unique_ptr<FleetLearning> learning_;
  std::uint64_t sealed_bytes_ = 0;  // Engine::bytes() at the last seal
  std::thread thread_;
  int wake_ = -1;  // an eventfd
  std::mutex mutex_;
  std::vector<Work> posted_;  // under mutex_
  std::atomic<bool> has_posted_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> beats_{0};
  TimeUs ticked_ = kNoTime;
  std::chrono::steady_clock::time_point looked_;
  std::vector<int> descriptors_;
  std::vector<pollfd> waited_for_;
};

}  // namespace doorward
