// DistinctTable: K(u), how many distinct values each partition has, in fixed memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "sketch/additions.h"
#include "sketch/block_arena.h"
#include "sketch/distinct_overflow.h"
#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/partition_directory.h"
#include "sketch/recent_additions.h"

namespace doorward {

/// Most partitions (users) have few values, a few have very many, and anybody may invent
/// partitions. So a partition is exact first, a HyperLogLog later, and the table has a bound with a
/// rule for who stays.
///
/// Sparse, up to kSparseMax values: each value is a fingerprint of 24 bits and the mask of the
/// epochs it was seen in (the idea of a sparse phase: Heule, Nunkesser and Hall, 2013). The number
/// is exact but for fingerprints that coincide: 0.04 % of partitions at 120 values are one short.
/// Dense, from the next value on: 128 registers of 4 bits for each epoch with data; standard error
/// 9.2 %, less below 300 values. See hyperloglog.h for the estimate.
///
/// Bound. When directory or arena is full, the partitions with the LARGEST hashes are given up
/// until the rest fits; from then on no partition at or above that hash, the bar, is accepted. When
/// an epoch with data is erased there may be room again, and the bar is lifted. Per epoch the table
/// keeps the least hash that lost an addition in that epoch. A partition below all of these in the
/// ring is complete; any other is estimated by the overflow (distinct_overflow.h), to which every
/// addition is written as well. So a partition that is accepted again is exact again once the
/// epochs in which it lost something have expired.
///
/// Promise. As long as no epoch with data has been erased from a table, its state (hence its
/// encoding) is a function of the set of additions, not of their order or number, and merging two
/// tables gives the table of both logs, also beyond the bound: a partition's charge for blocks only
/// grows with its additions, so the partitions that fit are the same whichever way one gets there.
/// Where it ends: after an epoch with data was erased, a partition that was dense stays dense,
/// though it may now have few values, and partitions may be missing that a table would have that
/// never saw the erased epoch. Estimates stay right within the error of the representation, what is
/// called complete is complete, and merging stays a union of what both tables hold.
///
/// Memory: 16 bytes a directory slot (3/4 of them used at most), 64 bytes a block. Charge of a
/// partition: one block per 15 values while sparse, 9 blocks when dense (one head and up to one per
/// epoch; fewer are in use while fewer epochs have data).
/// Layout of blocks: sparse: 15 words of fingerprint << 8 | epoch mask, then the index of the next
/// block. Dense head: 8 block indices by slot, then the estimate over the whole ring as a double,
/// kept up to date so that reading it costs nothing. Dense: 128 registers, two a byte.
///
/// Not thread-safe for writing; any number of threads may read while nobody writes.
class DistinctTable {
 public:
  static constexpr unsigned kSparseMax = 120;
  static constexpr unsigned kIndexBits = 7;
  static constexpr std::size_t kRegisterBytes = (std::size_t{1} << kIndexBits) / 2;

  struct Sizes {
    std::size_t directory;  ///< bytes, at least kDirectoryMin
    std::size_t arena;      ///< bytes, at least kArenaMin
    std::size_t overflow;   ///< bytes, at least kOverflowMin
  };
  static constexpr std::size_t kDirectoryMin = 1024;
  static constexpr std::size_t kArenaMin = 4096;
  static constexpr std::size_t kOverflowMin = 4 * DistinctOverflow::kBytesMin;

  explicit DistinctTable(const Sizes& sizes);

  /// The partition had the value in the epoch, which must be in the ring. True: this very addition
  /// is known to have come before, since the ring last moved.
  bool add(Hash128 partition, Hash128 value, std::int64_t epoch) {
    if (recent_.is_known(partition.low, value.low, EpochRing::slot_of(epoch))) return true;
    add_new(partition, value, epoch);
    return false;
  }

  /// See PairCounts.
  void note_into(Additions* additions, Space space) {
    note_ = additions;
    space_ = space;
    recent_.forget();  // what others are told of now, these additions have not
  }
  /// The partition had the value of this fingerprint (hll::fingerprint()). Not noted.
  void raise(Hash128 partition, std::uint32_t fingerprint, std::int64_t epoch);

  /// Distinct values of the partition in epochs of age 0..age_max, united. 0 when it has none.
  [[nodiscard]] double estimate(Hash128 partition, unsigned age_max = kEpochSlots - 1) const;

  /// True when the table may not have all of the partition: estimate() is then the overflow's,
  /// which reads too high when crowded.
  [[nodiscard]] bool overflowed(Hash128 partition) const { return name(partition) >= complete_; }

  /// Starts loading what add() and estimate() need first.
  void prefetch(Hash128 partition, std::int64_t epoch) const;

  void set_ring(const EpochRing& ring);
  void merge(const DistinctTable& other, EpochMask shared);

  [[nodiscard]] std::size_t partitions() const { return directory_.size(); }
  [[nodiscard]] std::size_t partitions_limit() const { return directory_.limit(); }
  /// Estimated number of partitions that the bar keeps out: partitions() * (2^64 / bar - 1), since
  /// hashes are uniform. 0 while there is no bar.
  [[nodiscard]] double partitions_given_up() const;
  [[nodiscard]] std::uint32_t blocks_charged() const { return charged_; }
  [[nodiscard]] std::uint32_t blocks_limit() const { return arena_.capacity(); }
  [[nodiscard]] std::size_t bytes() const {
    return directory_.bytes() + arena_.bytes() + overflow_.bytes();
  }

  // --- for the codec ---

  static constexpr std::uint64_t kNothingLost = std::numeric_limits<std::uint64_t>::max();
  using Lost = std::array<std::uint64_t, kEpochSlots>;

  /// One partition in canonical form. The spans live until the visitor returns.
  struct Partition {
    std::uint64_t hash;
    bool dense;
    std::span<const std::uint32_t> entries;  ///< sparse: fingerprint << 8 | mask, ascending
    EpochMask epochs;                        ///< dense: slots with registers
    std::array<const Block*, kEpochSlots> registers;  ///< dense: by slot, nullptr where none
  };
  /// Calls visit(const Partition&) in the order of hashes.
  template <class Visit>
  void for_each_partition(Visit visit) const {
    EntryList scratch;
    directory_.for_each([&](const Slot& slot) { visit(view(slot, scratch)); });
  }
  /// By slot, the least hash that lost an addition, or kNothingLost.
  [[nodiscard]] const Lost& lost() const { return lost_; }
  /// Partitions at or above are refused; kNothingLost while there is no bar. Never below all of
  /// lost().
  [[nodiscard]] std::uint64_t bar() const { return bar_; }
  [[nodiscard]] DistinctOverflow& overflow() { return overflow_; }
  [[nodiscard]] const DistinctOverflow& overflow() const { return overflow_; }
  /// Only on a table without partitions.
  void restore_bounds(const Lost& lost, std::uint64_t bar);
  /// Adds a partition as for_each_partition() gave it. False when it does not fit or is not below
  /// the bar; the table is then of no use.
  [[nodiscard]] bool restore(const Partition& partition);

 private:
  using Slot = PartitionDirectory::Slot;
  static constexpr unsigned kPerBlock = 15;  // sparse entries; word 15 is the link
  static constexpr std::uint16_t kDense = 0xFFFF;
  static constexpr std::uint32_t kDenseCharge = 1 + kEpochSlots;
  static_assert(kSparseMax / kPerBlock <= kDenseCharge, "a charge must never fall as values come");
  struct EntryList {
    std::array<std::uint32_t, kSparseMax> words;
    unsigned size = 0;
    [[nodiscard]] std::span<std::uint32_t> span() { return std::span(words).first(size); }
  };

  static std::uint64_t name(Hash128 partition) { return partition.low == 0 ? 1 : partition.low; }
  static std::uint32_t charge(const Slot& slot) {
    return slot.count == kDense ? kDenseCharge : (slot.count + kPerBlock - 1) / kPerBlock;
  }

  void add_new(Hash128 partition, Hash128 value, std::int64_t epoch);
  void insert(std::uint64_t hash, std::uint32_t fingerprint, EpochMask epochs);
  void unite(std::uint64_t hash, EpochMask epochs,
             const std::array<const Block*, kEpochSlots>& from);
  void append(Slot* slot, std::uint32_t fingerprint, EpochMask epochs);
  void push(Slot& slot, std::uint32_t entry);
  [[nodiscard]] std::uint32_t* find_entry(const Slot& slot, std::uint32_t fingerprint);

  // These may give up partitions, also the one asked for: then nullptr / false.
  Slot* find_or_create(std::uint64_t hash);
  Slot* make_dense(std::uint64_t hash);
  [[nodiscard]] bool reserve(std::uint64_t hash, std::uint32_t blocks);

  void give_up_largest();
  void lose(std::uint64_t hash, EpochMask epochs);
  void follow_bar();

  void gather(const Slot& slot, EntryList& out) const;
  void free_entries(Slot& slot);
  void free_partition(Slot& slot);
  bool expire(Slot& slot, EpochMask kept);
  [[nodiscard]] bool has_data_outside(EpochMask slots) const;
  [[nodiscard]] EpochMask epochs_of(const Slot& slot) const;
  [[nodiscard]] Partition view(const Slot& slot, EntryList& scratch) const;

  Block& register_block(Block& head, unsigned slot);
  void raise_registers(Block& head, std::uint32_t fingerprint, EpochMask epochs);
  void refresh_estimate(Block& head);
  [[nodiscard]] double dense_estimate(const Block& head, EpochMask slots) const;

  PartitionDirectory directory_;
  BlockArena arena_;
  DistinctOverflow overflow_;
  std::uint32_t charged_ = 0;
  std::uint64_t bar_ = kNothingLost;
  std::uint64_t complete_ = kNothingLost;  // least of lost_
  Lost lost_;
  EpochRing ring_;
  RecentAdditions recent_;
  Additions* note_ = nullptr;  // not owned
  Space space_ = Space::successes;
};

}  // namespace doorward
