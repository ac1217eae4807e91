#include "sketch/distinct_table.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "sketch/byte_lanes.h"
#include "sketch/hyperloglog.h"

namespace doorward {
namespace {

constexpr unsigned kLink = 15;  // sparse block: word with the index of the next block

EpochMask mask_of(std::uint32_t entry) {
  return static_cast<EpochMask>(entry & 0xFFU);
}

}  // namespace

DistinctTable::DistinctTable(const Sizes& sizes)
    : directory_(sizes.directory), arena_(sizes.arena), overflow_(sizes.overflow) {
  assert(arena_.capacity() >= kDenseCharge);
  lost_.fill(kNothingLost);
}

void DistinctTable::add_new(Hash128 partition, Hash128 value, std::int64_t epoch) {
  const std::uint32_t fingerprint = hll::fingerprint(value);
  assert(note_ == nullptr || partition == wide(partition.low));
  if (note_ != nullptr) note_->distinct(space_, partition.low, fingerprint, epoch);
  raise(partition, fingerprint, epoch);
}

void DistinctTable::raise(Hash128 partition, std::uint32_t fingerprint, std::int64_t epoch) {
  assert(ring_.holds(epoch));
  const unsigned slot = EpochRing::slot_of(epoch);
  overflow_.add(partition, fingerprint, slot);
  insert(name(partition), fingerprint, static_cast<EpochMask>(1U << slot));
}

void DistinctTable::insert(std::uint64_t hash, std::uint32_t fingerprint, EpochMask epochs) {
  Slot* slot = find_or_create(hash);
  if (slot == nullptr) {
    lose(hash, epochs);
  } else if (slot->count == kDense) {
    raise_registers(arena_.at(slot->head), fingerprint, epochs);
  } else if (std::uint32_t* entry = find_entry(*slot, fingerprint)) {
    *entry |= epochs;
  } else {
    append(slot, fingerprint, epochs);
  }
}

// A value that the sparse partition does not have yet.
void DistinctTable::append(Slot* slot, std::uint32_t fingerprint, EpochMask epochs) {
  const std::uint64_t hash = slot->hash;
  if (slot->count == kSparseMax) {
    slot = make_dense(hash);
    if (slot == nullptr) return lose(hash, epochs);
    return raise_registers(arena_.at(slot->head), fingerprint, epochs);
  }
  if (slot->count % kPerBlock == 0) {
    if (!reserve(hash, 1)) return lose(hash, epochs);
    slot = directory_.find(hash);
  }
  push(*slot, fingerprint << 8 | epochs);
}

// Puts an entry into the chain; the block it may need is charged already.
void DistinctTable::push(Slot& slot, std::uint32_t entry) {
  const unsigned place = slot.count % kPerBlock;
  if (place == 0) {
    const std::uint32_t block = arena_.take();
    arena_.at(block).words[kLink] = slot.head;
    slot.head = block;
  }
  arena_.at(slot.head).words[place] = entry;
  ++slot.count;
}

std::uint32_t* DistinctTable::find_entry(const Slot& slot, std::uint32_t fingerprint) {
  // Only the first block of the chain may be partly filled.
  unsigned left = slot.count;
  unsigned filled = left == 0 ? 0 : (left - 1) % kPerBlock + 1;
  for (std::uint32_t index = slot.head; left != 0;) {
    Block& block = arena_.at(index);
    const unsigned hits =
        lanes::match_upper24(block.words.data(), fingerprint) & ((1U << filled) - 1);
    if (hits != 0) return &block.words[static_cast<unsigned>(std::countr_zero(hits))];
    left -= filled;
    filled = kPerBlock;
    index = block.words[kLink];
  }
  return nullptr;
}

double DistinctTable::estimate(Hash128 partition, unsigned age_max) const {
  const std::uint64_t hash = name(partition);
  const EpochMask wanted = ring_.slots(age_max);
  if (hash >= complete_) return overflow_.estimate(partition, wanted);
  const Slot* slot = directory_.find(hash);
  if (slot == nullptr) return 0;
  const bool whole_ring = wanted == ring_.slots();
  if (slot->count == kDense) {
    const Block& head = arena_.at(slot->head);
    if (!whole_ring) return dense_estimate(head, wanted);
    return std::bit_cast<double>(std::array{head.words[8], head.words[9]});
  }
  if (whole_ring) return slot->count;
  EntryList entries;
  gather(*slot, entries);
  return static_cast<double>(
      std::ranges::count_if(entries.span(), [&](auto e) { return (mask_of(e) & wanted) != 0; }));
}

void DistinctTable::prefetch(Hash128 partition, std::int64_t epoch) const {
  overflow_.prefetch(partition, EpochRing::slot_of(epoch));
  if (name(partition) < bar_) directory_.prefetch(name(partition));
}

double DistinctTable::partitions_given_up() const {
  if (bar_ == kNothingLost) return 0;
  const double part = static_cast<double>(bar_) * 0x1p-64;
  return static_cast<double>(partitions()) * (1 / part - 1);
}

// --- the bound ---

DistinctTable::Slot* DistinctTable::find_or_create(std::uint64_t hash) {
  if (hash >= bar_) return nullptr;
  if (Slot* slot = directory_.find(hash)) return slot;
  directory_.insert(hash)->head = BlockArena::kNone;
  if (directory_.size() > directory_.limit()) {
    give_up_largest();
    follow_bar();
    if (hash >= bar_) return nullptr;
  }
  return directory_.find(hash);
}

// Makes room for more blocks charged to the partition.
bool DistinctTable::reserve(std::uint64_t hash, std::uint32_t blocks) {
  while (charged_ + blocks > arena_.capacity()) {
    give_up_largest();
    follow_bar();
    if (hash >= bar_) return false;
  }
  charged_ += blocks;
  return true;
}

void DistinctTable::give_up_largest() {
  Slot* slot = directory_.largest();
  lose(slot->hash, epochs_of(*slot));
  bar_ = std::min(bar_, slot->hash);
  free_partition(*slot);
  directory_.erase(slot);
}

void DistinctTable::lose(std::uint64_t hash, EpochMask epochs) {
  for_each_slot(epochs, [&](unsigned slot) { lost_[slot] = std::min(lost_[slot], hash); });
  if (epochs != 0) complete_ = std::min(complete_, hash);
}

// Homes must spread over the hashes that can still come, or probes get long.
void DistinctTable::follow_bar() {
  const std::uint64_t ceiling = directory_.ceiling();
  if (bar_ < ceiling - ceiling / 16) directory_.respread(bar_);
}

// --- dense ---

DistinctTable::Slot* DistinctTable::make_dense(std::uint64_t hash) {
  Slot* slot = find_or_create(hash);
  if (slot == nullptr || slot->count == kDense) return slot;
  if (!reserve(hash, kDenseCharge - charge(*slot))) return nullptr;
  slot = directory_.find(hash);
  EntryList entries;
  gather(*slot, entries);
  free_entries(*slot);
  slot->head = arena_.take();
  slot->count = kDense;
  Block& head = arena_.at(slot->head);
  std::fill_n(head.words.begin(), kEpochSlots, BlockArena::kNone);
  for (const std::uint32_t entry : entries.span()) {
    const hll::Position at = hll::position<kIndexBits>(entry >> 8);
    for_each_slot(mask_of(entry),
                  [&](unsigned s) { hll::raise(register_block(head, s).bytes().data(), at); });
  }
  refresh_estimate(head);
  return slot;
}

void DistinctTable::unite(std::uint64_t hash, EpochMask epochs,
                          const std::array<const Block*, kEpochSlots>& from) {
  const Slot* slot = make_dense(hash);
  if (slot == nullptr) return lose(hash, epochs);
  Block& head = arena_.at(slot->head);
  for_each_slot(epochs,
                [&](unsigned s) { hll::unite(register_block(head, s).bytes(), from[s]->bytes()); });
  refresh_estimate(head);
}

Block& DistinctTable::register_block(Block& head, unsigned slot) {
  if (head.words[slot] == BlockArena::kNone) head.words[slot] = arena_.take();
  return arena_.at(head.words[slot]);
}

void DistinctTable::raise_registers(Block& head, std::uint32_t fingerprint, EpochMask epochs) {
  const hll::Position at = hll::position<kIndexBits>(fingerprint);
  bool higher = false;
  for_each_slot(epochs, [&](unsigned slot) {
    higher |= hll::raise(register_block(head, slot).bytes().data(), at);
  });
  if (higher) refresh_estimate(head);
}

void DistinctTable::refresh_estimate(Block& head) {
  const auto words = std::bit_cast<std::array<std::uint32_t, 2>>(dense_estimate(head, kAllSlots));
  head.words[8] = words[0];
  head.words[9] = words[1];
}

double DistinctTable::dense_estimate(const Block& head, EpochMask slots) const {
  std::array<std::uint8_t, kRegisterBytes> united{};
  for_each_slot(slots, [&](unsigned slot) {
    if (head.words[slot] != BlockArena::kNone) {
      hll::unite(united, arena_.at(head.words[slot]).bytes());
    }
  });
  return hll::estimate(united);
}

// --- a partition's blocks ---

void DistinctTable::gather(const Slot& slot, EntryList& out) const {
  out.size = 0;
  unsigned filled = slot.count == 0 ? 0 : (slot.count - 1U) % kPerBlock + 1;
  for (std::uint32_t index = slot.head; out.size < slot.count; filled = kPerBlock) {
    const Block& block = arena_.at(index);
    std::copy_n(block.words.begin(), filled, out.words.begin() + out.size);
    out.size += filled;
    index = block.words[kLink];
  }
}

void DistinctTable::free_entries(Slot& slot) {
  for (unsigned blocks = charge(slot); blocks != 0; --blocks) {
    const std::uint32_t next = arena_.at(slot.head).words[kLink];
    arena_.give_back(slot.head);
    slot.head = next;
  }
  slot.count = 0;
}

void DistinctTable::free_partition(Slot& slot) {
  charged_ -= charge(slot);
  if (slot.count != kDense) return free_entries(slot);
  for (unsigned s = 0; s < kEpochSlots; ++s) {
    const std::uint32_t block = arena_.at(slot.head).words[s];
    if (block != BlockArena::kNone) arena_.give_back(block);
  }
  arena_.give_back(slot.head);
}

EpochMask DistinctTable::epochs_of(const Slot& slot) const {
  unsigned mask = 0;
  if (slot.count == kDense) {
    const Block& head = arena_.at(slot.head);
    for (unsigned s = 0; s < kEpochSlots; ++s) {
      if (head.words[s] != BlockArena::kNone) mask |= 1U << s;
    }
  } else {
    EntryList entries;
    gather(slot, entries);
    for (const std::uint32_t entry : entries.span()) mask |= mask_of(entry);
  }
  return static_cast<EpochMask>(mask);
}

}  // namespace doorward
