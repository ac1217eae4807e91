#include "agent/fleet/learning.h"

#include <algorithm>
#include <utility>

#include "plugins/detectors/fit_counts.h"
#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"

namespace doorward {
namespace {

constexpr AdditionsLimits kOwnLimits{kDeltaOpenEntries};

/// Adds one entry of `from`, whose epochs it indexes.
void add_entry(const Additions& from, const Additions::Entry& entry, Additions& to) {
  const std::int64_t epoch = from.epochs()[entry.epoch()];
  switch (entry.kind()) {
    case Additions::Kind::pair:
      return to.pair(entry.space(), entry.key, epoch, entry.n);
    case Additions::Kind::total:
      return to.total(entry.space(), entry.key, epoch, entry.n);
    case Additions::Kind::distinct:
      return to.distinct(entry.space(), entry.key, entry.fingerprint(), epoch);
  }
}

/// Both were encoded here; what cannot be read of a saved state all the same is left out.
std::vector<std::uint8_t> sum_of_fits(const std::vector<std::uint8_t>& a,
                                      const std::vector<std::uint8_t>& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Result<FitCounts> sum = FitCounts::decode(a);
  const Result<FitCounts> more = FitCounts::decode(b);
  if (!sum || !more) return sum ? a : b;
  sum.value().merge(more.value());
  return sum.value().encode();
}

Status check_future(std::span<const std::int64_t> epochs, const BaselineOptions& like, TimeUs now) {
  const std::int64_t last = (now + kRoundFutureMaxUs) / like.epoch_us;
  if (std::any_of(epochs.begin(), epochs.end(), [&](std::int64_t one) { return one > last; })) {
    return Error{"baseline of the fleet", "it is of the future; is a clock wrong?"};
  }
  return {};
}

Result<Baseline> prepare_whole(const FleetPatch& patch, const SealedDeltas& own,
                               const BaselineOptions& like, TimeUs now,
                               std::vector<std::uint64_t>& added) {
  Result<Baseline> whole = decode_baseline(patch.whole, like.key, like.bytes);
  if (!whole) return Error{"baseline of the fleet", whole.error().what};
  const BaselineOptions& got = whole.value().options();
  if (got.bytes != like.bytes || got.epochs != like.epochs || got.epoch_us != like.epoch_us) {
    return Error{"baseline of the fleet", "it has another shape than the agent's"};
  }
  const std::int64_t newest = whole.value().newest();
  if (const Status fits = check_future(std::span(&newest, 1), like, now); !fits) {
    return fits.error();
  }
  for (const auto& delta : own) {
    if (delta->sequence != 0 && delta->sequence <= patch.includes) continue;
    const Result<Additions> additions = decode_additions(delta->additions, kOwnLimits);
    if (!additions) return additions.error();
    additions.value().apply_to(whole.value());
    added.push_back(delta->id);
  }
  return whole;
}

}  // namespace

Result<PreparedPatch> prepare_patch(const FleetPatch& patch, const SealedDeltas& own,
                                    const BaselineOptions& like, TimeUs now) {
  PreparedPatch out;
  out.group = patch.group;
  out.generation = patch.generation;
  out.previous = patch.previous;
  out.includes = patch.includes;
  if (!patch.whole.empty()) {
    Result<Baseline> whole = prepare_whole(patch, own, like, now, out.added);
    if (!whole) return whole.error();
    out.whole.emplace(std::move(whole).value());
    return out;
  }
  Result<Additions> round = decode_additions(patch.additions, {kRoundEntriesMax});
  if (!round) return Error{"round of the fleet", round.error().what};
  if (const Status fits = check_future(round.value().epochs(), like, now); !fits) {
    return fits.error();
  }
  for (const auto& delta : own) {
    if (delta->sequence == 0 || delta->sequence > patch.includes) continue;
    const Result<Additions> mine = decode_additions(delta->additions, kOwnLimits);
    if (!mine) return mine.error();
    round.value().subtract(mine.value());
  }
  out.round.emplace(std::move(round).value());
  return out;
}

FleetLearning::FleetLearning(std::string agent) : agent_(std::move(agent)) {}

bool FleetLearning::full() const {
  return open_.size() >= kDeltaSealEntries || open_.epochs().size() >= kDeltaSealEpochs ||
         open_.bins().size() >= kDeltaSealBins;
}

void FleetLearning::seal(std::vector<SightingRecord> sightings, std::uint64_t lines_bytes,
                         std::vector<std::uint8_t> fit) {
  if (open_.empty() && sightings.empty() && fit.empty()) return;
  if (sightings.size() > kDeltaSightingsMax) {
    lost_ += sightings.size() - kDeltaSightingsMax;
    sightings.resize(kDeltaSightingsMax);
  }
  Beside beside{std::move(sightings), lines_bytes, std::move(fit)};
  if (open_.size() <= kDeltaEntriesMax) {
    put_waiting(open_, std::move(beside));
  } else {
    Additions piece(kDeltaSealEntries);
    for (const Additions::Bins& bins : open_.bins()) {
      for (unsigned i = 0; i < bins.counts.size(); ++i) {
        if (bins.counts[i] > 0) piece.bin(bins.name, i, bins.epoch, bins.counts[i]);
      }
    }
    open_.for_each([&](const Additions::Entry& entry) {
      add_entry(open_, entry, piece);
      if (piece.size() < kDeltaSealEntries) return;
      put_waiting(piece, std::exchange(beside, {}));
      piece.clear();
    });
    if (!piece.empty()) put_waiting(piece, std::move(beside));
  }
  lost_ += open_.lost();
  // Every snapshot copies it, with the room that it has.
  if (open_.size() > kOpenKeepsRoom) {
    open_ = Additions(kDeltaOpenEntries);
  } else {
    open_.clear();
  }
  bound_waiting();
}

void FleetLearning::put_waiting(const Additions& additions, Beside beside) {
  SealedDelta delta;
  delta.id = next_id_++;
  delta.entries = additions.size();
  delta.lines_bytes = beside.lines_bytes;
  delta.additions = encode_additions(additions);
  delta.sightings = std::move(beside.sightings);
  delta.fit = std::move(beside.fit);
  waiting_.push_back(std::make_shared<const SealedDelta>(std::move(delta)));
  ++changes_;
}

void FleetLearning::bound_waiting() {
  while (!patching_ && waiting_.size() > kWaitingDeltas && merge_two()) {
  }
  std::size_t bytes = 0;
  for (const Piece& piece : waiting_) bytes += piece->additions.size();
  while (bytes > kWaitingBytesMax) {
    bytes -= waiting_.front()->additions.size();
    waiting_.pop_front();
    ++dropped_;
  }
}

/// The two neighbours that are smallest together become one. False: all are too large.
bool FleetLearning::merge_two() {
  std::size_t best = waiting_.size();
  std::size_t smallest = kDeltaEntriesMax + 1;
  for (std::size_t i = 0; i + 1 < waiting_.size(); ++i) {
    const std::size_t sum = waiting_[i]->entries + waiting_[i + 1]->entries;
    if (sum < smallest) {
      smallest = sum;
      best = i;
    }
  }
  if (best == waiting_.size()) return false;
  const SealedDelta& first = *waiting_[best];
  const SealedDelta& second = *waiting_[best + 1];
  const Result<Additions> a = decode_additions(first.additions, kOwnLimits);
  const Result<Additions> b = decode_additions(second.additions, kOwnLimits);
  if (!a || !b) return false;
  Additions sum(kDeltaEntriesMax);
  sum.add(a.value());
  sum.add(b.value());
  if (sum.lost() > 0) return false;  // too many epochs or histograms for one
  SealedDelta merged;
  merged.id = next_id_++;
  merged.entries = sum.size();
  merged.lines_bytes = first.lines_bytes + second.lines_bytes;
  merged.additions = encode_additions(sum);
  merged.sightings = first.sightings;
  merged.sightings.insert(merged.sightings.end(), second.sightings.begin(), second.sightings.end());
  if (merged.sightings.size() > kDeltaSightingsMax) {
    lost_ += merged.sightings.size() - kDeltaSightingsMax;
    merged.sightings.resize(kDeltaSightingsMax);
  }
  merged.fit = sum_of_fits(first.fit, second.fit);
  waiting_[best] = std::make_shared<const SealedDelta>(std::move(merged));
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  ++changes_;
  return true;
}

void FleetLearning::number() {
  while (!waiting_.empty() && numbered_.size() < kNumberedDeltasMax) {
    SealedDelta delta = *waiting_.front();
    delta.sequence = next_sequence_++;  // the id stays: a patch on its way may know it
    numbered_.push_back(std::make_shared<const SealedDelta>(std::move(delta)));
    waiting_.pop_front();
    ++changes_;
  }
}

SealedDeltas FleetLearning::own() const {
  SealedDeltas out(numbered_.begin(), numbered_.end());
  out.insert(out.end(), waiting_.begin(), waiting_.end());
  return out;
}

SealedDeltas FleetLearning::begin_patch() {
  patching_ = true;
  return own();
}

FleetLearningStatus FleetLearning::status() const {
  return {group_,         generation_,      included_,           verdicts_,
          next_sequence_, numbered_.size(), waiting_.size(),     open_.size(),
          dropped_,       refused_,         lost_ + open_.lost()};
}

void FleetLearning::set_verdicts(std::uint64_t place) {
  if (place <= verdicts_) return;
  verdicts_ = place;
  ++changes_;
}

bool FleetLearning::welcome(std::uint64_t sequence) {
  if (next_sequence_ <= sequence) {
    next_sequence_ = sequence + 1;
    ++changes_;
  }
  if (sequence >= included_) return true;
  forget_generation();
  return false;
}

void FleetLearning::forget_generation() {
  generation_ = included_ = 0;
  ++changes_;
}

void FleetLearning::refused(std::uint64_t sequence) {
  refused_ +=
      std::erase_if(numbered_, [&](const Piece& piece) { return piece->sequence == sequence; });
  ++changes_;
}

Status FleetLearning::apply(PreparedPatch patch, Baseline& baseline) {
  patching_ = false;
  if (patch.whole) {
    included_ = 0;
    baseline = std::move(*patch.whole);
    const auto put_back = [&](const std::deque<Piece>& pieces) {
      for (const Piece& piece : pieces) {
        if (piece->sequence != 0 && piece->sequence <= patch.includes) continue;
        if (std::find(patch.added.begin(), patch.added.end(), piece->id) != patch.added.end()) {
          continue;
        }
        // Sealed since the patch was prepared, from additions: it can be read.
        const Result<Additions> additions = decode_additions(piece->additions, kOwnLimits);
        if (additions) additions.value().apply_to(baseline);
      }
    };
    put_back(numbered_);
    put_back(waiting_);
    open_.apply_to(baseline);
    attach(baseline);
  } else {
    if (patch.previous != generation_) {
      return Error{"round of the fleet", "it follows on generation " +
                                             std::to_string(patch.previous) + ", the agent has " +
                                             std::to_string(generation_)};
    }
    patch.round->apply_to(baseline);
  }
  generation_ = patch.generation;
  group_ = patch.group;
  included_ = std::max(included_, patch.includes);
  std::erase_if(numbered_, [&](const Piece& piece) { return piece->sequence <= included_; });
  ++changes_;
  return {};
}

}  // namespace doorward
