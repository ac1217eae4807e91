// DistinctOverflow: rough numbers of distinct values for any number of partitions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sketch/byte_lanes.h"
#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/hyperloglog.h"
#include "sketch/slab.h"

namespace doorward {

/// A count-min sketch whose counters are HyperLogLogs: kRows rows of cells, each cell 64 registers
/// of 4 bits per epoch slot. A partition's estimate is the least of its cells'. It holds the values
/// of every partition that shares the cell, so it reads too high when crowded (never beyond the
/// distinct values of all partitions), with the 13 % standard error of 64 registers on top. Union
/// by registers: commutative, associative, idempotent.
///
/// Memory: 2 rows * w cells * 256 bytes. Layout: row, cell, slot, 32 bytes of registers.
class DistinctOverflow {
 public:
  static constexpr unsigned kRows = 2;
  static constexpr unsigned kIndexBits = 6;
  static constexpr std::size_t kSlotBytes = (std::size_t{1} << kIndexBits) / 2;
  static constexpr std::size_t kCellBytes = kSlotBytes * kEpochSlots;
  static constexpr std::size_t kBytesMin = kRows * kCellBytes;

  /// Takes at most `bytes`, at least kBytesMin.
  explicit DistinctOverflow(std::size_t bytes)
      : row_cells_(bytes / kBytesMin), slab_(row_cells_ * kBytesMin) {}

  void add(Hash128 partition, std::uint32_t fingerprint, unsigned slot) {
    const hll::Position at = hll::position<kIndexBits>(fingerprint);
    for (unsigned row = 0; row < kRows; ++row) {
      hll::raise(slab_.data() + place(partition, row) + slot * kSlotBytes, at);
    }
  }

  /// Distinct values in the given slots, united; the least over the rows.
  [[nodiscard]] double estimate(Hash128 partition, EpochMask slots) const;

  void keep_slots(EpochMask kept);
  void merge(const DistinctOverflow& other, EpochMask shared);

  void prefetch(Hash128 partition, unsigned slot) const {
    for (unsigned row = 0; row < kRows; ++row) {
      __builtin_prefetch(slab_.data() + place(partition, row) + slot * kSlotBytes, 1);
    }
  }

  [[nodiscard]] std::size_t bytes() const { return slab_.size(); }
  [[nodiscard]] std::span<std::uint8_t> raw() { return slab_.bytes(); }
  [[nodiscard]] std::span<const std::uint8_t> raw() const { return slab_.bytes(); }
  [[nodiscard]] bool only_slots(EpochMask mask) const;

 private:
  [[nodiscard]] std::size_t place(Hash128 partition, unsigned row) const {
    // Row 0 by the upper half of the hash: the lower half decides who is in the overflow at all.
    const std::uint64_t hash = partition.high + row * partition.low;
    return kCellBytes * (row * row_cells_ + lanes::fastrange(hash, row_cells_));
  }

  std::size_t row_cells_;
  Slab slab_;
};

}  // namespace doorward
