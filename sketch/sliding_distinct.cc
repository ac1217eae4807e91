#include "sketch/sliding_distinct.h"

#include <algorithm>
#include <cmath>

namespace doorward {
namespace {

using sliding::bucket_of;
using sliding::kBucketSlots;
using sliding::kSlots;

/// A multiple of the 16 slots of a window, so that a stamp tells the place in `stamped` as well.
constexpr std::uint32_t kStamps = 240;
static_assert(kStamps % kSlots == 0 && kStamps < 256);

std::uint8_t stamp_of(std::uint32_t slot) {
  return static_cast<std::uint8_t>(1 + slot % kStamps);
}

std::uint32_t estimate(std::uint32_t touched) {
  static const std::array<std::uint16_t, SlidingMany::kCells + 1> kTable = [] {
    std::array<std::uint16_t, SlidingMany::kCells + 1> table{};
    constexpr double kM = SlidingMany::kCells;
    for (std::uint32_t c = 0; c <= SlidingMany::kCells; ++c) {
      // All cells touched is told from all but half a cell.
      const double empty = std::max(0.5, kM - c);
      table[c] = static_cast<std::uint16_t>(std::lround(-kM * std::log(empty / kM)));
    }
    return table;
  }();
  return kTable[touched];
}

}  // namespace

bool SlidingFew::advance(std::uint32_t slot) {
  if (size == 0) {
    newest = slot;
    return true;
  }
  if (slot <= newest) return false;
  const bool next = bucket_of(slot) != bucket_of(newest);
  const std::uint32_t steps = slot - newest;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    if (steps < kSlots && age_of(i) + steps < kSlots) seen[kept++] = seen[i];
  }
  size = kept;
  newest = slot;
  return next;
}

bool SlidingFew::add(std::uint32_t value, std::uint32_t slot) {
  const std::uint32_t age = newest - slot;
  if (age >= kSlots) return true;
  const std::uint32_t noted = value << 8 | (slot & 0xFF);
  for (std::uint32_t i = 0; i < size; ++i) {
    if (seen[i] >> 8 != value) continue;
    if (age < age_of(i)) seen[i] = noted;
    return true;
  }
  if (size == kMax) return false;
  seen[size++] = noted;
  return true;
}

sliding::Counts SlidingFew::counts() const {
  sliding::Counts out{size, 0};
  for (std::uint32_t i = 0; i < size; ++i) out.bucket += age_of(i) <= newest % kBucketSlots ? 1 : 0;
  return out;
}

void SlidingMany::take(const SlidingFew& few) {
  *this = {};
  newest = few.newest;
  for (std::uint32_t i = 0; i < few.size; ++i) add(few.seen[i] >> 8, few.newest - few.age_of(i));
}

bool SlidingMany::advance(std::uint32_t slot) {
  if (slot <= newest) return false;
  const bool next = bucket_of(slot) != bucket_of(newest);
  const std::uint32_t steps = std::min(slot - newest, kSlots);
  // Slots that leave; their cells become untouched, so that every stamp is of the window.
  std::array<bool, 256> leaves{};
  bool any = false;
  for (std::uint32_t i = 1; i <= steps; ++i) {
    std::uint16_t& left = stamped[(newest + i) % kSlots];
    // The slot that shares this place and is sixteen earlier.
    leaves[stamp_of(newest + i + kStamps - kSlots)] = left != 0;
    any = any || left != 0;
    left = 0;
  }
  newest = slot;
  if (any) {
    for (std::uint8_t& cell : cells) cell = leaves[cell] ? std::uint8_t{0} : cell;
  }
  return next;
}

void SlidingMany::add(std::uint32_t value, std::uint32_t slot) {
  const std::uint32_t age = newest - slot;
  if (age >= kSlots) return;
  std::uint8_t& cell = cells[value % kCells];
  if (cell != 0) {
    const std::uint32_t its_age = (newest % kStamps + kStamps - (cell - 1U)) % kStamps;
    if (its_age <= age) return;
    --stamped[(newest - its_age) % kSlots];
  }
  cell = stamp_of(slot);
  ++stamped[slot % kSlots];
}

bool SlidingMany::is_consistent() const {
  std::array<std::uint16_t, kSlots> counted{};
  for (const std::uint8_t cell : cells) {
    if (cell == 0) continue;
    if (cell > kStamps) return false;
    const std::uint32_t age = (newest % kStamps + kStamps - (cell - 1U)) % kStamps;
    if (age >= kSlots) return false;
    ++counted[(newest - age) % kSlots];
  }
  return counted == stamped;
}

sliding::Counts SlidingMany::counts() const {
  std::uint32_t window = 0;
  std::uint32_t bucket = 0;
  for (std::uint32_t age = 0; age < kSlots; ++age) {
    const std::uint32_t touched = stamped[(newest - age) % kSlots];
    window += touched;
    if (age <= newest % kBucketSlots) bucket += touched;
  }
  return {estimate(window), estimate(bucket)};
}

}  // namespace doorward
