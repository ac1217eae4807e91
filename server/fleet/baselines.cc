#include "server/fleet/baselines.h"

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/pipeline/limits.h"
#include "proto/additions_codec.h"
#include "server/fleet/baselines_parts.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

/// Deltas of an agent that lie in the log one by one before they become one entry.
constexpr std::size_t kDeltasBeforeCompaction = 64;
/// Of one total in one delta. Far above that of a pair: sums of squares of a busy host's counts are
/// totals too.
constexpr std::uint32_t kTotalMax = 2'000'000'000;

}  // namespace

Baselines::Baselines(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Baselines::~Baselines() = default;

void Baselines::fold(const LogEntry& entry) {
  impl_->fold(entry);
}

void Baselines::Impl::fold(const LogEntry& entry) {
  switch (entry.kind) {
    case EntryKind::fleet_key:
      return fold_key(entry);
    case EntryKind::group:
      group(entry.subject);
      return;
    case EntryKind::delta:
      return fold_delta(entry, false);
    case EntryKind::contribution:
      return fold_delta(entry, true);
    case EntryKind::round:
      return fold_round(entry);
    case EntryKind::drop:
      if (const auto* drop = entry_table<log::Drop>(entry)) {
        drops_.push_back({entry.subject, drop->epoch(), drop->through()});
      }
      return;
    default:
      return;
  }
}

void Baselines::Impl::fold_key(const LogEntry& entry) {
  if (entry.number <= key_number_ || entry.data.size() != key_.bytes.size()) return;
  std::copy(entry.data.begin(), entry.data.end(), key_.bytes.begin());
  key_number_ = entry.number;
  // What was hashed under the old key cannot be read under the new one: history begins anew.
  for (auto& [name, one] : groups_) one.begin_anew(key_, one.generation() + 1);
}

GroupBaseline& Baselines::Impl::group(const std::string& name) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return found->second;
  return groups_.emplace(name, GroupBaseline(options_, key_)).first->second;
}

Additions Baselines::Impl::without_dropped(const std::string& agent, std::uint64_t sequence,
                                           Additions additions) const {
  for (const DroppedTeaching& drop : drops_) {
    if (drop.agent != agent || sequence > drop.through) continue;
    additions.subtract(drop.epoch == kNoEpoch ? additions : additions.of_epoch(drop.epoch));
  }
  return additions;
}

bool Baselines::Impl::all_dropped(const std::string& agent, std::uint64_t sequence) const {
  return std::any_of(drops_.begin(), drops_.end(), [&](const DroppedTeaching& drop) {
    return drop.agent == agent && drop.epoch == kNoEpoch && sequence <= drop.through;
  });
}

void Baselines::Impl::count(AgentTeaching& teaching, const Additions& additions) const {
  std::array<std::uint64_t, Additions::kEpochsMax> entries{};
  additions.for_each([&](const Additions::Entry& entry) { ++entries[entry.epoch()]; });
  for (std::size_t i = 0; i < additions.epochs().size(); ++i) {
    teaching.entries[additions.epochs()[i]] += entries[i];
  }
  while (teaching.entries.size() > options_.epochs + 1) {
    teaching.entries.erase(teaching.entries.begin());
  }
}

void Baselines::Impl::fold_delta(const LogEntry& entry, bool contribution) {
  std::string of_group;
  std::uint64_t key = 0;
  std::span<const std::uint8_t> bytes;
  std::span<const std::uint8_t> fit;
  const auto take = [&](const auto* table) {
    if (table == nullptr) return false;
    of_group = text_of(table->group());
    key = table->key_name();
    bytes = bytes_of(table->additions());
    fit = bytes_of(table->fit());
    return true;
  };
  if (!(contribution ? take(entry_table<log::Contribution>(entry))
                     : take(entry_table<log::Delta>(entry)))) {
    return;
  }
  GroupBaseline& to = group(of_group);
  AgentTeaching& teaching = agents_[entry.subject];
  teaching.group = of_group;
  (contribution ? teaching.contributions : teaching.places).push_back(entry.place);
  if (!contribution && teaching.places.size() == kDeltasBeforeCompaction) {
    crowded_.push_back(entry.subject);
  }
  if (key != key_name(key_)) {
    ++to.refused_entries;
    return;
  }
  if (!fit.empty() && !all_dropped(entry.subject, entry.number) &&
      !to.add_fit(entry.subject, fit)) {
    ++to.refused_entries;
  }
  Result<Additions> additions = decode_additions(bytes, {.entries = Additions::kEntriesMax});
  if (!additions) {
    ++to.refused_entries;
    return;
  }
  count(teaching, additions.value());
  const Additions rest = without_dropped(entry.subject, entry.number, std::move(additions).value());
  // Of a long log what is in a round already goes to where rounds lead.
  const auto through = through_.find(of_group);
  if (through != through_.end() && entry.place <= through->second) {
    to.restore(entry.subject, entry.number, rest);
  } else {
    to.add_to_open(entry.subject, entry.number, rest);
  }
}

void Baselines::Impl::fold_round(const LogEntry& entry) {
  const auto* table = entry_table<log::Round>(entry);
  if (table == nullptr || table->key_name() != key_name(key_)) return;
  std::vector<std::pair<std::string, std::uint64_t>> included;
  if (table->included() != nullptr) {
    for (const auto* one : *table->included()) {
      included.emplace_back(text_of(one->agent()), one->sequence());
    }
  }
  group(entry.subject)
      .close(entry.number, bytes_of(table->additions()), included, options_.rounds_bytes_max);
  through_[entry.subject] = std::max(through_[entry.subject], table->through());
}

Status Baselines::check(std::string_view agent, std::span<const std::uint8_t> additions,
                        std::uint64_t key, TimeUs now) const {
  const std::string who(agent);
  if (key != key_name(impl_->key_)) {
    return Error{"", "it is of another hash key than the fleet's"};
  }
  const TeachingLimits& limits = impl_->options_.limits;
  Result<Additions> read = decode_additions(additions, {.entries = limits.entries_a_delta});
  if (!read) return read.error();
  const std::int64_t newest = (now + kFutureMaxUs) / impl_->options_.epoch_us;
  for (const std::int64_t epoch : read.value().epochs()) {
    // One that is far ahead would push the whole history out of the ring.
    if (epoch > newest) return Error{"", "it tells of the future: epoch " + std::to_string(epoch)};
  }
  for (const Additions::Bins& bins : read.value().bins()) {
    if (bins.epoch > newest) return Error{"", "it tells of the future"};
  }
  bool too_often = false;
  std::array<std::uint64_t, Additions::kEpochsMax> entries{};
  read.value().for_each([&](const Additions::Entry& entry) {
    ++entries[entry.epoch()];
    const bool total = entry.kind() == Additions::Kind::total;
    too_often = too_often || entry.n > (total ? kTotalMax : limits.count_max);
  });
  if (too_often) {
    return Error{"",
                 "it tells of one thing more than " + std::to_string(limits.count_max) + " times"};
  }
  const auto teaching = impl_->agents_.find(who);
  for (std::size_t i = 0; i < read.value().epochs().size(); ++i) {
    std::uint64_t before = 0;
    if (teaching != impl_->agents_.end()) {
      const auto found = teaching->second.entries.find(read.value().epochs()[i]);
      if (found != teaching->second.entries.end()) before = found->second;
    }
    if (before + entries[i] > limits.entries_an_epoch) {
      return Error{"", "the agent has taught all that one may teach in an epoch (" +
                           std::to_string(limits.entries_an_epoch) + " entries)"};
    }
  }
  return {};
}

Status Baselines::check_fit(std::span<const std::uint8_t> fit) const {
  if (fit.empty()) return {};
  const Result<FitCounts> counts = FitCounts::decode(fit);
  if (!counts) return counts.error();
  const std::uint64_t most = impl_->options_.limits.fit_events_a_delta;
  if (counts.value().events() > most) {
    return Error{"",
                 "its counts to fit from tell of more than " + std::to_string(most) + " events"};
  }
  return {};
}

std::optional<LogEntry> Baselines::close_round(std::string_view group, TimeUs now) {
  const auto found = impl_->groups_.find(group);
  if (found == impl_->groups_.end() || found->second.open_is_empty()) return std::nullopt;
  GroupBaseline& of = found->second;
  log::RoundT round;
  round.key_name = key_name(impl_->key_);
  round.additions = *of.packed_open();
  for (const auto& [agent, sequence] : of.open_included()) {
    auto one = std::make_unique<log::IncludedT>();
    one->agent = agent;
    one->sequence = sequence;
    round.included.push_back(std::move(one));
  }
  for (const auto& [agent, teaching] : impl_->agents_) {
    if (teaching.group == group && !teaching.places.empty()) {
      round.through = std::max(round.through, teaching.places.back());
    }
  }
  return packed_entry(EntryKind::round, std::string(group), of.generation() + 1, now, round);
}

std::optional<Patch> Baselines::patch(std::string_view group, std::string_view agent,
                                      std::uint64_t generation, std::uint64_t key) {
  const auto found = impl_->groups_.find(group);
  if (found == impl_->groups_.end()) return std::nullopt;
  return found->second.patch(agent, generation, key != key_name(impl_->key_));
}

bool Baselines::crowded(std::string_view group) const {
  const auto found = impl_->groups_.find(group);
  return found != impl_->groups_.end() && found->second.open().size() > kOpenEntriesCrowded;
}

const Baseline* Baselines::baseline(std::string_view group) const {
  const auto found = impl_->groups_.find(group);
  return found == impl_->groups_.end() ? nullptr : &found->second.baseline();
}

std::optional<GroupFit> Baselines::fit(std::string_view group) const {
  const auto found = impl_->groups_.find(group);
  if (found == impl_->groups_.end()) return std::nullopt;
  return found->second.fit();
}

std::vector<std::string> Baselines::groups() const {
  std::vector<std::string> out;
  for (const auto& [name, one] : impl_->groups_) out.push_back(name);
  return out;
}

std::vector<GroupBaselineStatus> Baselines::status() const {
  std::vector<GroupBaselineStatus> out;
  for (auto& [name, one] : impl_->groups_) {
    out.emplace_back().group = name;
    one.describe(out.back());
  }
  return out;
}

}  // namespace doorward
