#include "sketch/baseline.h"

#include <string>

namespace doorward {
namespace {

constexpr std::array kSpaces = {Space::successes, Space::failures};

Error unlike(std::string_view what, auto mine, auto other) {
  return Error{"baseline", "cannot merge: " + std::string(what) + " differs (" +
                               std::to_string(mine) + " here, " + std::to_string(other) +
                               " in the other)"};
}

}  // namespace

static_assert(sizeof(Baseline) <= kBaselineHeader);

Result<Baseline> Baseline::make(const BaselineOptions& options) {
  if (options.epochs < 1 || options.epochs > kEpochSlots) {
    return Error{"baseline",
                 "the number of epochs must be 1 to 8, not " + std::to_string(options.epochs)};
  }
  if (options.epoch_us <= 0) {
    return Error{"baseline", "the length of an epoch must be above 0 microseconds, not " +
                                 std::to_string(options.epoch_us)};
  }
  const auto layout = lay_out_baseline(options.bytes);
  if (!layout) return layout.error();
  return Baseline(options, layout.value());
}

Baseline::Baseline(const BaselineOptions& options, const BaselineLayout& layout)
    : options_(options),
      ring_{kNoEpoch, options.epochs},
      parts_{Part(layout.successes), Part(layout.failures)} {}

void Baseline::set_newest(std::int64_t epoch) {
  ring_.newest = epoch;
  for (Part& part : parts_) {
    part.pairs.set_ring(ring_);
    part.totals.set_ring(ring_);
    part.distinct.set_ring(ring_);
  }
  histograms_.set_ring(ring_);
}

Status Baseline::merge(const Baseline& other) {
  if (&other == this) return Error{"baseline", "cannot merge a baseline with itself"};
  if (options_.key != other.options_.key) {
    return Error{"baseline", "cannot merge: the other was made under another fleet key"};
  }
  if (options_.bytes != other.options_.bytes) {
    return unlike("the size in bytes", options_.bytes, other.options_.bytes);
  }
  if (options_.epochs != other.options_.epochs) {
    return unlike("the number of epochs", options_.epochs, other.options_.epochs);
  }
  if (options_.epoch_us != other.options_.epoch_us) {
    return unlike("the length of an epoch", options_.epoch_us, other.options_.epoch_us);
  }
  advance(other.ring_.newest);
  const EpochMask shared = ring_.shared_slots(other.ring_);
  for (const Space space : kSpaces) {
    part(space).pairs.merge(other.part(space).pairs, shared);
    part(space).totals.merge(other.part(space).totals, shared);
    part(space).distinct.merge(other.part(space).distinct, shared);
  }
  histograms_.merge(other.histograms_, shared);
  return {};
}

void Baseline::note_into(Additions* additions) {
  for (const Space space : kSpaces) {
    part(space).pairs.note_into(additions, space);
    part(space).totals.note_into(additions, space);
    part(space).distinct.note_into(additions, space);
  }
  histograms_.note_into(additions);
}

BaselineFill Baseline::fill() const {
  const DistinctTable& table = distinct(Space::successes);
  BaselineFill out;
  out.pairs = pairs(Space::successes).fill();
  out.partitions = table.partitions();
  out.partitions_limit = table.partitions_limit();
  out.partitions_overflowed = table.partitions_given_up();
  out.blocks = table.blocks_charged();
  out.blocks_limit = table.blocks_limit();
  out.histograms_ignored = histograms_.ignored();
  out.bytes = bytes();
  return out;
}

std::size_t Baseline::bytes() const {
  std::size_t sum = sizeof(Baseline) + Histograms::kBytes;
  for (const Part& part : parts_) {
    sum += part.pairs.bytes() + part.totals.bytes() + part.distinct.bytes();
  }
  return sum;
}

}  // namespace doorward
