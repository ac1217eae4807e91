// The core: one thread on which everything that the server knows is read and changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/core/live_agents.h"
#include "server/core/settings.h"
#include "server/fleet/baselines.h"
#include "server/fleet/fleet_state.h"
#include "server/store/sqlite_log.h"
#include "sketch/result.h"

namespace doorward {

/// What questions and changes may look at. Lives for the call.
struct FleetView {
  const FleetState& state;
  AlertIndex& alerts;
  Baselines& baselines;
  LiveAgents& live;
  OrderedLog& log;
  const ServerSettings& settings;
  TimeUs now = 0;
};

/// What became of an entry that was proposed.
struct Committed {
  std::optional<std::uint64_t>
      place;  ///< nothing: it was there already (a second try, or another server)
};

/// Truth is the log; a change is a proposal of entries, appended together with those of others in
/// one transaction, then folded. Whoever proposes looks at the state first, but another server may
/// have written in between: what must be unique is so by the entry's (kind, subject, number), and
/// `done` says which entries were new. An entry of kind audit and number 0 gets the next number, so
/// that any number of changes fit into one commit.
class Core {
 public:
  using Question = std::function<void(FleetView& view)>;
  using Propose = std::function<Result<std::vector<LogEntry>>(FleetView& view)>;
  /// An Error: of the proposal, or of the log (the disk is full): nothing has changed.
  using Done = std::function<void(const Result<std::vector<Committed>>& result, FleetView& view)>;
  /// Hears of every entry that was folded while running, on the core's thread.
  using Listener = std::function<void(const LogEntry& entry, FleetView& view)>;

  /// Folds the log (from the snapshot of last time on). `progress`: share done, for long logs.
  static Result<std::unique_ptr<Core>> open(const ServerSettings& settings, Store store,
                                            const std::function<void(double)>& progress);
  virtual ~Core() = default;

  /// May be called from any thread; all calls of functions come on the core's thread, in order, but
  /// that a proposal may be heard before a question that was asked just before it. A question sees
  /// what was changed before it was asked.
  virtual void ask(Question question) = 0;
  virtual void change(Propose propose, Done done) = 0;
  /// Before start().
  virtual void listen(Listener listener) = 0;
  /// Every second, on the core's thread. Before start().
  virtual void every_second(Question work) = 0;

  /// New settings; only retention and log level, and what others look at in FleetView, change.
  virtual void reload(const ServerSettings& settings) = 0;

  virtual void start() = 0;
  /// Finishes what was asked, saves snapshots, ends the thread.
  virtual void stop() = 0;

  /// Without a thread: runs what was asked until nothing is left. For the command line beside no
  /// server, and tests.
  virtual void run_pending() = 0;

  /// Proposals waiting. Beyond kCoreQueueMax whoever reads from agents should pause.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  /// Set while the log cannot be written to (disk full): the reason.
  [[nodiscard]] virtual std::string trouble() const = 0;
};

inline constexpr std::size_t kCoreQueueMax = 50'000;
/// What one transaction takes: proposals, entries and bytes; the rest waits for the next.
inline constexpr std::size_t kTurnMax = 4096;
inline constexpr std::size_t kTurnEntriesMax = 16'384;
inline constexpr std::size_t kTurnBytesMax = std::size_t{64} << 20;
/// Entries that others have appended, read at a time.
inline constexpr std::size_t kCatchUpEntries = 1000;

}  // namespace doorward
