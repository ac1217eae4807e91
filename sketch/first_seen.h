// FirstSeen: entities that came once, eight bytes each, so that the tables behind it hold only
// those that came again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "sketch/byte_lanes.h"
#include "sketch/hash.h"

namespace doorward {

/// Notes of (entity, value, slot of time) over memory of somebody else (a block of the live state,
/// zeroed at first, aligned to 64). Eight notes a set, one cache line; a ninth pushes out the one
/// that has been there longest, whatever its slot. So with N places a note lives for about N
/// further newcomers: at 2,700 strangers a second 32,768 places remember for twelve seconds.
///
/// An entity is known by 24 bits beside its set, a value by 20, a slot modulo 2^20. A stranger is
/// taken for a known one with probability 5e-7.
class FirstSeen {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::uint32_t kValueMask = 0xFFFFF;

  struct Note {
    std::uint32_t value = 0;  ///< at most kValueMask
    std::uint32_t slot = 0;
  };

  /// Bytes for so many notes, rounded up to whole sets.
  static constexpr std::size_t bytes(std::size_t notes) {
    return (notes + kWays - 1) / kWays * kWays * sizeof(std::uint64_t);
  }

  explicit FirstSeen(std::span<std::byte> memory)
      : notes_(reinterpret_cast<std::uint64_t*>(memory.data())),
        sets_(memory.size() / (kWays * sizeof(std::uint64_t))) {}

  /// Takes the entity's note out, if there is one that is at most `reach` slots before or after
  /// `slot`.
  std::optional<Note> take(Hash128 entity, std::uint32_t slot, std::uint32_t reach) {
    std::uint64_t* const set = set_of(entity);
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set[way] >> 40 != tag_of(entity)) continue;
      const auto value = static_cast<std::uint32_t>(set[way] >> 20) & kValueMask;
      const std::uint32_t back = (slot - static_cast<std::uint32_t>(set[way])) & kSlotMask;
      std::copy(set + way + 1, set + kWays, set + way);
      set[kWays - 1] = 0;
      if (back <= reach) return Note{value, slot - back};
      if (kSlotMask + 1 - back <= reach) return Note{value, slot + (kSlotMask + 1 - back)};
      return std::nullopt;
    }
    return std::nullopt;
  }

  /// Notes an entity that has no note.
  void put(Hash128 entity, Note note) {
    std::uint64_t* const set = set_of(entity);
    std::copy_backward(set, set + kWays - 1, set + kWays);
    set[0] = tag_of(entity) << 40 | std::uint64_t{note.value & kValueMask} << 20 |
             (note.slot & kSlotMask);
  }

 private:
  static constexpr std::uint32_t kSlotMask = 0xFFFFF;
  static std::uint64_t tag_of(Hash128 entity) {
    return std::max<std::uint64_t>(1, entity.low >> 40);
  }
  [[nodiscard]] std::uint64_t* set_of(Hash128 entity) const {
    return notes_ + static_cast<std::size_t>(lanes::fastrange(entity.high, sets_)) * kWays;
  }

  std::uint64_t* notes_;
  std::size_t sets_;
};

}  // namespace doorward
