// SlidingCounts: how many events an entity had in the window, exactly to the slot.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sketch/sliding.h"

namespace doorward {

/// Plain bytes, all zero when nothing was counted. A slot's count stops at 65,535.
struct SlidingCounts {
  std::uint32_t newest = 0;  ///< slot of the newest event
  std::uint32_t window = 0;  ///< events in the window that ends with it
  std::uint32_t bucket = 0;  ///< those in its bucket
  std::array<std::uint16_t, sliding::kSlots> slots{};

  /// Moves on to `slot` if it is later than all before. Tells whether a new bucket begins.
  bool advance(std::uint32_t slot) {
    if (window == 0) {
      newest = slot;
      bucket = 0;
      return true;
    }
    if (slot <= newest) return false;
    const std::uint32_t steps = std::min(slot - newest, sliding::kSlots);
    for (std::uint32_t i = 1; i <= steps; ++i) {
      std::uint16_t& left = slots[(newest + i) % sliding::kSlots];
      window -= left;
      left = 0;
    }
    const bool next = sliding::bucket_of(slot) != sliding::bucket_of(newest);
    // What is left of the window may be of an earlier bucket.
    if (next) bucket = 0;
    newest = slot;
    return next;
  }

  /// Counts an event of a slot, after advance(slot). One that is older than the window is left out.
  void add(std::uint32_t slot) {
    if (newest - slot >= sliding::kSlots) return;
    std::uint16_t& count = slots[slot % sliding::kSlots];
    if (count == UINT16_MAX) return;
    ++count;
    ++window;
    if (sliding::bucket_of(slot) == sliding::bucket_of(newest)) ++bucket;
  }
};

}  // namespace doorward
