// What the core does by the clock: rounds, snapshots, compaction, retention.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/core/settings.h"
#include "server/fleet/baselines.h"
#include "server/store/alert_index.h"
#include "server/store/ordered_log.h"
#include "sketch/result.h"

namespace doorward {

/// Snapshots of the baselines are kept this often, and at stop.
inline constexpr std::chrono::minutes kSnapshotEvery{10};
/// Compaction goes on for so long in a second, retention takes so much, so that an Ack never waits
/// for more.
inline constexpr std::chrono::milliseconds kCompactionASecond{20};
inline constexpr std::size_t kRetiredASecond = 500;
/// How often the audit trail is looked through for what is too old.
inline constexpr int kAuditRetentionSeconds = 60;
/// What the patches of one group may take of the network in a second, in bytes. A round goes to
/// every agent of its group: ten thousand times a megabyte, at the least. So after a long round of
/// a large group the next one waits until this one has gone out at that pace, but at most so long.
inline constexpr std::uint64_t kPatchBytesASecond = std::uint64_t{32} << 20;
inline constexpr std::chrono::minutes kRoundEveryMax{30};
/// Name of the baselines' snapshot in the log.
inline constexpr const char* kBaselinesSnapshot = "baselines";

/// For the core's thread.
class Upkeep {
 public:
  using Clock = std::chrono::steady_clock;
  /// Appends and folds.
  using Append = std::function<Status(std::vector<LogEntry> entries)>;
  /// Agents of a group that are connected.
  using Connected = std::function<std::size_t(const std::string& group)>;

  /// `snapshot_place`: of the snapshot that the log holds; 0: none. All outlive this.
  Upkeep(OrderedLog& log, AlertIndex& alerts, Baselines& baselines, std::uint64_t snapshot_place,
         Append append, Connected connected);

  /// Errors are of the log, which may be tried again in the next second.
  Status second(const ServerSettings& settings, TimeUs now, std::uint64_t folded);
  /// Nothing is written when nothing was folded since the last one.
  Status keep_snapshot(std::uint64_t folded);

 private:
  Status close_rounds(const ServerSettings& settings, TimeUs now);
  Status compact();
  Status retire(const ServerSettings& settings, TimeUs now);
  Status retire_audit(const ServerSettings& settings, TimeUs now);
  /// A snapshot has what old rounds led to; only the last one of a group says how far they reach.
  Status retire_rounds();

  OrderedLog& log_;
  AlertIndex& alerts_;
  Baselines& baselines_;
  std::uint64_t snapshot_place_;
  Append append_;
  Connected connected_;
  Clock::time_point snapshot_due_ = Clock::now() + kSnapshotEvery;
  /// When a group's last round was closed, and what must pass before the next.
  struct LastRound {
    Clock::time_point at;
    Clock::duration pause{};
  };
  std::map<std::string, LastRound> closed_;
  // One that reaches beyond the snapshot: a fold that begins there would add its first part twice.
  std::optional<Baselines::Compaction> held_;
  std::uint64_t folded_anew_ = 0;  // Baselines::folded_anew() when held_ was made
  int audit_seconds_ = 0;
};

}  // namespace doorward
