// WindowCount: how many events an entity had in a window, in slots of a sixteenth of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace doorward {

/// Holds two windows' worth of slots, so that a feed may be a window late; events older than that
/// are not counted. Plain bytes; all zero: none. `window` is in seconds, at least 60, the same in
/// all calls.
class WindowCount {
 public:
  void note(std::uint32_t time, std::uint32_t window) {
    const std::uint32_t slot = slot_of(time, window);
    if (slot > newest_) {
      const std::uint32_t turned = slot - newest_ < kSlots ? slot - newest_ : kSlots;
      for (std::uint32_t i = 0; i < turned; ++i) counts_[(slot - i) % kSlots] = 0;
      newest_ = slot;
    } else if (newest_ - slot >= kSlots) {
      return;
    }
    std::uint8_t& count = counts_[slot % kSlots];
    if (count != UINT8_MAX) ++count;
  }

  /// Events in the window that ends at `end`. The slots at its two ends count as a whole, so it may
  /// be a slot's events too many, never too few. A slot counts to 255.
  [[nodiscard]] std::uint32_t count(std::uint32_t end, std::uint32_t window) const {
    const std::uint32_t last = slot_of(end, window);
    const std::uint32_t first = slot_of(end > window ? end - window : 0, window);
    std::uint32_t sum = 0;
    for (std::uint32_t slot = first; slot <= last && slot <= newest_; ++slot) {
      if (newest_ - slot < kSlots) sum += counts_[slot % kSlots];
    }
    return sum;
  }

 private:
  static constexpr std::uint32_t kPerWindow = 16;
  static constexpr std::uint32_t kSlots = 2 * kPerWindow;

  static std::uint32_t slot_of(std::uint32_t time, std::uint32_t window) {
    return time / ((window + kPerWindow - 1) / kPerWindow) + 1;
  }

  std::uint32_t newest_ = 0;  // slot; 0: none
  std::array<std::uint8_t, kSlots> counts_{};
};

}  // namespace doorward
