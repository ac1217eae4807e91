// PairCounts: how often each pair (partition, value) was seen, per epoch, in fixed memory.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sketch/additions.h"
#include "sketch/byte_lanes.h"
#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/slab.h"

namespace doorward {

/// How full the rows are; see PairCounts::fill().
struct PairFill {
  double counters = 0;        ///< mean share of the counter rows' cells with any epoch not zero
  double presence = 0;        ///< the same of the presence rows
  double distinct_pairs = 0;  ///< estimated number of distinct pairs in the ring
  double false_seen = 0;      ///< probability that a never-seen pair reads as seen (an upper bound)
};

/// A count-min sketch (Cormode and Muthukrishnan, 2005) whose rows have two widths of counter.
///
/// Why two. The error that matters is a pair that never was, but reads as seen: it hides an attack.
/// With D distinct pairs in the ring and d rows of w cells its probability is (1 - e^(-D/w))^d.
/// Eight epochs of 8-bit counters cost 8 bytes a cell, and so d rows of them alone stay above 1 %
/// at 100,000 pairs in the default size. Whether a pair was there at all needs one bit an epoch, an
/// eighth of the price: kPresenceRows such rows multiply the probability down to
///     (1 - e^(-D/w_c))^3 * (1 - e^(-D/w_p))^3
/// with w_c counter and w_p presence cells a row. At the default size that is 0.07 % for D =
/// 100,000. A pair has the same places in every epoch, so pairs that recur cost nothing.
///
/// Counts never read too low, except that a counter stops at 255 per epoch. A count reads too high
/// with probability (1 - e^(-D/w_c))^3. Adding and merging are sums that stop at the limit
/// (presence: or), hence commutative and associative.
///
/// Memory: bytes() <= what was asked for: 24 * w_c + 3 * w_p, about 3/4 of it in counters.
/// Layout: counter rows 0..2, each w_c cells of 8 bytes (byte s = slot s); then presence rows 3..5,
/// each w_p cells of 1 byte (bit s = slot s). Row r has its cell at fastrange(low + r * high), the
/// double hashing of Kirsch and Mitzenmacher (2006).
///
/// Not thread-safe for writing; any number of threads may read while nobody writes.
class PairCounts {
 public:
  static constexpr std::size_t kCounterRows = 3;
  static constexpr std::size_t kPresenceRows = 3;
  static constexpr std::uint8_t kCountMax = 255;

  /// Takes at most `bytes`, at least 64.
  explicit PairCounts(std::size_t bytes);

  /// One more of the pair in the epoch, which must be in the ring. `again`: the pair was added in
  /// this epoch before, since the ring last moved; its presence need not be looked at.
  void add(Hash128 key, std::int64_t epoch, bool again = false) {
    assert(note_ == nullptr || key == wide(key.low));
    assert(!again || is_present(key, epoch));
    if (note_ != nullptr) note_->pair(space_, key.low, epoch);
    count(key, epoch, 1);
    if (!again) mark(key, epoch);
  }

  /// From now on every add() is noted as well, of keys made by join(); null: no more.
  void note_into(Additions* additions, Space space) {
    note_ = additions;
    space_ = space;
  }

  /// n more of the pair. Not noted.
  void raise(Hash128 key, std::int64_t epoch, std::uint32_t n) {
    count(key, epoch, n);
    mark(key, epoch);
  }

  /// Counts by age: [0] is the newest epoch's. 255 means 255 or more.
  [[nodiscard]] std::array<std::uint8_t, kEpochSlots> read(Hash128 key) const {
    const std::uint8_t* bytes = slab_.data();
    const std::uint8_t there =
        bytes[presence_at(key, 0)] & bytes[presence_at(key, 1)] & bytes[presence_at(key, 2)];
    std::uint64_t least = lanes::spread_bits(there);
    for (unsigned row = 0; row < kCounterRows; ++row) {
      least = lanes::min_bytes(least, word_at(counter_at(key, row)));
    }
    return std::bit_cast<std::array<std::uint8_t, kEpochSlots>>(
        lanes::by_age(least, ring_.newest_slot()));
  }

  /// Starts loading the six cells of a pair. Worth calling when other work comes before add or
  /// read.
  void prefetch(Hash128 key) const {
    for (unsigned row = 0; row < kCounterRows; ++row) {
      __builtin_prefetch(slab_.data() + counter_at(key, row), 1);
    }
    for (unsigned row = 0; row < kPresenceRows; ++row) {
      __builtin_prefetch(slab_.data() + presence_at(key, row), 1);
    }
  }

  /// Moves to another ring; what is not in both is erased.
  void set_ring(const EpochRing& ring);

  /// Adds the slots `shared` of a sketch of the same size.
  void merge(const PairCounts& other, EpochMask shared);

  /// Reads all memory (a millisecond or two for the default size): for status, not for every event.
  /// distinct_pairs by linear counting (Whang et al., 1990) over the presence rows: -w_p ln(1 - f).
  /// false_seen = min(sum over epochs of the product of the rows' fills in that epoch, product of
  /// the rows' fills in any epoch); both bound the probability from above.
  [[nodiscard]] PairFill fill() const;

  [[nodiscard]] std::size_t bytes() const { return slab_.size(); }
  /// Cells in one counter row, and in one presence row.
  [[nodiscard]] std::size_t counter_cells() const { return counter_cells_; }
  [[nodiscard]] std::size_t presence_cells() const { return presence_cells_; }

  /// The memory as laid out above, for the codec. Who writes it sees to it that slots outside the
  /// ring stay zero: only_slots() tells.
  [[nodiscard]] std::span<std::uint8_t> raw() { return slab_.bytes(); }
  [[nodiscard]] std::span<const std::uint8_t> raw() const { return slab_.bytes(); }
  [[nodiscard]] bool only_slots(EpochMask mask) const;

 private:
  void count(Hash128 key, std::int64_t epoch, std::uint32_t n) {
    assert(ring_.holds(epoch));
    const unsigned slot = EpochRing::slot_of(epoch);
    for (unsigned row = 0; row < kCounterRows; ++row) {
      std::uint8_t& count = slab_.data()[counter_at(key, row) + slot];
      const unsigned room = 255U - count;
      count = static_cast<std::uint8_t>(count + (n < room ? n : room));
    }
  }
  void mark(Hash128 key, std::int64_t epoch) {
    for (unsigned row = 0; row < kPresenceRows; ++row) {
      std::uint8_t& bits = slab_.data()[presence_at(key, row)];
      bits = static_cast<std::uint8_t>(bits | (1U << EpochRing::slot_of(epoch)));
    }
  }
  [[nodiscard]] bool is_present(Hash128 key, std::int64_t epoch) const {
    bool all = true;
    for (unsigned row = 0; row < kPresenceRows; ++row) {
      all = all && (slab_.data()[presence_at(key, row)] >> EpochRing::slot_of(epoch) & 1U) != 0;
    }
    return all;
  }

  [[nodiscard]] std::size_t counter_at(Hash128 key, unsigned row) const {
    return 8 * (row * counter_cells_ + lanes::fastrange(key.low + row * key.high, counter_cells_));
  }
  [[nodiscard]] std::size_t presence_at(Hash128 key, unsigned row) const {
    const std::uint64_t hash = key.low + (kCounterRows + row) * key.high;
    return presence_offset() + row * presence_cells_ + lanes::fastrange(hash, presence_cells_);
  }
  [[nodiscard]] std::size_t presence_offset() const { return kCounterRows * counter_cells_ * 8; }
  [[nodiscard]] std::uint64_t word_at(std::size_t offset) const {
    std::uint64_t word;
    __builtin_memcpy(&word, slab_.data() + offset, sizeof(word));
    return word;
  }

  std::size_t counter_cells_;
  std::size_t presence_cells_;
  Slab slab_;
  EpochRing ring_;
  Additions* note_ = nullptr;  // not owned
  Space space_ = Space::successes;
};

}  // namespace doorward
