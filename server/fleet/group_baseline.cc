#include "server/fleet/group_baseline.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "plugins/state_archive.h"
#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"

namespace doorward {
namespace {

/// Different entries in an open round; what is beyond is lost to it, and counted. The core closes a
/// round long before.
constexpr std::size_t kOpenEntriesMax = std::size_t{4} << 20;
/// An agent that is further behind gets the whole, which is shorter than so many rounds.
constexpr std::uint64_t kRoundsBehindMax = 64;
constexpr AdditionsLimits kRoundLimits{.entries = kOpenEntriesMax};

std::int64_t newest(const Additions& additions) {
  std::int64_t out = kNoEpoch;
  for (const std::int64_t epoch : additions.epochs()) out = std::max(out, epoch);
  for (const Additions::Bins& bins : additions.bins()) out = std::max(out, bins.epoch);
  return out;
}

bool reaches_behind(const Additions& additions, const EpochRing& ring) {
  return std::any_of(additions.epochs().begin(), additions.epochs().end(),
                     [&](std::int64_t epoch) { return !ring.holds(epoch); }) ||
         std::any_of(additions.bins().begin(), additions.bins().end(),
                     [&](const Additions::Bins& bins) { return !ring.holds(bins.epoch); });
}

Baseline make_baseline(const Baselines::Options& options, const HashKey& key) {
  BaselineOptions shape;
  shape.bytes = options.bytes;
  shape.epochs = options.epochs;
  shape.epoch_us = options.epoch_us;
  shape.key = key;
  Result<Baseline> made = Baseline::make(shape);
  assert(made.ok());  // sizes are checked where settings are read
  return std::move(made).value();
}

void save_bytes(std::span<const std::uint8_t> bytes, StateWriter& out) {
  out(static_cast<std::uint64_t>(bytes.size()));
  out.raw(std::as_bytes(bytes));
}

std::vector<std::uint8_t> load_bytes(StateReader& in, std::size_t most) {
  std::uint64_t size = 0;
  in.between(size, std::uint64_t{0}, static_cast<std::uint64_t>(most));
  std::vector<std::uint8_t> bytes(in.ok() ? static_cast<std::size_t>(size) : 0);
  in.raw(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace

GroupBaseline::GroupBaseline(const Baselines::Options& options, const HashKey& key)
    : baseline_(make_baseline(options, key)), open_(kOpenEntriesMax) {}

std::uint32_t GroupBaseline::number_of(const std::string& agent) {
  const auto [one, is_new] =
      numbers_.try_emplace(agent, static_cast<std::uint32_t>(agents_.size()));
  if (is_new) agents_.push_back(&one->first);
  return one->second;
}

void GroupBaseline::raise(Sequences& sequences, const std::string& agent, std::uint64_t sequence) {
  const std::uint32_t number = number_of(agent);
  if (sequences.size() <= number) sequences.resize(agents_.size());
  sequences[number] = std::max(sequences[number], sequence);
}

void GroupBaseline::add_to_open(const std::string& agent, std::uint64_t sequence,
                                const Additions& additions) {
  ++deltas;
  ++open_changes_;
  // What lies a whole ring behind the newest counts nowhere, and must not take the places of epochs
  // that do.
  EpochRing ring = baseline_.ring();
  ring.newest = std::max({ring.newest, newest(open_), newest(additions)});
  if (reaches_behind(open_, ring)) open_.drop_before(ring);
  if (reaches_behind(additions, ring)) {
    Additions rest = additions;
    rest.drop_before(ring);
    open_.add(rest);
  } else {
    open_.add(additions);
  }
  raise(open_included_, agent, sequence);
}

void GroupBaseline::restore(const std::string& agent, std::uint64_t sequence,
                            const Additions& additions) {
  fill_.reset();
  additions.apply_to(baseline_);
  raise(included_, agent, sequence);
}

bool GroupBaseline::add_fit(const std::string& agent, std::span<const std::uint8_t> bytes) {
  const Result<FitCounts> fit = FitCounts::decode(bytes);
  if (!fit) return false;
  fit_.merge(fit.value());
  fit_of_[agent] += fit.value().events();
  return true;
}

GroupFit GroupBaseline::fit() const {
  GroupFit out;
  out.counts = fit_;
  out.agents = fit_of_.size();
  for (const auto& [agent, events] : fit_of_) {
    if (events <= out.largest_events) continue;
    out.largest = agent;
    out.largest_events = events;
  }
  return out;
}

std::shared_ptr<const std::vector<std::uint8_t>> GroupBaseline::packed_open() {
  packed_ = std::make_shared<const std::vector<std::uint8_t>>(encode_additions(open_));
  packed_of_ = open_changes_;
  return packed_;
}

std::vector<std::pair<std::string, std::uint64_t>> GroupBaseline::open_included() const {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (std::size_t i = 0; i < open_included_.size(); ++i) {
    if (open_included_[i] != 0) out.emplace_back(*agents_[i], open_included_[i]);
  }
  return out;
}

void GroupBaseline::close(std::uint64_t generation, std::span<const std::uint8_t> bytes,
                          const std::vector<std::pair<std::string, std::uint64_t>>& included,
                          std::size_t rounds_bytes_max) {
  if (generation <= generation_) return;
  ClosedRound round;
  round.generation = generation;
  const auto packed = std::exchange(packed_, nullptr);
  if (packed && packed_of_ == open_changes_ &&
      std::equal(bytes.begin(), bytes.end(), packed->begin(), packed->end())) {
    // Mostly it is the open round as it is.
    open_.apply_to(baseline_);
    refused_entries += open_.lost();
    open_ = Additions(kOpenEntriesMax);
    round.bytes = packed;
  } else {
    const Result<Additions> additions = decode_additions(bytes, kRoundLimits);
    if (!additions) {
      // Its deltas are still there; the next round has them.
      ++refused_entries;
      return;
    }
    additions.value().apply_to(baseline_);
    // What came after the round was made stays open.
    open_.subtract(additions.value());
    open_.drop_zeros();
    round.bytes = std::make_shared<const std::vector<std::uint8_t>>(bytes.begin(), bytes.end());
  }
  ++open_changes_;
  fill_.reset();
  round.included.reserve(included.size());
  for (const auto& [agent, sequence] : included) {
    raise(included_, agent, sequence);
    const std::uint32_t number = number_of(agent);
    round.included.emplace_back(number, sequence);
    if (number < open_included_.size() && open_included_[number] <= sequence) {
      open_included_[number] = 0;
    }
  }
  std::sort(round.included.begin(), round.included.end());
  // Rounds must lead from one to the next.
  if (!rounds_.empty() && rounds_.back().generation + 1 != generation) {
    rounds_.clear();
    rounds_bytes_ = 0;
  }
  keep(std::move(round), rounds_bytes_max);
  generation_ = generation;
}

void GroupBaseline::keep(ClosedRound round, std::size_t bytes_max) {
  rounds_bytes_ += round.bytes->size();
  rounds_.push_back(std::move(round));
  while (!rounds_.empty() && (rounds_bytes_ > bytes_max || rounds_.size() > kRoundsBehindMax)) {
    rounds_bytes_ -= rounds_.front().bytes->size();
    rounds_.pop_front();
  }
}

void GroupBaseline::begin_anew(const HashKey& key, std::uint64_t generation) {
  Baselines::Options options;
  options.bytes = baseline_.options().bytes;
  options.epochs = baseline_.options().epochs;
  options.epoch_us = baseline_.options().epoch_us;
  baseline_ = make_baseline(options, key);
  fill_.reset();
  packed_.reset();
  open_ = Additions(kOpenEntriesMax);
  open_included_.clear();
  included_.clear();
  fit_ = FitCounts();
  fit_of_.clear();
  rounds_.clear();
  rounds_bytes_ = 0;
  generation_ = generation;
  whole_.reset();
}

std::optional<Patch> GroupBaseline::patch(std::string_view agent, std::uint64_t generation,
                                          bool other_key) {
  Patch patch;
  const auto known = numbers_.find(agent);
  if (generation == generation_ && (!other_key || generation == 0)) return std::nullopt;
  // Generation 0 asks for the whole, also where all rounds are kept: the agent may have the fleet's
  // history already, of which a restored server has lost a part.
  if (!other_key && generation != 0 && generation < generation_ && !rounds_.empty() &&
      rounds_.front().generation <= generation + 1) {
    const ClosedRound& next =
        rounds_[static_cast<std::size_t>(generation + 1 - rounds_.front().generation)];
    patch.generation = next.generation;
    patch.previous = generation;
    patch.bytes = next.bytes;
    if (known == numbers_.end()) return patch;
    const auto included =
        std::lower_bound(next.included.begin(), next.included.end(),
                         std::pair<std::uint32_t, std::uint64_t>(known->second, 0));
    if (included != next.included.end() && included->first == known->second) {
      patch.includes = included->second;
    }
    return patch;
  }
  if (!whole_ || whole_of_ != generation_) {
    whole_ = std::make_shared<const std::vector<std::uint8_t>>(encode_baseline(baseline_));
    whole_of_ = generation_;
  }
  patch.generation = generation_;
  patch.whole = true;
  patch.bytes = whole_;
  if (known != numbers_.end() && known->second < included_.size()) {
    patch.includes = included_[known->second];
  }
  return patch;
}

void GroupBaseline::describe(GroupBaselineStatus& out) {
  out.generation = generation_;
  out.deltas = deltas;
  out.entries_waiting = open_.size();
  out.refused_entries = refused_entries + open_.lost();
  out.rounds_kept = rounds_.size();
  out.rounds_bytes = rounds_bytes_;
  // A walk through all cells, so not oftener than they change.
  if (!fill_) fill_ = baseline_.fill();
  out.fill = *fill_;
  out.newest_epoch = baseline_.newest();
}

void GroupBaseline::save(const Sequences& sequences, StateWriter& out) const {
  out(static_cast<std::uint32_t>(sequences.size() - static_cast<std::size_t>(std::count(
                                                        sequences.begin(), sequences.end(), 0U))));
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i] != 0) out(*agents_[i], sequences[i]);
  }
}

void GroupBaseline::load(StateReader& in, Sequences& out) {
  std::uint32_t count = 0;
  in(count);
  for (; count != 0 && in.ok(); --count) {
    std::string agent;
    std::uint64_t sequence = 0;
    in(agent, sequence);
    raise(out, agent, sequence);
  }
}

void GroupBaseline::save(std::vector<std::uint8_t>& out) const {
  StateWriter archive(out);
  archive(generation_, deltas, refused_entries);
  save_bytes(encode_baseline(baseline_), archive);
  save_bytes(encode_additions(open_), archive);
  save(open_included_, archive);
  save(included_, archive);
  archive(static_cast<std::uint32_t>(rounds_.size()));
  for (const ClosedRound& round : rounds_) {
    archive(round.generation);
    save_bytes(*round.bytes, archive);
    archive(static_cast<std::uint32_t>(round.included.size()));
    for (const auto& [number, sequence] : round.included) archive(*agents_[number], sequence);
  }
  save_bytes(fit_.encode(), archive);
  archive(static_cast<std::uint32_t>(fit_of_.size()));
  for (const auto& [agent, events] : fit_of_) archive(agent, events);
}

Result<GroupBaseline> GroupBaseline::load(StateReader& in, const Baselines::Options& options,
                                          const HashKey& key) {
  const Error damaged{"snapshot of the baselines", "it is damaged"};
  GroupBaseline out(options, key);
  in(out.generation_, out.deltas, out.refused_entries);
  Result<Baseline> baseline =
      decode_baseline(load_bytes(in, encoded_baseline_max(options.bytes)), key, options.bytes);
  if (!baseline) return baseline.error();
  if (baseline.value().options().bytes != options.bytes) {
    return Error{"snapshot of the baselines", "the baseline has another size now"};
  }
  Result<Additions> open = decode_additions(load_bytes(in, kRoundLimits.raw_bytes()), kRoundLimits);
  if (!open) return open.error();
  out.baseline_ = std::move(baseline).value();
  out.open_.add(open.value());
  out.load(in, out.open_included_);
  out.load(in, out.included_);
  std::uint32_t rounds = 0;
  in.between(rounds, std::uint32_t{0}, static_cast<std::uint32_t>(kRoundsBehindMax));
  for (; rounds != 0 && in.ok(); --rounds) {
    ClosedRound round;
    in(round.generation);
    round.bytes =
        std::make_shared<const std::vector<std::uint8_t>>(load_bytes(in, kRoundLimits.raw_bytes()));
    std::uint32_t count = 0;
    in(count);
    for (; count != 0 && in.ok(); --count) {
      std::string agent;
      std::uint64_t sequence = 0;
      in(agent, sequence);
      round.included.emplace_back(out.number_of(agent), sequence);
    }
    std::sort(round.included.begin(), round.included.end());
    out.keep(std::move(round), options.rounds_bytes_max);
  }
  const std::vector<std::uint8_t> fit = load_bytes(in, kFitBytesMax);
  std::uint32_t fits = 0;
  in(fits);
  for (; fits != 0 && in.ok(); --fits) {
    std::string agent;
    in(agent);
    in(out.fit_of_[agent]);
  }
  if (!in.ok()) return damaged;
  Result<FitCounts> counts = FitCounts::decode(fit);
  if (!counts) return counts.error();
  out.fit_ = std::move(counts).value();
  return out;
}

}  // namespace doorward
