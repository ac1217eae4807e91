#include "sketch/additions.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <utility>

#include "sketch/baseline.h"

namespace doorward {
namespace {

/// Places to begin with, where that many can be needed.
constexpr std::size_t kPlacesMin = 1024;

std::uint32_t what_of(Additions::Kind kind, Space space, unsigned epoch,
                      std::uint32_t fingerprint) {
  // Bit 7 sets a taken place apart from a free one.
  return fingerprint << 8U | 0x80U | epoch << 3U | static_cast<std::uint32_t>(space) << 2U |
         static_cast<std::uint32_t>(kind);
}

}  // namespace

Additions::Additions(std::size_t most) : most_(most) {
  assert(most >= 1 && most <= kEntriesMax);
  epochs_.reserve(kEpochsMax);
}

unsigned Additions::epoch_index(std::int64_t epoch) {
  // The newest is mostly last.
  for (std::size_t i = epochs_.size(); i-- > 0;) {
    if (epochs_[i] == epoch) return static_cast<unsigned>(i);
  }
  if (epochs_.size() == kEpochsMax) return kEpochsMax;
  epochs_.push_back(epoch);
  return static_cast<unsigned>(epochs_.size() - 1);
}

Additions::Entry& Additions::place(std::uint64_t key, std::uint32_t what) {
  const std::size_t mask = places_.size() - 1;
  // Keys are uniform; what tells pairs and totals, and a partition's values, apart.
  std::size_t at = static_cast<std::size_t>((key ^ what * 0x9E3779B97F4A7C15ULL) >> 20U) & mask;
  while (places_[at].what != 0 && (places_[at].key != key || places_[at].what != what)) {
    at = (at + 1) & mask;
  }
  return places_[at];
}

void Additions::grow() {
  const std::size_t first = std::min(kPlacesMin, std::bit_ceil(most_ * 4 / 3 + 2));
  std::vector<Entry> before =
      std::exchange(places_, std::vector<Entry>(std::max(first, places_.size() * 2)));
  for (const Entry& entry : before) {
    if (entry.what != 0) place(entry.key, entry.what) = entry;
  }
}

void Additions::put(std::uint64_t key, std::uint32_t what, std::uint32_t n) {
  if ((size_ + 1) * 4 > places_.size() * 3) grow();
  Entry& entry = place(key, what);
  if (entry.what == 0) {
    if (size_ == most_) {
      ++lost_;
      return;
    }
    ++size_;
    entry = {key, n, what};
  } else {
    const bool counted = static_cast<Kind>(what & 3U) != Kind::distinct;
    entry.n = counted ? Totals::saturated_sum(entry.n, n) : 1;
  }
}

void Additions::note(Kind kind, Space space, std::uint64_t key, std::uint32_t fingerprint,
                     std::int64_t epoch, std::uint32_t n) {
  const unsigned index = epoch_index(epoch);
  if (index == kEpochsMax) {
    ++lost_;
    return;
  }
  put(key, what_of(kind, space, index, fingerprint), n);
}

Additions::Bins* Additions::bins_of(Hash128 name, std::int64_t epoch) {
  for (Bins& bins : bins_) {
    if (bins.name == name && bins.epoch == epoch) return &bins;
  }
  if (bins_.size() == kBinsMax) return nullptr;
  bins_.push_back({name, epoch, {}});
  return &bins_.back();
}

void Additions::bin(Hash128 name, unsigned bin, std::int64_t epoch, std::uint32_t n) {
  assert(bin < Histograms::kBins);
  Bins* bins = bins_of(name, epoch);
  if (bins == nullptr) {
    ++lost_;
    return;
  }
  bins->counts[bin] = Totals::saturated_sum(bins->counts[bin], n);
}

void Additions::add(const Additions& other) {
  other.for_each([&](const Entry& entry) {
    note(entry.kind(), entry.space(), entry.key, entry.fingerprint(), other.epochs_[entry.epoch()],
         entry.n);
  });
  for (const Bins& theirs : other.bins_) {
    for (unsigned i = 0; i < theirs.counts.size(); ++i) {
      if (theirs.counts[i] != 0) bin(theirs.name, i, theirs.epoch, theirs.counts[i]);
    }
  }
  lost_ += other.lost_;
}

void Additions::subtract(const Additions& other) {
  other.for_each([&](const Entry& entry) {
    if (places_.empty()) return;
    const auto epoch = std::find(epochs_.begin(), epochs_.end(), other.epochs_[entry.epoch()]);
    if (epoch == epochs_.end()) return;
    const auto index = static_cast<unsigned>(epoch - epochs_.begin());
    Entry& mine =
        place(entry.key, what_of(entry.kind(), entry.space(), index, entry.fingerprint()));
    if (mine.what != 0) mine.n -= std::min(mine.n, entry.n);
  });
  for (const Bins& theirs : other.bins_) {
    for (Bins& mine : bins_) {
      if (mine.name != theirs.name || mine.epoch != theirs.epoch) continue;
      for (std::size_t i = 0; i < mine.counts.size(); ++i) {
        mine.counts[i] -= std::min(mine.counts[i], theirs.counts[i]);
      }
    }
  }
}

/// Those in the epochs for which keep(epoch), without the zeros.
template <class Keep>
Additions Additions::those(Keep keep) const {
  Additions rest(most_);
  for_each([&](const Entry& entry) {
    const std::int64_t epoch = epochs_[entry.epoch()];
    if (entry.n == 0 || !keep(epoch)) return;
    rest.note(entry.kind(), entry.space(), entry.key, entry.fingerprint(), epoch, entry.n);
  });
  for (const Bins& bins : bins_) {
    const bool any =
        std::any_of(bins.counts.begin(), bins.counts.end(), [](auto n) { return n != 0; });
    if (any && keep(bins.epoch)) rest.bins_.push_back(bins);
  }
  rest.lost_ = lost_;
  return rest;
}

void Additions::drop_zeros() {
  *this = those([](std::int64_t) { return true; });
}

Additions Additions::of_epoch(std::int64_t epoch) const {
  return those([&](std::int64_t one) { return one == epoch; });
}

void Additions::drop_before(const EpochRing& ring) {
  *this = those([&](std::int64_t one) { return one > ring.newest || ring.holds(one); });
}

void Additions::apply_to(Baseline& baseline) const {
  for (const std::int64_t epoch : epochs_) baseline.advance(epoch);
  for (const Bins& bins : bins_) baseline.advance(bins.epoch);
  std::array<bool, kEpochsMax> held{};
  for (std::size_t i = 0; i < epochs_.size(); ++i) held[i] = baseline.holds(epochs_[i]);
  for_each([&](const Entry& entry) {
    if (entry.n == 0 || !held[entry.epoch()]) return;
    const std::int64_t epoch = epochs_[entry.epoch()];
    const Hash128 key = wide(entry.key);
    switch (entry.kind()) {
      case Kind::pair:
        baseline.pairs(entry.space()).raise(key, epoch, entry.n);
        break;
      case Kind::total:
        baseline.totals(entry.space()).raise(key, epoch, entry.n);
        break;
      case Kind::distinct:
        baseline.distinct(entry.space()).raise(key, entry.fingerprint(), epoch);
        break;
    }
  });
  for (const Bins& bins : bins_) {
    if (!baseline.holds(bins.epoch)) continue;
    for (unsigned i = 0; i < bins.counts.size(); ++i) {
      if (bins.counts[i] != 0) {
        baseline.histograms().raise(bins.name, i, bins.epoch, bins.counts[i]);
      }
    }
  }
}

void Additions::clear() {
  std::fill(places_.begin(), places_.end(), Entry{});
  epochs_.clear();
  bins_.clear();
  size_ = 0;
  lost_ = 0;
}

std::vector<Additions::Entry> Additions::sorted() const {
  std::vector<Entry> out;
  out.reserve(size_);
  for_each([&](const Entry& entry) { out.push_back(entry); });
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) {
    const auto tag = [](const Entry& one) { return one.what & 0xFFU; };
    if (tag(a) != tag(b)) return tag(a) < tag(b);
    return a.key != b.key ? a.key < b.key : a.fingerprint() < b.fingerprint();
  });
  return out;
}

}  // namespace doorward
