// DistinctTable as a whole: expiry, merging, and what the codec reads and writes.
#include <algorithm>
#include <cassert>

#include "sketch/distinct_table.h"
#include "sketch/hyperloglog.h"

namespace doorward {

void DistinctTable::set_ring(const EpochRing& ring) {
  const EpochMask kept = ring_.shared_slots(ring);
  const bool had_data = ring_.newest != kNoEpoch;
  ring_ = ring;
  if (!had_data) return;
  recent_.forget();
  overflow_.keep_slots(kept);
  bool erased = false;
  for_each_slot(static_cast<EpochMask>(~kept & 0xFF), [&](unsigned s) {
    erased |= lost_[s] != kNothingLost;
    lost_[s] = kNothingLost;
  });
  complete_ = *std::ranges::min_element(lost_);
  directory_.for_each([&](Slot& slot) { erased |= expire(slot, kept); });
  if (erased) bar_ = kNothingLost;
  directory_.respread(bar_);
}

// Erases what is not in the kept slots, and tells whether there was any; marks the partition as
// removed when nothing is left.
bool DistinctTable::expire(Slot& slot, EpochMask kept) {
  if ((epochs_of(slot) & ~kept) == 0) return false;
  if (slot.count == kDense) {
    Block& head = arena_.at(slot.head);
    for (unsigned s = 0; s < kEpochSlots; ++s) {
      if (((kept >> s) & 1U) != 0 || head.words[s] == BlockArena::kNone) continue;
      arena_.give_back(head.words[s]);
      head.words[s] = BlockArena::kNone;
    }
    if (epochs_of(slot) != 0) {
      refresh_estimate(head);
    } else {
      free_partition(slot);
      slot.hash = 0;
    }
    return true;
  }
  EntryList entries;
  gather(slot, entries);
  charged_ -= charge(slot);
  free_entries(slot);
  slot.head = BlockArena::kNone;
  for (const std::uint32_t entry : entries.span()) {
    if ((entry & kept) != 0) push(slot, (entry & ~0xFFU) | (entry & kept));
  }
  charged_ += charge(slot);
  if (slot.count == 0) slot.hash = 0;
  return true;
}

bool DistinctTable::has_data_outside(EpochMask slots) const {
  bool found = false;
  for_each_slot(static_cast<EpochMask>(~slots & 0xFF),
                [&](unsigned s) { found |= lost_[s] != kNothingLost; });
  directory_.for_each([&](const Slot& slot) { found |= (epochs_of(slot) & ~slots) != 0; });
  return found;
}

void DistinctTable::merge(const DistinctTable& other, EpochMask shared) {
  overflow_.merge(other.overflow_, shared);
  for_each_slot(shared, [&](unsigned s) { lost_[s] = std::min(lost_[s], other.lost_[s]); });
  complete_ = *std::ranges::min_element(lost_);
  // A bar of the other stands only if it would still stand had the other moved to this ring itself.
  if (!other.has_data_outside(shared)) bar_ = std::min(bar_, other.bar_);
  while (Slot* slot = directory_.largest()) {
    if (slot->hash < bar_) break;
    give_up_largest();
  }
  follow_bar();
  other.for_each_partition([&](const Partition& theirs) {
    if (theirs.dense) {
      const auto epochs = static_cast<EpochMask>(theirs.epochs & shared);
      if (epochs != 0) unite(theirs.hash, epochs, theirs.registers);
      return;
    }
    for (const std::uint32_t entry : theirs.entries) {
      const auto epochs = static_cast<EpochMask>(entry & shared);
      if (epochs != 0) insert(theirs.hash, entry >> 8, epochs);
    }
  });
}

DistinctTable::Partition DistinctTable::view(const Slot& slot, EntryList& scratch) const {
  Partition out{slot.hash, slot.count == kDense, {}, 0, {}};
  if (out.dense) {
    const Block& head = arena_.at(slot.head);
    out.epochs = epochs_of(slot);
    for_each_slot(out.epochs, [&](unsigned s) { out.registers[s] = &arena_.at(head.words[s]); });
  } else {
    gather(slot, scratch);
    std::ranges::sort(scratch.span());
    out.entries = scratch.span();
  }
  return out;
}

void DistinctTable::restore_bounds(const Lost& lost, std::uint64_t bar) {
  assert(directory_.size() == 0);
  lost_ = lost;
  complete_ = *std::ranges::min_element(lost_);
  bar_ = bar;
  directory_.respread(bar_);
}

bool DistinctTable::restore(const Partition& partition) {
  const std::uint64_t before = bar_;
  if (partition.dense) {
    unite(partition.hash, partition.epochs, partition.registers);
  } else {
    for (const std::uint32_t entry : partition.entries) {
      insert(partition.hash, entry >> 8, static_cast<EpochMask>(entry & 0xFF));
    }
  }
  return bar_ == before && partition.hash < before;
}

}  // namespace doorward
