// Baseline: the fixed-size object in which all rules' history lives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sketch/baseline_layout.h"
#include "sketch/distinct_table.h"
#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/histograms.h"
#include "sketch/pair_counts.h"
#include "sketch/result.h"
#include "sketch/space.h"
#include "sketch/totals.h"

namespace doorward {

/// What decides the shape of a baseline. Two baselines can be merged when all of it is equal.
struct BaselineOptions {
  std::size_t bytes = std::size_t{8} << 20;  ///< kBaselineBytesMin..kBaselineBytesMax
  std::uint32_t epochs = 8;                  ///< 1..8: how many epochs are remembered
  std::int64_t epoch_us = std::int64_t{7} * 24 * 3600 * 1'000'000;  ///< length of an epoch, above 0
  HashKey key{};  ///< the key under which callers hash; here it only decides what may be merged
};

/// How full a baseline is, of the space `successes`.
struct BaselineFill {
  PairFill pairs;                    ///< fills of rows, distinct pairs, probability of false seen
  std::size_t partitions = 0;        ///< partitions in the DistinctTable
  std::size_t partitions_limit = 0;  ///< the most it takes
  double partitions_overflowed = 0;  ///< estimated number of those it gave up
  std::uint32_t blocks = 0;          ///< blocks charged in its arena
  std::uint32_t blocks_limit = 0;
  std::uint64_t histograms_ignored = 0;  ///< events whose histogram found no room
  std::size_t bytes = 0;                 ///< memory of the whole baseline, objects included
};

/// All sketches, under one ring of epochs. Memory is taken once, by make(); no other member
/// function allocates, except copy().
///
/// Epoch numbers are floor(time / epoch_us). The ring holds the newest epoch and the epochs - 1
/// before it. advance() is the only thing that erases: whoever feeds times from logs must refuse
/// times from the future first, or a single wrong clock empties the ring.
///
/// Adding is commutative and associative, and a merge gives the baseline of both logs: in every
/// sketch exactly, but see Histograms for more than 16 names and DistinctTable for what holds once
/// an epoch with data was erased. (Counters that stop at their limit do so in every order alike.)
///
/// Not thread-safe for writing; any number of threads may read while nobody writes.
class Baseline {
 public:
  /// Errors: size out of range (the message gives the range), epochs not 1..8, epoch length not
  /// positive.
  static Result<Baseline> make(const BaselineOptions& options);

  Baseline(Baseline&&) noexcept = default;
  Baseline& operator=(Baseline&&) noexcept = default;
  ~Baseline() = default;
  /// A second one with the same content, whose additions are not noted.
  [[nodiscard]] Baseline copy() const {
    Baseline other = *this;
    other.note_into(nullptr);
    return other;
  }

  /// From now on whatever is added to any of the sketches by add() is noted there as well; null: no
  /// more. Not owned. merge() and Additions::apply_to() are not noted.
  void note_into(Additions* additions);

  /// Makes the epoch the newest if it is newer than all before; epochs that leave the ring are
  /// erased in every sketch, which reads all memory (milliseconds). Tells whether the ring moved.
  /// The first call sets the ring.
  bool advance(std::int64_t epoch) {
    if (epoch <= ring_.newest) return false;
    set_newest(epoch);
    return true;
  }

  [[nodiscard]] bool holds(std::int64_t epoch) const { return ring_.holds(epoch); }
  /// kNoEpoch before the first advance().
  [[nodiscard]] std::int64_t newest() const { return ring_.newest; }
  [[nodiscard]] const EpochRing& ring() const { return ring_; }
  [[nodiscard]] const BaselineOptions& options() const { return options_; }
  [[nodiscard]] std::int64_t epoch_of(std::int64_t time_us) const {
    const std::int64_t whole = time_us / options_.epoch_us;
    return whole - (time_us % options_.epoch_us < 0 ? 1 : 0);
  }

  [[nodiscard]] PairCounts& pairs(Space space) { return part(space).pairs; }
  [[nodiscard]] const PairCounts& pairs(Space space) const { return part(space).pairs; }
  [[nodiscard]] Totals& totals(Space space) { return part(space).totals; }
  [[nodiscard]] const Totals& totals(Space space) const { return part(space).totals; }
  [[nodiscard]] DistinctTable& distinct(Space space) { return part(space).distinct; }
  [[nodiscard]] const DistinctTable& distinct(Space space) const { return part(space).distinct; }
  [[nodiscard]] Histograms& histograms() { return histograms_; }
  [[nodiscard]] const Histograms& histograms() const { return histograms_; }

  /// Adds everything the other holds, after advancing to the newer ring of the two; epochs of the
  /// other that this ring does not hold are ignored. Refuses a baseline under another key, of
  /// another size, epoch length or number of epochs, and itself; nothing has changed then.
  Status merge(const Baseline& other);

  /// Reads all memory of the pairs: for status, not for every event.
  [[nodiscard]] BaselineFill fill() const;

  /// Memory of the sketches and of this object; at most options().bytes.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Part {
    explicit Part(const BaselineLayout::Part& sizes)
        : pairs(sizes.pairs), totals(sizes.totals), distinct(sizes.distinct) {}
    PairCounts pairs;
    Totals totals;
    DistinctTable distinct;
  };

  Baseline(const BaselineOptions& options, const BaselineLayout& layout);
  Baseline(const Baseline&) = default;
  void set_newest(std::int64_t epoch);
  [[nodiscard]] Part& part(Space space) { return parts_[static_cast<std::size_t>(space)]; }
  [[nodiscard]] const Part& part(Space space) const {
    return parts_[static_cast<std::size_t>(space)];
  }

  BaselineOptions options_;
  EpochRing ring_;
  std::array<Part, 2> parts_;
  Histograms histograms_;
};

}  // namespace doorward
