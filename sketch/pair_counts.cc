#include "sketch/pair_counts.h"

#include <algorithm>
#include <cmath>

namespace doorward {
namespace {

// Cells that are not zero: per slot, and in any slot.
struct RowCount {
  std::array<std::size_t, kEpochSlots> slot{};
  std::size_t any = 0;

  void see(std::uint8_t mask) {
    any += mask != 0;
    for (unsigned s = 0; s < kEpochSlots; ++s) slot[s] += (mask >> s) & 1U;
  }
};

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

PairCounts::PairCounts(std::size_t bytes)
    : counter_cells_(bytes / 4 * 3 / (kCounterRows * 8)),
      presence_cells_((bytes - kCounterRows * 8 * counter_cells_) / kPresenceRows),
      slab_(kCounterRows * 8 * counter_cells_ + kPresenceRows * presence_cells_) {
  assert(counter_cells_ > 0 && presence_cells_ > 0);
}

void PairCounts::set_ring(const EpochRing& ring) {
  const EpochMask kept = ring_.shared_slots(ring);
  const bool had_data = ring_.newest != kNoEpoch;
  ring_ = ring;
  if (!had_data) return;
  const std::uint64_t keep = lanes::spread_bits(kept);
  auto* words = slab_.as<std::uint64_t>();
  for (std::size_t i = 0; i < kCounterRows * counter_cells_; ++i) words[i] &= keep;
  for (std::uint8_t& bits : raw().subspan(presence_offset())) {
    bits = static_cast<std::uint8_t>(bits & kept);
  }
}

void PairCounts::merge(const PairCounts& other, EpochMask shared) {
  assert(counter_cells_ == other.counter_cells_ && presence_cells_ == other.presence_cells_);
  const std::uint64_t take = lanes::spread_bits(shared);
  auto* words = slab_.as<std::uint64_t>();
  const auto* theirs = other.slab_.as<std::uint64_t>();
  for (std::size_t i = 0; i < kCounterRows * counter_cells_; ++i) {
    words[i] = lanes::add_bytes_saturated(words[i], theirs[i] & take);
  }
  for (std::size_t i = presence_offset(); i < slab_.size(); ++i) {
    slab_.data()[i] = static_cast<std::uint8_t>(slab_.data()[i] | (other.slab_.data()[i] & shared));
  }
}

bool PairCounts::only_slots(EpochMask mask) const {
  const std::uint64_t words_mask = lanes::spread_bits(mask);
  const auto* words = slab_.as<std::uint64_t>();
  std::uint64_t strange = 0;
  for (std::size_t i = 0; i < kCounterRows * counter_cells_; ++i) strange |= words[i] & ~words_mask;
  for (const std::uint8_t bits : raw().subspan(presence_offset())) {
    strange |= bits & static_cast<unsigned>(~mask & 0xFF);
  }
  return strange == 0;
}

PairFill PairCounts::fill() const {
  PairFill out;
  std::array<double, kEpochSlots> seen_in_epoch;
  seen_in_epoch.fill(1);
  double seen_at_all = 1;
  const auto account = [&](const RowCount& row, std::size_t cells) {
    for (unsigned s = 0; s < kEpochSlots; ++s) seen_in_epoch[s] *= share(row.slot[s], cells);
    seen_at_all *= share(row.any, cells);
    return share(row.any, cells);
  };
  const auto* words = slab_.as<std::uint64_t>();
  for (unsigned r = 0; r < kCounterRows; ++r, words += counter_cells_) {
    RowCount row;
    for (std::size_t i = 0; i < counter_cells_; ++i) row.see(lanes::nonzero_bytes(words[i]));
    out.counters += account(row, counter_cells_) / kCounterRows;
  }
  const std::uint8_t* bits = slab_.data() + presence_offset();
  for (unsigned r = 0; r < kPresenceRows; ++r, bits += presence_cells_) {
    RowCount row;
    for (std::size_t i = 0; i < presence_cells_; ++i) row.see(bits[i]);
    out.presence += account(row, presence_cells_) / kPresenceRows;
  }
  double sum = 0;
  for (const double p : seen_in_epoch) sum += p;
  out.false_seen = std::min(sum, seen_at_all);
  // A row without one free cell tells only "at least": half a free cell stands for that.
  const auto cells = static_cast<double>(presence_cells_);
  out.distinct_pairs = -cells * std::log(std::max(1 - out.presence, 0.5 / cells));
  return out;
}

}  // namespace doorward
