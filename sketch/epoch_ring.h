// EpochRing: which epochs a sketch remembers now, and in which of its eight slots each lies.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace doorward {

/// Every cell of every sketch has this many slots, one per epoch, side by side.
inline constexpr std::uint32_t kEpochSlots = 8;
/// "No epoch yet": a ring that was never advanced.
inline constexpr std::int64_t kNoEpoch = std::numeric_limits<std::int64_t>::min();

/// A set of slots, bit s for slot s.
using EpochMask = std::uint8_t;
inline constexpr EpochMask kAllSlots = 0xFF;

/// Calls visit(slot) for every slot in the mask.
template <class Visit>
void for_each_slot(EpochMask mask, Visit visit) {
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    visit(static_cast<unsigned>(std::countr_zero(rest)));
  }
}

/// The newest epoch and the epochs - 1 before it. Epoch e lies in slot e mod 8 (also for negative
/// e), so the same epoch has the same slot in every sketch of every host, and rings align by
/// themselves.
struct EpochRing {
  std::int64_t newest = kNoEpoch;
  std::uint32_t epochs = kEpochSlots;  ///< 1..8; slots that no epoch uses stay zero

  static constexpr unsigned slot_of(std::int64_t epoch) {
    return static_cast<unsigned>(static_cast<std::uint64_t>(epoch) % kEpochSlots);
  }
  [[nodiscard]] bool holds(std::int64_t epoch) const {
    // Unsigned, so that epochs after the newest become huge and nothing overflows.
    return newest != kNoEpoch &&
           static_cast<std::uint64_t>(newest) - static_cast<std::uint64_t>(epoch) < epochs;
  }
  [[nodiscard]] unsigned newest_slot() const { return slot_of(newest); }

  /// Slots of the epochs of age 0..age_max (age 0 = newest). Empty before the first epoch.
  [[nodiscard]] EpochMask slots(unsigned age_max = kEpochSlots - 1) const {
    if (newest == kNoEpoch) return 0;
    // So many bits, turned until the last of them is the newest slot.
    const unsigned count = std::min(age_max, epochs - 1) + 1;
    const auto bits = static_cast<EpochMask>((1U << count) - 1);
    return std::rotl(bits, static_cast<int>(newest_slot() + 1) - static_cast<int>(count));
  }

  /// Slots whose epoch both rings hold: what survives a move, and what a merge takes over.
  [[nodiscard]] EpochMask shared_slots(const EpochRing& other) const {
    unsigned mask = 0;
    for (unsigned age = 0; newest != kNoEpoch && age < epochs; ++age) {
      const auto epoch = static_cast<std::int64_t>(static_cast<std::uint64_t>(newest) - age);
      if (other.holds(epoch)) mask |= 1U << slot_of(epoch);
    }
    return static_cast<EpochMask>(mask);
  }
};

}  // namespace doorward
