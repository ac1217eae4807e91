// One group's baseline: its newest generation, the rounds that led there, and the open round.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugins/state_archive.h"
#include "server/fleet/baselines.h"

namespace doorward {

class GroupBaseline {
 public:
  GroupBaseline(const Baselines::Options& options, const HashKey& key);

  GroupBaseline(GroupBaseline&&) = default;
  GroupBaseline& operator=(GroupBaseline&&) = default;
  GroupBaseline(const GroupBaseline&) = delete;
  GroupBaseline& operator=(const GroupBaseline&) = delete;

  /// A delta or contribution that the log has after the last round.
  void add_to_open(const std::string& agent, std::uint64_t sequence, const Additions& additions);
  /// A round that the log has: `bytes` become part of the baseline.
  void close(std::uint64_t generation, std::span<const std::uint8_t> bytes,
             const std::vector<std::pair<std::string, std::uint64_t>>& included,
             std::size_t rounds_bytes_max);
  /// All anew: nothing is known any more, and agents need the whole from this generation on.
  void begin_anew(const HashKey& key, std::uint64_t generation);
  /// After begin_anew(), from the log: what was in rounds long ago.
  void restore(const std::string& agent, std::uint64_t sequence, const Additions& additions);

  /// Counts to fit from, of a delta or contribution, whichever round it belongs to. False: they
  /// cannot be read.
  bool add_fit(const std::string& agent, std::span<const std::uint8_t> bytes);
  [[nodiscard]] GroupFit fit() const;

  /// No delta came since the last round; one without additions is one too, and its agent waits to
  /// hear that it is in a round.
  [[nodiscard]] bool open_is_empty() const {
    return std::all_of(open_included_.begin(), open_included_.end(),
                       [](std::uint64_t sequence) { return sequence == 0; });
  }
  [[nodiscard]] const Additions& open() const { return open_; }
  /// What open() is as the bytes of a round; close() knows them again.
  [[nodiscard]] std::shared_ptr<const std::vector<std::uint8_t>> packed_open();
  /// The last delta of each agent within open().
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> open_included() const;
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  void set_generation(std::uint64_t generation) { generation_ = generation; }
  [[nodiscard]] const Baseline& baseline() const { return baseline_; }
  [[nodiscard]] std::optional<Patch> patch(std::string_view agent, std::uint64_t generation,
                                           bool other_key);
  void describe(GroupBaselineStatus& out);

  void save(std::vector<std::uint8_t>& out) const;
  static Result<GroupBaseline> load(StateReader& in, const Baselines::Options& options,
                                    const HashKey& key);

  std::uint64_t deltas = 0;           ///< applied since the start
  std::uint64_t refused_entries = 0;  ///< of another key, or that cannot be read

 private:
  struct ClosedRound {
    std::uint64_t generation = 0;
    std::shared_ptr<const std::vector<std::uint8_t>> bytes;
    /// Agents' numbers and their last deltas within, by number.
    std::vector<std::pair<std::uint32_t, std::uint64_t>> included;
  };
  /// Agents go by numbers here: every round names all of them.
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Sequences = std::vector<std::uint64_t>;  // by number; 0: none
  std::uint32_t number_of(const std::string& agent);
  void raise(Sequences& sequences, const std::string& agent, std::uint64_t sequence);
  void save(const Sequences& sequences, StateWriter& out) const;
  void load(StateReader& in, Sequences& out);
  void keep(ClosedRound round, std::size_t bytes_max);

  Baseline baseline_;
  Additions open_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> numbers_;
  std::vector<const std::string*> agents_;  // names, in numbers_
  Sequences open_included_;
  Sequences included_;  // of the newest generation
  std::uint64_t open_changes_ = 0;
  std::uint64_t packed_of_ = 0;  // open_changes_ then
  std::shared_ptr<const std::vector<std::uint8_t>> packed_;
  std::optional<BaselineFill> fill_;  // of baseline_ as it is
  std::deque<ClosedRound> rounds_;
  std::size_t rounds_bytes_ = 0;
  FitCounts fit_;
  std::map<std::string, std::uint64_t, std::less<>> fit_of_;  // events, by agent
  std::uint64_t generation_ = 0;
  std::uint64_t whole_of_ = 0;
  std::shared_ptr<const std::vector<std::uint8_t>> whole_;
};

}  // namespace doorward
