#include "sketch/histograms.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "sketch/totals.h"

namespace doorward {
namespace {

constexpr std::size_t kPerName = std::size_t{kEpochSlots} * Histograms::kBins;

bool in_mask(EpochMask mask, std::size_t counter) {
  return ((mask >> (counter / Histograms::kBins)) & 1U) != 0;
}

/// Adds the bins of all slots of `wanted`. 32 bits are enough for the sums while no counter is near
/// its limit, and add twice as many at a time.
void add_bins(std::span<const std::uint32_t> counts, EpochMask wanted, unsigned first,
              std::span<std::uint64_t> out) {
  constexpr std::uint32_t kNearLimit = 0xE0000000U;
  std::array<std::uint32_t, Histograms::kBins> sums{};
  std::uint32_t any = 0;
  const auto bins_of = [&](unsigned slot) {
    return counts.data() + std::size_t{slot} * Histograms::kBins + first;
  };
  for_each_slot(wanted, [&](unsigned slot) {
    const std::uint32_t* const bins = bins_of(slot);
    for (std::size_t bin = 0; bin < out.size(); ++bin) {
      sums[bin] += bins[bin];
      any |= bins[bin];
    }
  });
  if ((any & kNearLimit) == 0) {
    for (std::size_t bin = 0; bin < out.size(); ++bin) out[bin] += sums[bin];
    return;
  }
  for_each_slot(wanted, [&](unsigned slot) {
    for (std::size_t bin = 0; bin < out.size(); ++bin) out[bin] += bins_of(slot)[bin];
  });
}

}  // namespace

Histograms::Histograms() : slab_(kBytes) {}

unsigned Histograms::find(Hash128 name) const {
  return static_cast<unsigned>(std::find(names_.begin(), names_.end(), name) - names_.begin());
}

unsigned Histograms::names_used() const {
  return kNames - static_cast<unsigned>(std::count(names_.begin(), names_.end(), Hash128{}));
}

std::span<std::uint32_t> Histograms::counts(unsigned i) {
  return {slab_.as<std::uint32_t>() + i * kPerName, kPerName};
}

std::span<const std::uint32_t> Histograms::counts(unsigned i) const {
  return {slab_.as<std::uint32_t>() + i * kPerName, kPerName};
}

void Histograms::restore(const std::array<Hash128, kNames>& names, std::uint64_t ignored) {
  names_ = names;
  ignored_ = ignored;
  used_ = kAllSlots;
}

void Histograms::raise(Hash128 name, unsigned bin, std::int64_t epoch, std::uint32_t n) {
  assert(ring_.holds(epoch) && bin < kBins && !name.none());
  unsigned i = find(name);
  if (i == kNames) {
    i = find(Hash128{});
    if (i == kNames) {
      ignored_ += n;
      return;
    }
    names_[i] = name;
  }
  const unsigned slot = EpochRing::slot_of(epoch);
  used_ = static_cast<EpochMask>(used_ | 1U << slot);
  std::uint32_t& count = counts(i)[slot * kBins + bin];
  count = Totals::saturated_sum(count, n);
}

std::array<std::uint64_t, Histograms::kBins> Histograms::read(Hash128 name,
                                                              unsigned age_max) const {
  std::array<std::uint64_t, kBins> out{};
  const unsigned i = find(name);
  if (i == kNames || name.none()) return out;
  const unsigned wanted = ring_.slots(age_max) & used_;
  add_bins(counts(i), static_cast<EpochMask>(wanted), 0, out);
  return out;
}

void Histograms::read_bins(Hash128 name, unsigned first, std::span<std::uint64_t> out) const {
  assert(first + out.size() <= kBins);
  std::fill(out.begin(), out.end(), 0);
  const unsigned i = find(name);
  if (i == kNames || name.none()) return;
  add_bins(counts(i), static_cast<EpochMask>(ring_.slots() & used_), first, out);
}

void Histograms::set_ring(const EpochRing& ring) {
  const EpochMask kept = ring_.shared_slots(ring);
  const bool had_data = ring_.newest != kNoEpoch;
  ring_ = ring;
  if (!had_data) return;
  used_ = static_cast<EpochMask>(used_ & kept);
  for (unsigned i = 0; i < kNames; ++i) {
    std::uint32_t any = 0;
    for (std::size_t c = 0; c < kPerName; ++c) {
      if (!in_mask(kept, c)) counts(i)[c] = 0;
      any |= counts(i)[c];
    }
    if (any == 0) names_[i] = {};
  }
}

void Histograms::merge(const Histograms& other, EpochMask shared) {
  ignored_ += other.ignored_;
  used_ = static_cast<EpochMask>(used_ | (other.used_ & shared));
  for (unsigned theirs = 0; theirs < kNames; ++theirs) {
    if (other.names_[theirs].none()) continue;
    const auto from = other.counts(theirs);
    std::uint64_t events = 0;
    for (std::size_t c = 0; c < kPerName; ++c) events += in_mask(shared, c) ? from[c] : 0;
    if (events == 0) continue;
    unsigned mine = find(other.names_[theirs]);
    if (mine == kNames) mine = find(Hash128{});
    if (mine == kNames) {
      ignored_ += events;
      continue;
    }
    names_[mine] = other.names_[theirs];
    for (std::size_t c = 0; c < kPerName; ++c) {
      if (in_mask(shared, c)) counts(mine)[c] = Totals::saturated_sum(counts(mine)[c], from[c]);
    }
  }
}

}  // namespace doorward
