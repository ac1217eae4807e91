// Histograms: a few named counts by bin (hours of the week, say), per epoch, in fixed memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sketch/additions.h"
#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/slab.h"

namespace doorward {

/// 16 histograms of 128 bins. Names are taken first come, first served; a name that finds no room
/// is counted in ignored() and otherwise dropped. A name whose epochs all expired gives its room
/// back.
///
/// Merging matches by name. It equals the histograms of both logs as long as at most 16 names
/// occur; beyond that which names have room depends on the order. Memory: kBytes (64 KiB) and the
/// names. Layout: histogram, then slot, then bin, 32-bit counters that stop at 2^32 - 1.
class Histograms {
 public:
  static constexpr unsigned kNames = 16;
  static constexpr unsigned kBins = 128;
  static constexpr std::size_t kCounters = std::size_t{kNames} * kEpochSlots * kBins;
  static constexpr std::size_t kBytes = kCounters * sizeof(std::uint32_t);

  Histograms();

  /// One more in the bin (0..127, asserted) in the epoch, which must be in the ring.
  /// The name must not be {0, 0}.
  void add(Hash128 name, unsigned bin, std::int64_t epoch) {
    if (note_ != nullptr) note_->bin(name, bin, epoch);
    raise(name, bin, epoch, 1);
  }

  /// See PairCounts.
  void note_into(Additions* additions) { note_ = additions; }
  void raise(Hash128 name, unsigned bin, std::int64_t epoch, std::uint32_t n);

  /// Counts per bin, epochs of age 0..age_max added up. All zero for an unknown name.
  [[nodiscard]] std::array<std::uint64_t, kBins> read(Hash128 name,
                                                      unsigned age_max = kEpochSlots - 1) const;
  /// The same of all epochs, and only of the bins first, first + 1, ... that `out` has room for.
  void read_bins(Hash128 name, unsigned first, std::span<std::uint64_t> out) const;

  void set_ring(const EpochRing& ring);
  void merge(const Histograms& other, EpochMask shared);

  /// Events dropped because all names were taken.
  [[nodiscard]] std::uint64_t ignored() const { return ignored_; }
  [[nodiscard]] unsigned names_used() const;

  /// For the codec. Names are none() where there is room; counts(i) is one histogram's 8 x 128.
  [[nodiscard]] const std::array<Hash128, kNames>& names() const { return names_; }
  [[nodiscard]] std::span<const std::uint32_t> counts(unsigned i) const;
  [[nodiscard]] std::span<std::uint32_t> counts(unsigned i);
  void restore(const std::array<Hash128, kNames>& names, std::uint64_t ignored);

 private:
  // Index of the name, or kNames.
  [[nodiscard]] unsigned find(Hash128 name) const;

  std::array<Hash128, kNames> names_{};
  std::uint64_t ignored_ = 0;
  EpochMask used_ = 0;  // slots that may hold counts
  Slab slab_;
  EpochRing ring_;
  Additions* note_ = nullptr;  // not owned
};

}  // namespace doorward
