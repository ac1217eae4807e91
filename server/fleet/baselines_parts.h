// The inside of Baselines, for its own files.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/fleet/baselines.h"
#include "server/fleet/group_baseline.h"

namespace doorward {

/// What the log has of one agent's teaching.
struct AgentTeaching {
  std::string group;
  std::vector<std::uint64_t> places;  ///< of deltas that no contribution sums up yet, ascending
  std::vector<std::uint64_t> contributions;       ///< their places
  std::map<std::int64_t, std::uint64_t> entries;  ///< taught so far, by epoch
};

/// What an agent taught in an epoch, up to a sequence, counts no more.
struct DroppedTeaching {
  std::string agent;
  std::int64_t epoch = kNoEpoch;  ///< kNoEpoch: all
  std::uint64_t through = 0;
};

class Baselines::Impl {
 public:
  explicit Impl(const Options& options) : options_(options) {}

  void fold(const LogEntry& entry);
  void fold_delta(const LogEntry& entry, bool contribution);
  void fold_round(const LogEntry& entry);
  void fold_key(const LogEntry& entry);
  GroupBaseline& group(const std::string& name);
  /// Takes out what was dropped.
  [[nodiscard]] Additions without_dropped(const std::string& agent, std::uint64_t sequence,
                                          Additions additions) const;
  /// Whether all that the agent taught up to this sequence was dropped.
  [[nodiscard]] bool all_dropped(const std::string& agent, std::uint64_t sequence) const;
  void count(AgentTeaching& teaching, const Additions& additions) const;
  Result<std::optional<Compaction>> compact_agent(OrderedLog& log, const std::string& agent,
                                                  AgentTeaching& teaching);

  Options options_;
  HashKey key_{};
  std::uint64_t key_number_ = 0;
  std::map<std::string, GroupBaseline, std::less<>> groups_;
  std::map<std::string, std::uint64_t, std::less<>> through_;  // of each group's last round
  std::unordered_map<std::string, AgentTeaching> agents_;
  std::vector<DroppedTeaching> drops_;
  std::vector<std::string> crowded_;  // agents with many deltas
};

}  // namespace doorward
