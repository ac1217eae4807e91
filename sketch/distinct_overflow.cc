#include "sketch/distinct_overflow.h"

#include <algorithm>

namespace doorward {
namespace {

bool in_mask(EpochMask mask, std::size_t offset) {
  return ((mask >> (offset / DistinctOverflow::kSlotBytes % kEpochSlots)) & 1U) != 0;
}

}  // namespace

double DistinctOverflow::estimate(Hash128 partition, EpochMask slots) const {
  double least = 0;
  for (unsigned row = 0; row < kRows; ++row) {
    std::array<std::uint8_t, kSlotBytes> united{};
    const auto cell = raw().subspan(place(partition, row), kCellBytes);
    for (unsigned slot = 0; slot < kEpochSlots; ++slot) {
      if (((slots >> slot) & 1U) != 0) {
        hll::unite(united, cell.subspan(slot * kSlotBytes, kSlotBytes));
      }
    }
    const double in_row = hll::estimate(united);
    least = row == 0 ? in_row : std::min(least, in_row);
  }
  return least;
}

void DistinctOverflow::keep_slots(EpochMask kept) {
  for (std::size_t i = 0; i < slab_.size(); ++i) {
    if (!in_mask(kept, i)) slab_.data()[i] = 0;
  }
}

void DistinctOverflow::merge(const DistinctOverflow& other, EpochMask shared) {
  for (std::size_t at = 0; at < slab_.size(); at += kSlotBytes) {
    if (in_mask(shared, at)) {
      hll::unite(raw().subspan(at, kSlotBytes), other.raw().subspan(at, kSlotBytes));
    }
  }
}

bool DistinctOverflow::only_slots(EpochMask mask) const {
  for (std::size_t i = 0; i < slab_.size(); ++i) {
    if (!in_mask(mask, i) && slab_.data()[i] != 0) return false;
  }
  return true;
}

}  // namespace doorward
