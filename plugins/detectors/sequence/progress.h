// How far the entities (addresses, users) have come in a sequence: the live state of one rule.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sketch/entity_table.h"
#include "sketch/hash.h"

namespace doorward::sequence {

inline constexpr std::size_t kStepsMax = 4;

/// Entities whose sequence is under way. At the limit EntityTable chooses who has to go.
inline constexpr std::size_t kEntities = 16'384;
/// (entity, value) pairs of rules with `once_per`. At the limit likewise.
inline constexpr std::size_t kValues = 16'384;
/// Distinct values counted of one entity; further ones are not told apart, so that one address that
/// tries ten million names takes no more room than this.
inline constexpr std::uint32_t kValuesOfEntityMax = 256;

/// Counts of the last window in slots of an eighth of it. What is counted reaches back the whole
/// window, and at most one slot more. Plain bytes; all zero is empty.
struct SlidingCount {
  static constexpr std::uint32_t kSlots = 9;

  std::uint32_t newest = 0;  ///< number of the newest slot
  std::array<std::uint16_t, kSlots> counts{};

  /// One more; nothing happens when the slot is behind the window.
  void add(std::uint32_t slot) {
    if (slot > newest) {
      const std::uint32_t steps = std::min(slot - newest, kSlots);
      for (std::uint32_t i = 0; i < steps; ++i) counts[(slot - i) % kSlots] = 0;
      newest = slot;
    }
    if (newest - slot >= kSlots) return;
    std::uint16_t& count = counts[slot % kSlots];
    if (count != UINT16_MAX) ++count;
  }
  /// One less, where there is one.
  void take(std::uint32_t slot) {
    if (slot > newest || newest - slot >= kSlots) return;
    std::uint16_t& count = counts[slot % kSlots];
    if (count != 0) --count;
  }
  /// As seen from a slot: what came in it and the ones before.
  [[nodiscard]] std::uint32_t sum(std::uint32_t slot) const {
    std::uint32_t total = 0;
    for (std::uint32_t back = 0; back < kSlots && back <= slot; ++back) {
      const std::uint32_t at = slot - back;
      if (at <= newest && newest - at < kSlots) total += counts[at % kSlots];
    }
    return total;
  }
};

/// One step of one entity. Only what came when the steps before it were complete is counted.
struct StepState {
  std::uint32_t last = 0;  ///< time of the newest, in seconds; 0: none
  SlidingCount seen;
};

struct Entity : EntityHead {
  std::uint32_t first = 0;  ///< time of the first event of step 1 since there was none in a window
  /// The sequence was completed, and no further event of an earlier step has come since.
  std::uint32_t settled = 0;
  std::uint32_t life = 0;  ///< tells this entry from an earlier one of the entity
  SlidingCount values;     ///< distinct values, each in the slot of its newest event
  std::array<StepState, kStepsMax> step;
};

/// Events of step 1 of one value (a user name) of an entity, since it last came through.
struct Value : EntityHead {
  SlidingCount own;
  std::uint32_t counted_in = 0;  ///< slot in which Entity::values has it; 0: none
  std::uint32_t life = 0;        ///< Entity::life of the entry that has it
};

/// What the newest event was to the sequence.
struct Verdict {
  std::uint32_t last_step = 0;  ///< it is one of the last step, all others being complete but the
                                ///< first, which may lack events
  std::uint32_t complete = 0;   ///< and the first is complete as well
  std::uint32_t count = 0;      ///< of step 1, as it is judged
  std::uint32_t events = 0;     ///< of step 1, all
  std::uint32_t values = 0;     ///< distinct values among them
  std::uint32_t seconds = 0;    ///< since the first of them
};

/// What a rule wants.
struct Plan {
  std::size_t steps = 1;
  std::array<std::uint32_t, kStepsMax> count{};
  std::uint32_t window_s = 3600;
  bool by_value = false;  ///< `once_per`

  [[nodiscard]] std::uint32_t slot_s() const { return (window_s + 7) / 8; }
};

/// A view of a rule's block of live state. Cheap to make for every event.
class Progress {
 public:
  static std::size_t bytes(const Plan& plan);

  /// `state`: bytes(plan) of them, aligned to 64.
  Progress(const Plan& plan, std::span<std::byte> state);

  /// Takes an event of `entity` (none(): nobody's) at `now` (seconds). matches[i]: it is one of
  /// step i. `value`: of the `once_per` view. The last step that it fits counts, so that no event
  /// is two steps.
  void take(Hash128 entity, Hash128 value, std::uint32_t now, std::span<const bool> matches);

  /// Forgets the event last taken.
  static void clear_verdict(std::span<std::byte> state);

  /// Of the event last taken.
  static const Verdict& verdict(std::span<const std::byte> state);

 private:
  struct Board {
    Verdict verdict;
    std::uint64_t coins = 0;  // thrown so far
    std::uint32_t lives = 0;  // entries begun so far
  };

  template <class Entry>
  Entry* admit(EntityTable<Entry>& table, Hash128 key, std::uint32_t now);
  [[nodiscard]] bool ready(const Entity& entity, std::size_t steps, std::uint32_t now) const;
  [[nodiscard]] std::uint32_t count_of(const Entity& entity, std::size_t step,
                                       std::uint32_t now) const;
  void count_value(Entity& entity, Hash128 pair, std::uint32_t now);
  void begin(Hash128 key, Hash128 pair, std::uint32_t now);
  void judge(Entity* entity, Hash128 pair, std::uint32_t now);

  const Plan& plan_;
  Board& board_;
  EntityTable<Entity> entities_;
  EntityTable<Value> values_;
};

}  // namespace doorward::sequence
