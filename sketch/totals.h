// Totals: n(u), how many events each partition had, per epoch, in fixed memory.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "sketch/additions.h"
#include "sketch/byte_lanes.h"
#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/slab.h"

namespace doorward {

/// A count-min sketch (Cormode and Muthukrishnan, 2005) of 3 rows of 32-bit counters, 8 slots a
/// cell. Never reads too low, except that a counter stops at 2^32 - 1. With P partitions in rows of
/// w cells a total reads too high with probability (1 - e^(-P/w))^3, by what the least colliding
/// row holds. Adding and merging are sums that stop at the limit: commutative and associative.
///
/// Memory: 96 * w bytes, at most what was asked for. Layout: row after row, w cells of 8
/// little-endian 32-bit counters (counter s = slot s); places as in PairCounts.
///
/// Not thread-safe for writing; any number of threads may read while nobody writes.
class Totals {
 public:
  static constexpr std::size_t kRows = 3;

  /// Takes at most `bytes`, at least 96.
  explicit Totals(std::size_t bytes);

  /// n more of the key in the epoch, which must be in the ring.
  void add(Hash128 key, std::int64_t epoch, std::uint32_t n = 1) {
    assert(note_ == nullptr || key == wide(key.low));
    if (note_ != nullptr) note_->total(space_, key.low, epoch, n);
    raise(key, epoch, n);
  }

  /// See PairCounts.
  void note_into(Additions* additions, Space space) {
    note_ = additions;
    space_ = space;
  }
  void raise(Hash128 key, std::int64_t epoch, std::uint32_t n) {
    assert(ring_.holds(epoch));
    const unsigned slot = EpochRing::slot_of(epoch);
    for (unsigned row = 0; row < kRows; ++row) {
      std::uint32_t& count = cells()[place(key, row) + slot];
      count = saturated_sum(count, n);
    }
  }

  /// Totals by age: [0] is the newest epoch's.
  [[nodiscard]] std::array<std::uint32_t, kEpochSlots> read(Hash128 key) const {
    const std::uint32_t* a = cells() + place(key, 0);
    const std::uint32_t* b = cells() + place(key, 1);
    const std::uint32_t* c = cells() + place(key, 2);
    std::array<std::uint32_t, kEpochSlots> out;
    for (unsigned age = 0; age < kEpochSlots; ++age) {
      const unsigned slot = (ring_.newest_slot() - age) % kEpochSlots;
      const std::uint32_t ab = a[slot] < b[slot] ? a[slot] : b[slot];
      out[age] = ab < c[slot] ? ab : c[slot];
    }
    return out;
  }

  /// Starts loading the three cells of a key.
  void prefetch(Hash128 key) const {
    for (unsigned row = 0; row < kRows; ++row) __builtin_prefetch(cells() + place(key, row), 1);
  }

  /// Moves to another ring; what is not in both is erased.
  void set_ring(const EpochRing& ring);

  /// Adds the slots `shared` of a sketch of the same size.
  void merge(const Totals& other, EpochMask shared);

  [[nodiscard]] std::size_t bytes() const { return slab_.size(); }
  [[nodiscard]] std::size_t row_cells() const { return row_cells_; }

  /// All counters as laid out above, for the codec; slots outside the ring have to stay zero.
  [[nodiscard]] std::span<std::uint32_t> raw() { return {cells(), counters()}; }
  [[nodiscard]] std::span<const std::uint32_t> raw() const { return {cells(), counters()}; }
  [[nodiscard]] bool only_slots(EpochMask mask) const;

  static std::uint32_t saturated_sum(std::uint32_t a, std::uint32_t b) {
    const std::uint32_t sum = a + b;
    return sum < a ? std::numeric_limits<std::uint32_t>::max() : sum;
  }

 private:
  [[nodiscard]] std::size_t place(Hash128 key, unsigned row) const {
    return kEpochSlots *
           (row * row_cells_ + lanes::fastrange(key.low + row * key.high, row_cells_));
  }
  [[nodiscard]] std::uint32_t* cells() { return slab_.as<std::uint32_t>(); }
  [[nodiscard]] const std::uint32_t* cells() const { return slab_.as<std::uint32_t>(); }
  [[nodiscard]] std::size_t counters() const { return kRows * row_cells_ * kEpochSlots; }

  std::size_t row_cells_;
  Slab slab_;
  EpochRing ring_;
  Additions* note_ = nullptr;  // not owned
  Space space_ = Space::successes;
};

}  // namespace doorward
