// FleetLearning: what this agent has learned and the fleet does not know yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/fleet/limits.h"
#include "plugins/pipeline/sightings.h"
#include "sketch/additions.h"
#include "sketch/baseline.h"
#include "sketch/result.h"

namespace doorward {

class StateWriter;

/// What was learned in a while, done with. Never changes.
struct SealedDelta {
  std::uint64_t id = 0;        ///< tells it from others of this process
  std::uint64_t sequence = 0;  ///< 0: no number yet, so it was never sent
  std::size_t entries = 0;
  std::uint64_t lines_bytes = 0;
  std::vector<std::uint8_t> additions;  ///< encode_additions()
  std::vector<SightingRecord> sightings;
  std::vector<std::uint8_t> fit;  ///< FitCounts::encode(); mostly empty
};
using SealedDeltas = std::vector<std::shared_ptr<const SealedDelta>>;

/// A BaselinePatch that owns its bytes.
struct FleetPatch {
  std::string group;  ///< whose baseline: generations are counted by group
  std::uint64_t generation = 0;
  std::uint64_t previous = 0;
  std::uint64_t includes = 0;
  std::vector<std::uint8_t> additions;  ///< one round of the fleet
  std::vector<std::uint8_t> whole;      ///< or all of its baseline
};

/// A patch made ready beside the pipeline's thread: decoded, own deltas taken out or put in.
struct PreparedPatch {
  std::string group;
  std::uint64_t generation = 0;
  std::uint64_t previous = 0;
  std::uint64_t includes = 0;
  std::optional<Additions> round;
  std::optional<Baseline> whole;
  std::vector<std::uint64_t> added;  ///< ids of the own deltas that `whole` has
};

/// `own`: FleetLearning::own() of the moment; `like`: options of the baseline in force. Errors: the
/// bytes are damaged, of another key or shape, or reach into the future of `now`. Takes as long as
/// it takes: on another thread than the pipeline's.
Result<PreparedPatch> prepare_patch(const FleetPatch& patch, const SealedDeltas& own,
                                    const BaselineOptions& like, TimeUs now);

/// Numbers for status.
struct FleetLearningStatus {
  std::string group;  ///< of the generation
  std::uint64_t generation = 0;
  std::uint64_t included = 0;
  std::uint64_t verdicts = 0;
  std::uint64_t next_sequence = 1;
  std::size_t numbered = 0;
  std::size_t waiting = 0;
  std::size_t open_entries = 0;
  std::uint64_t dropped = 0;  ///< deltas let go for room
  std::uint64_t refused = 0;  ///< deltas that the server will never take
  std::uint64_t lost = 0;     ///< additions and sightings that found no room
};

/// The baseline in memory is the fleet's at `generation` and all of the own additions that it does
/// not include: those open, those waiting, those numbered. Each addition is in exactly one of them
/// or in the fleet's, and moves on in this order:
///
///     open      noted by the baseline as it learns
///     waiting   sealed, no number: nobody has seen it, and it may still be merged with others
///     numbered  may be sent as soon as a state that has it was saved; never changes again
///     (gone)    a round that was applied, or the whole, includes it
///
/// All of it is saved in one file with the baseline and the positions in the logs, so that after a
/// kill at any moment either a delta was never sent, or it is there again with the same bytes under
/// the same number.
///
/// For the pipeline's thread. Stays where it is: the baseline notes into it.
class FleetLearning {
 public:
  /// Begins with nothing learned. `agent`: the id in the certificate.
  explicit FleetLearning(std::string agent);
  FleetLearning(const FleetLearning&) = delete;
  FleetLearning& operator=(const FleetLearning&) = delete;

  /// Everything, at one moment: to be encoded on another thread.
  struct Image {
    std::string agent, group;
    std::uint64_t next_sequence = 1, generation = 0, included = 0, verdicts = 0;
    std::uint64_t dropped = 0, refused = 0, lost = 0;
    SealedDeltas numbered, waiting;
    Additions open;
    std::uint64_t changes = 0;  ///< goes up with everything but the open additions

    /// The bytes of the state's section "fleet".
    [[nodiscard]] std::vector<std::uint8_t> encode() const;

   private:
    void write(StateWriter& out) const;
  };
  [[nodiscard]] Image image() const;
  /// Goes on where image() was taken. Another agent's: the fleet may or may not know what was
  /// numbered, so that goes, and the whole is asked for. Errors: not what encode() wrote.
  static Result<std::unique_ptr<FleetLearning>> load(std::span<const std::uint8_t> bytes,
                                                     const std::string& agent);

  /// From now on the baseline notes into the open additions.
  void attach(Baseline& baseline) { baseline.note_into(&open_); }

  /// There is so much open that it has to be sealed, whether a server is there or not.
  [[nodiscard]] bool full() const;
  /// What is open becomes a delta that waits; nothing when there is nothing. `fit` as in a delta.
  void seal(std::vector<SightingRecord> sightings, std::uint64_t lines_bytes,
            std::vector<std::uint8_t> fit = {});
  /// Gives those that wait their numbers, as far as kNumberedDeltasMax allows.
  void number();

  /// Numbered and waiting, oldest first.
  [[nodiscard]] SealedDeltas own() const;
  /// The same, for prepare_patch(): until apply() or drop_patch() no two of them become one.
  [[nodiscard]] SealedDeltas begin_patch();
  void drop_patch() { patching_ = false; }
  [[nodiscard]] FleetLearningStatus status() const;
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] std::uint64_t included() const { return included_; }
  [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }
  /// Of the baseline at generation().
  [[nodiscard]] const std::string& group() const { return group_; }
  /// Place of the last verdict that was taken.
  [[nodiscard]] std::uint64_t verdicts() const { return verdicts_; }
  void set_verdicts(std::uint64_t place);

  /// The server has applied this agent's deltas up to `sequence`: numbers go on behind it. False:
  /// it has lost some that this agent let go since a round included them (it was restored from a
  /// backup); the whole is to be asked for, with generation() 0.
  [[nodiscard]] bool welcome(std::uint64_t sequence);
  /// The whole is to be asked for.
  void forget_generation();
  /// The server will never take this one.
  void refused(std::uint64_t sequence);
  /// Puts a patch in force. Errors (a round that does not follow on generation()) leave everything
  /// as it was.
  Status apply(PreparedPatch patch, Baseline& baseline);

 private:
  using Piece = std::shared_ptr<const SealedDelta>;

  /// What goes into the first delta of a seal, beside additions.
  struct Beside {
    std::vector<SightingRecord> sightings;
    std::uint64_t lines_bytes = 0;
    std::vector<std::uint8_t> fit;
  };
  void put_waiting(const Additions& additions, Beside beside);
  void bound_waiting();
  bool merge_two();

  std::string agent_;
  std::string group_;
  Additions open_{kDeltaOpenEntries};
  std::deque<Piece> waiting_;
  std::deque<Piece> numbered_;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t generation_ = 0;
  std::uint64_t included_ = 0;
  std::uint64_t verdicts_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t changes_ = 1;
  bool patching_ = false;
};

}  // namespace doorward
