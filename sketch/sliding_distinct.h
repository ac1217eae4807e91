// How many different values an entity had in the window: a few exactly, many by linear counting.
#pragma once

#include <array>
#include <cstdint>

#include "sketch/hash.h"
#include "sketch/sliding.h"

namespace doorward {

/// The 20 bits of a value's hash that windows keep. Two of 60 values are taken for one with
/// probability 0.2 %.
inline std::uint32_t window_value(Hash128 value) {
  return static_cast<std::uint32_t>(value.high >> 44);
}

/// Up to twelve values with the slot that each was last seen in; exact but for equal fingerprints.
/// Plain bytes, all zero when nothing was seen.
struct SlidingFew {
  static constexpr std::uint32_t kMax = 12;

  std::uint32_t newest = 0;  ///< slot of the newest event
  std::uint32_t size = 0;
  std::array<std::uint32_t, kMax> seen{};  ///< value << 8 | slot modulo 256

  /// Moves on to `slot` if it is later than all before; drops what leaves the window. Tells whether
  /// a new bucket begins.
  bool advance(std::uint32_t slot);

  /// Takes a value seen in a slot, after advance(slot). False: it is new, in the window, and there
  /// is no room for it.
  bool add(std::uint32_t value, std::uint32_t slot);

  [[nodiscard]] sliding::Counts counts() const;

  [[nodiscard]] std::uint32_t age_of(std::uint32_t i) const { return (newest - seen[i]) & 0xFF; }
};

/// Linear counting (Whang, Vander-Zanden and Taylor, 1990) whose bits carry the slot in which they
/// were last set, which makes it slide: a value of the window is a cell stamped in the window. n
/// values leave m e^(-n/m) of m = 512 cells untouched. Standard error 3.2 % at 100 values, 4.6 % at
/// 1,000, 14 % at 3,000; stops at 3,548. (HyperLogLog made to slide, as by Chabchoub and Hebrail,
/// 2010, keeps a list for each register, and at 100 values is no better than linear counting.)
struct SlidingMany {
  static constexpr std::uint32_t kCells = 512;

  std::uint32_t newest = 0;
  std::array<std::uint16_t, sliding::kSlots> stamped{};  ///< cells by slot modulo 16
  std::array<std::uint8_t, kCells> cells{};              ///< 0: untouched; else 1 + slot modulo 240

  /// Holds what a SlidingFew held.
  void take(const SlidingFew& few);
  bool advance(std::uint32_t slot);
  void add(std::uint32_t value, std::uint32_t slot);
  /// Whether the counts are those of the cells, as they always are unless the bytes came from
  /// elsewhere.
  [[nodiscard]] bool is_consistent() const;
  /// Rounded; monotone in what was added.
  [[nodiscard]] sliding::Counts counts() const;
};

}  // namespace doorward
