#include "sketch/totals.h"

namespace doorward {

Totals::Totals(std::size_t bytes)
    : row_cells_(bytes / (kRows * kEpochSlots * sizeof(std::uint32_t))),
      slab_(row_cells_ * kRows * kEpochSlots * sizeof(std::uint32_t)) {
  assert(row_cells_ > 0);
}

void Totals::set_ring(const EpochRing& ring) {
  const EpochMask kept = ring_.shared_slots(ring);
  const bool had_data = ring_.newest != kNoEpoch;
  ring_ = ring;
  if (!had_data) return;
  for (std::size_t i = 0; i < counters(); ++i) {
    if (((kept >> (i % kEpochSlots)) & 1U) == 0) cells()[i] = 0;
  }
}

void Totals::merge(const Totals& other, EpochMask shared) {
  assert(row_cells_ == other.row_cells_);
  for (std::size_t i = 0; i < counters(); ++i) {
    if (((shared >> (i % kEpochSlots)) & 1U) != 0) {
      cells()[i] = saturated_sum(cells()[i], other.cells()[i]);
    }
  }
}

bool Totals::only_slots(EpochMask mask) const {
  for (std::size_t i = 0; i < counters(); ++i) {
    if (((mask >> (i % kEpochSlots)) & 1U) == 0 && cells()[i] != 0) return false;
  }
  return true;
}

}  // namespace doorward
