// The fleet's baselines, one a group: a fold over deltas, rounds, contributions and drops.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/detectors/fit_counts.h"
#include "server/store/ordered_log.h"
#include "sketch/additions.h"
#include "sketch/baseline.h"
#include "sketch/result.h"

namespace doorward {

/// What one agent may teach: whoever owns a host can teach the fleet what its own logs may say, and
/// no more than this of it.
struct TeachingLimits {
  std::size_t entries_a_delta = std::size_t{1} << 17;
  /// Different entries of one agent in an epoch; what is beyond is not applied, and counted.
  std::uint64_t entries_an_epoch = 2'000'000;
  /// Of one pair in one delta.
  std::uint32_t count_max = 1'000'000;
  /// Events of all rules together in one delta's counts to fit from.
  std::uint64_t fit_events_a_delta = 100'000'000;
};

/// How often values were new to the agents of a group, since the present key.
struct GroupFit {
  FitCounts counts;
  std::size_t agents = 0;            ///< that counted some of it
  std::string largest;               ///< the agent that counted most; empty: none counted
  std::uint64_t largest_events = 0;  ///< of all rules together, as FitCounts::events()
};

/// What an agent needs to come from the generation it has to the newest.
struct Patch {
  std::uint64_t generation = 0;
  std::uint64_t previous = 0;
  bool whole = false;                                      ///< bytes are encode_baseline()'s
  std::shared_ptr<const std::vector<std::uint8_t>> bytes;  ///< shared by all who need the same
  std::uint64_t includes = 0;                              ///< the agent's last delta within
};

/// Different entries in an open round from which on it is crowded().
inline constexpr std::size_t kOpenEntriesCrowded = std::size_t{1} << 20;

struct GroupBaselineStatus {
  std::string group;
  std::uint64_t generation = 0;
  std::uint64_t deltas = 0;           ///< applied since the start
  std::uint64_t entries_waiting = 0;  ///< in the open round
  std::uint64_t refused_entries = 0;  ///< beyond a limit
  std::uint64_t rounds_kept = 0;
  std::uint64_t rounds_bytes = 0;
  BaselineFill fill;
  std::int64_t newest_epoch = kNoEpoch;
};

/// For one thread: the core's.
class Baselines {
 public:
  struct Options {
    std::size_t bytes = std::size_t{8} << 20;
    std::uint32_t epochs = 8;
    std::int64_t epoch_us = std::int64_t{7} * 24 * 3600 * 1'000'000;
    TeachingLimits limits;
    /// Rounds kept for agents that were away; beyond it they get the whole.
    std::size_t rounds_bytes_max = std::size_t{32} << 20;
  };
  explicit Baselines(const Options& options);
  ~Baselines();
  Baselines(const Baselines&) = delete;
  Baselines& operator=(const Baselines&) = delete;

  /// Entries in order of place. Of kinds that do not belong here nothing is taken.
  void fold(const LogEntry& entry);

  /// Looks at a delta before it is appended: limits, key, epochs not in the future of `now`. Gives
  /// the reason why it will never be taken.
  [[nodiscard]] Status check(std::string_view agent, std::span<const std::uint8_t> additions,
                             std::uint64_t key_name, TimeUs now) const;

  /// Looks at the counts to fit from that a delta brings (may be empty).
  [[nodiscard]] Status check_fit(std::span<const std::uint8_t> fit) const;

  /// The round that closes now: an entry to append, nothing when no delta came since the last one.
  [[nodiscard]] std::optional<LogEntry> close_round(std::string_view group, TimeUs now);

  /// The open round holds so much that it should be closed before its time.
  [[nodiscard]] bool crowded(std::string_view group) const;

  /// What the agent of this group needs next; nothing when it has the newest generation, or nobody
  /// has taught the group anything yet. One round
  /// at a time, or the whole when the rounds do not reach back to `generation` or it is of another
  /// key (`key_name`).
  [[nodiscard]] std::optional<Patch> patch(std::string_view group, std::string_view agent,
                                           std::uint64_t generation, std::uint64_t key_name);

  /// The group's baseline at its newest generation; null when there is no such group.
  [[nodiscard]] const Baseline* baseline(std::string_view group) const;
  /// What theta and d can be fitted from; nothing when there is no such group.
  [[nodiscard]] std::optional<GroupFit> fit(std::string_view group) const;
  [[nodiscard]] std::vector<std::string> groups() const;
  [[nodiscard]] std::vector<GroupBaselineStatus> status() const;

  /// Agents of which so many deltas lie in the log one by one that they should become one; the
  /// entry for OrderedLog::replace() and the places it replaces. One agent at a time.
  struct Compaction {
    std::vector<std::uint64_t> places;
    LogEntry entry;
  };
  [[nodiscard]] Result<std::optional<Compaction>> compact(OrderedLog& log);

  /// All of it as bytes, for OrderedLog::keep_snapshot(), and back.
  [[nodiscard]] std::vector<std::uint8_t> save() const;
  Status load(std::span<const std::uint8_t> bytes);

  /// After a drop, or where deltas were summed up and there is no snapshot: everything anew from
  /// the log. Agents then need the whole. `progress`: deltas so far.
  Status refold(OrderedLog& log, const std::function<void(std::uint64_t)>& progress);
  /// How often that was done.
  [[nodiscard]] std::uint64_t folded_anew() const { return folded_anew_; }

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  std::uint64_t folded_anew_ = 0;
};

/// After a backup was put back: generations that agents have seen must not come again with other
/// content, so those of every group go on far ahead (kGenerationLeap), and agents get the whole.
inline constexpr std::uint64_t kGenerationLeap = std::uint64_t{1} << 32;
Status leap_generations(OrderedLog& log, TimeUs now);

}  // namespace doorward
