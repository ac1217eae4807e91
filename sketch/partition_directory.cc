#include "sketch/partition_directory.h"

#include <algorithm>
#include <cassert>

namespace doorward {
namespace {

// Homes leave the last sixteenth of the slots to those that are pushed on from the end.
std::size_t usual_span(std::size_t slots) {
  return slots - slots / 16;
}

}  // namespace

PartitionDirectory::PartitionDirectory(std::size_t bytes)
    : slots_(bytes / sizeof(Slot) - 1), slab_((slots_ + 1) * sizeof(Slot)) {
  assert(slots_ >= 8);
  set_spread(kNoCeiling, usual_span(slots_));
}

void PartitionDirectory::set_spread(std::uint64_t ceiling, std::size_t span) {
  __extension__ using Uint128 = unsigned __int128;
  ceiling_ = ceiling;
  span_ = span;
  shift_ = ceiling == 0 ? 0 : std::countl_zero(ceiling);
  // span * 2^64 / (ceiling << shift): the ceiling itself would be at home at span.
  const std::uint64_t normalised = ceiling == 0 ? kNoCeiling : ceiling << shift_;
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): 128 bits, not 64
  scale_ = static_cast<std::uint64_t>((static_cast<Uint128>(span) << 64) / normalised);
}

PartitionDirectory::Slot* PartitionDirectory::insert(std::uint64_t hash) {
  assert(hash != 0 && size_ < slots_);
  Slot* at = lower_bound(hash);
  assert(at->hash != hash);
  const Slot* const limit = slots() + slots_;
  Slot* free = at;
  while (free != limit && free->hash != 0) ++free;
  if (free == limit) {
    // The run reaches the end: draw homes together until it does not. With no span at all the table
    // is a plain sorted array, so this ends.
    lay_out(ceiling_, span_ / 2);
    return insert(hash);
  }
  std::move_backward(at, free, free + 1);
  *at = {hash, 0, 0, 0};
  ++size_;
  end_ = std::max(end_, static_cast<std::size_t>(free - slots()) + 1);
  return at;
}

void PartitionDirectory::erase(Slot* slot) {
  Slot* next = slot + 1;  // at most the slot that stays free
  while (next->hash != 0 && home(next->hash) < static_cast<std::size_t>(next - slots())) ++next;
  std::move(slot + 1, next, slot);
  *(next - 1) = {};
  --size_;
}

PartitionDirectory::Slot* PartitionDirectory::largest() {
  while (end_ > 0 && slots()[end_ - 1].hash == 0) --end_;
  return end_ == 0 ? nullptr : slots() + end_ - 1;
}

void PartitionDirectory::respread(std::uint64_t ceiling) {
  lay_out(ceiling, usual_span(slots_));
}

void PartitionDirectory::lay_out(std::uint64_t ceiling, std::size_t span) {
  // All elements to the end, in order; from there they go to their places, which are never later.
  std::size_t from = slots_;
  for (std::size_t i = slots_; i-- > 0;) {
    if (slots()[i].hash == 0) continue;
    --from;
    if (from == i) continue;
    slots()[from] = slots()[i];
    slots()[i] = {};
  }
  size_ = slots_ - from;
  const auto end_with = [&](std::size_t try_span) {
    set_spread(ceiling, try_span);
    std::size_t end = 0;
    for (std::size_t i = from; i < slots_; ++i) end = std::max(end, home(slots()[i].hash)) + 1;
    return end;
  };
  while (end_with(span) > slots_) span /= 2;
  end_ = 0;
  for (std::size_t i = from; i < slots_; ++i) {
    const Slot element = slots()[i];
    slots()[i] = {};
    const std::size_t at = std::max(end_, home(element.hash));
    slots()[at] = element;
    end_ = at + 1;
  }
}

}  // namespace doorward
