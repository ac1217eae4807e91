// Additions: what was added to a baseline, as a set. The delta of one agent, the round of a fleet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sketch/epoch_ring.h"
#include "sketch/hash.h"
#include "sketch/space.h"

namespace doorward {

class Baseline;

/// Every sketch of a baseline is a function of the set of its additions (pairs and totals with how
/// often), so two hosts need not exchange cells: they exchange the additions since last time.
/// Their size is that of what is new, whatever the size of the baseline, and one's own can be taken
/// out of a sum again, which cells that stop at 255, or a union, cannot.
///
/// Keys are the low words of hashes made by join(), from which wide() makes the whole again.
///
/// A table with open addressing; no allocation while it has room, and it keeps its room when it is
/// cleared. Not thread-safe.
class Additions {
 public:
  enum class Kind : std::uint8_t { pair, total, distinct };

  /// One addition and how often (distinct: 1).
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t n = 0;
    std::uint32_t what = 0;  ///< fingerprint << 8 | tag(); 0: a free place

    [[nodiscard]] Kind kind() const { return static_cast<Kind>(what & 3U); }
    [[nodiscard]] Space space() const { return static_cast<Space>(what >> 2U & 1U); }
    /// Index into epochs().
    [[nodiscard]] unsigned epoch() const { return what >> 3U & 7U; }
    [[nodiscard]] std::uint32_t fingerprint() const { return what >> 8U; }
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  static_assert(sizeof(Entry) == 16);

  /// A histogram's counts in one epoch.
  struct Bins {
    Hash128 name;
    std::int64_t epoch = kNoEpoch;
    std::array<std::uint32_t, 128> counts{};
    friend bool operator==(const Bins&, const Bins&) = default;
  };

  /// Histograms (each with its epochs) and epochs at a time; more are lost, and counted.
  static constexpr std::size_t kBinsMax =
      128;  // all that a baseline has (Histograms), in all epochs
  static constexpr std::size_t kEpochsMax = 8;
  /// Most entries that one may ask for.
  static constexpr std::size_t kEntriesMax = std::size_t{1} << 24;

  /// Takes up to `most` different entries (1..kEntriesMax, asserted). Memory: 21 to 43 bytes an
  /// entry that is there, and 2 KiB.
  explicit Additions(std::size_t most = std::size_t{1} << 18);

  // --- noting; what finds no room is counted in lost() ---
  void pair(Space space, std::uint64_t key, std::int64_t epoch, std::uint32_t n = 1) {
    note(Kind::pair, space, key, 0, epoch, n);
  }
  void total(Space space, std::uint64_t key, std::int64_t epoch, std::uint32_t n = 1) {
    note(Kind::total, space, key, 0, epoch, n);
  }
  void distinct(Space space, std::uint64_t key, std::uint32_t fingerprint, std::int64_t epoch) {
    note(Kind::distinct, space, key, fingerprint, epoch, 1);
  }
  void bin(Hash128 name, unsigned bin, std::int64_t epoch, std::uint32_t n = 1);

  /// Everything of the other as well.
  void add(const Additions& other);
  /// Takes out what the other holds: numbers go down, to 0 at the least. What is 0 counts in size()
  /// until drop_zeros(), and nowhere else.
  void subtract(const Additions& other);
  /// Forgets entries of number 0 and what only they needed. Allocates.
  void drop_zeros();

  /// Those of one epoch only. Allocates.
  [[nodiscard]] Additions of_epoch(std::int64_t epoch) const;
  /// Forgets what lies in epochs before those of the ring. Allocates.
  void drop_before(const EpochRing& ring);

  /// Adds everything to a baseline, advancing it to the newest epoch among them first. Epochs that
  /// the ring does not hold are left out. The baseline's own Additions (Baseline::note_into) hear
  /// nothing of it.
  void apply_to(Baseline& baseline) const;

  /// Empty again; keeps its memory.
  void clear();

  [[nodiscard]] bool empty() const { return size_ == 0 && bins_.empty(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t most() const { return most_; }
  /// Additions that found no room.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::span<const std::int64_t> epochs() const { return epochs_; }
  [[nodiscard]] std::span<const Bins> bins() const { return bins_; }
  /// The entries by kind, space and epoch's index, then key, then fingerprint. Allocates.
  [[nodiscard]] std::vector<Entry> sorted() const;
  /// Calls visit(const Entry&) in no order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Entry& entry : places_) {
      if (entry.what != 0) visit(entry);
    }
  }

 private:
  template <class Keep>
  [[nodiscard]] Additions those(Keep keep) const;
  void note(Kind kind, Space space, std::uint64_t key, std::uint32_t fingerprint,
            std::int64_t epoch, std::uint32_t n);
  void put(std::uint64_t key, std::uint32_t what, std::uint32_t n);
  [[nodiscard]] Entry& place(std::uint64_t key, std::uint32_t what);
  void grow();
  /// Index of the epoch among epochs(), or kEpochsMax.
  [[nodiscard]] unsigned epoch_index(std::int64_t epoch);
  Bins* bins_of(Hash128 name, std::int64_t epoch);

  std::size_t most_;
  std::size_t size_ = 0;
  std::uint64_t lost_ = 0;
  std::vector<Entry> places_;  // a power of two
  std::vector<std::int64_t> epochs_;
  std::vector<Bins> bins_;
};

}  // namespace doorward
