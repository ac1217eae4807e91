// PartitionDirectory: a fixed table of partitions in the order of their hashes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "sketch/byte_lanes.h"
#include "sketch/slab.h"

namespace doorward {

/// Linear probing in which elements lie in the order of their hashes (Amble and Knuth, "Ordered
/// hash tables", 1974): a search ends at the first larger hash, the largest element is the last,
/// and a walk over the slots is a walk in order. An element lies at or after its home, with no gap
/// between.
///
/// All hashes are below a ceiling, and homes spread over the ceiling's range, not over all 64 bits:
/// when the table's owner lowers the ceiling because it is full, respread() keeps probes short.
/// Every answer is right with any spread; only the time differs.
///
/// Memory: 16 bytes a slot. The hash 0 marks a free slot and must not be used.
class PartitionDirectory {
 public:
  struct Slot {
    std::uint64_t hash;
    std::uint32_t head;   ///< for the owner
    std::uint16_t count;  ///< for the owner
    std::uint16_t unused;
  };
  static_assert(sizeof(Slot) == 16);

  static constexpr std::uint64_t kNoCeiling = std::numeric_limits<std::uint64_t>::max();

  explicit PartitionDirectory(std::size_t bytes);

  /// The most elements there may be: 3/4 of the slots. insert() bears one more than that.
  [[nodiscard]] std::size_t limit() const { return slots_ / 4 * 3; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return slab_.size(); }

  /// The element, or nullptr. The hash must be below the ceiling.
  [[nodiscard]] Slot* find(std::uint64_t hash) {
    Slot* slot = lower_bound(hash);
    return slot->hash == hash ? slot : nullptr;
  }
  [[nodiscard]] const Slot* find(std::uint64_t hash) const {
    return const_cast<PartitionDirectory*>(this)->find(hash);
  }

  /// A new element with head and count 0; it must not be there yet. Moves other elements.
  Slot* insert(std::uint64_t hash);

  /// Removes an element. Moves other elements, none when it is the largest.
  void erase(Slot* slot);

  /// The element with the largest hash, nullptr when empty.
  [[nodiscard]] Slot* largest();

  /// Calls visit(Slot&) in order of hashes. To remove an element during the walk, set its hash to 0
  /// and call respread() right after.
  template <class Visit>
  void for_each(Visit visit) {
    for (Slot* slot = slots(); slot != slots() + slots_; ++slot) {
      if (slot->hash != 0) visit(*slot);
    }
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot* slot = slots(); slot != slots() + slots_; ++slot) {
      if (slot->hash != 0) visit(*slot);
    }
  }

  /// Lays the elements out anew for hashes below the ceiling.
  void respread(std::uint64_t ceiling);
  [[nodiscard]] std::uint64_t ceiling() const { return ceiling_; }

  /// Starts loading the place of a hash.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots() + home(hash), 1); }

 private:
  [[nodiscard]] Slot* slots() { return slab_.as<Slot>(); }
  [[nodiscard]] const Slot* slots() const { return slab_.as<Slot>(); }

  // Monotone, 0..span-1 for hashes below the ceiling.
  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return lanes::fastrange(hash << shift_, scale_);
  }
  // The first slot from the hash's home that is free or holds this or a larger hash. The slot after
  // the last stays free, so the walk ends.
  [[nodiscard]] Slot* lower_bound(std::uint64_t hash) {
    Slot* slot = slots() + home(hash);
    while (slot->hash < hash && slot->hash != 0) ++slot;
    return slot;
  }
  void set_spread(std::uint64_t ceiling, std::size_t span);
  void lay_out(std::uint64_t ceiling, std::size_t span);

  std::size_t slots_;  // without the one that stays free
  std::size_t size_ = 0;
  std::size_t end_ = 0;  // all slots from here on are free
  std::uint64_t ceiling_ = kNoCeiling;
  int shift_ = 0;
  std::uint64_t scale_ = 0;
  std::size_t span_ = 0;
  Slab slab_;
};

}  // namespace doorward
