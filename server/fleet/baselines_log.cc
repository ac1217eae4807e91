// Baselines and the log: summing up old deltas, beginning anew, snapshots.
#include <algorithm>
#include <utility>

#include "plugins/state_archive.h"
#include "proto/additions_codec.h"
#include "server/fleet/baselines.h"
#include "server/fleet/baselines_parts.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

constexpr std::uint8_t kSnapshotVersion = 2;
/// Contributions of an agent before they become one.
constexpr std::size_t kContributionsMax = 16;
/// Deltas summed up at a time.
constexpr std::size_t kCompactedMax = 4096;

/// The additions in a delta or contribution, and of which group.
struct Taught {
  std::string group;
  std::uint64_t key_name = 0;
  std::uint32_t deltas = 1;
  std::uint64_t first = 0;
  std::vector<std::uint8_t> additions;
  std::vector<std::uint8_t> fit;
};

std::optional<Taught> told_by(const LogEntry& entry) {
  Taught out;
  const auto take = [&](const auto* table) {
    out.group = text_of(table->group());
    out.key_name = table->key_name();
    const auto bytes = bytes_of(table->additions());
    out.additions.assign(bytes.begin(), bytes.end());
    const auto fit = bytes_of(table->fit());
    out.fit.assign(fit.begin(), fit.end());
  };
  out.first = entry.number;
  if (entry.kind == EntryKind::delta) {
    const auto* table = entry_table<log::Delta>(entry);
    if (table == nullptr) return std::nullopt;
    take(table);
  } else {
    const auto* table = entry_table<log::Contribution>(entry);
    if (table == nullptr) return std::nullopt;
    take(table);
    out.deltas = table->deltas();
    out.first = table->first();
  }
  return out;
}

}  // namespace

Result<std::optional<Baselines::Compaction>> Baselines::compact(OrderedLog& log) {
  while (!impl_->crowded_.empty()) {
    const std::string agent = impl_->crowded_.back();
    impl_->crowded_.pop_back();
    const auto found = impl_->agents_.find(agent);
    if (found == impl_->agents_.end()) continue;
    Result<std::optional<Compaction>> done = impl_->compact_agent(log, agent, found->second);
    if (!done || done.value()) return done;
  }
  return std::optional<Compaction>();
}

Result<std::optional<Baselines::Compaction>> Baselines::Impl::compact_agent(
    OrderedLog& log, const std::string& agent, AgentTeaching& teaching) {
  const std::uint64_t through = through_[teaching.group];
  Compaction out;
  Additions sum(Additions::kEntriesMax);
  FitCounts fit;
  log::ContributionT table;
  table.key_name = key_name(key_);
  const auto visit = [&](const LogEntry& entry) {
    // Only what a round has: the open round needs its deltas one by one.
    if (entry.place > through || out.places.size() == kCompactedMax) return false;
    const std::optional<Taught> told = told_by(entry);
    if (told) {
      if (out.places.empty()) {
        table.group = told->group;
        table.first = told->first;
      }
      if (told->group != table.group) return false;
      if (told->key_name == table.key_name) {
        Result<Additions> additions =
            decode_additions(told->additions, {.entries = Additions::kEntriesMax});
        if (additions) {
          sum.add(without_dropped(agent, entry.number, std::move(additions).value()));
        }
        if (!told->fit.empty() && !all_dropped(agent, entry.number)) {
          const Result<FitCounts> more = FitCounts::decode(told->fit);
          if (more) fit.merge(more.value());
        }
      }
      table.deltas += told->deltas;
    }
    out.places.push_back(entry.place);
    out.entry.number = entry.number;
    out.entry.place = entry.place;
    out.entry.at = entry.at;
    return true;
  };
  if (teaching.contributions.size() >= kContributionsMax) {
    if (Status read = log.read_subject(EntryKind::contribution, agent, 0, visit); !read) {
      return read.error();
    }
  }
  const std::size_t summed_contributions = out.places.size();
  if (Status read = log.read_subject(EntryKind::delta, agent, 0, visit); !read) {
    return read.error();
  }
  if (out.places.size() < 2) {
    // All of them wait for their round.
    return std::optional<Compaction>();
  }
  sum.drop_zeros();
  sum.drop_before(groups_.at(teaching.group).baseline().ring());
  table.additions = encode_additions(sum);
  if (!fit.empty()) table.fit = fit.encode();
  out.entry.kind = EntryKind::contribution;
  out.entry.subject = agent;
  out.entry.data = entry_bytes(table);
  if (summed_contributions != 0) teaching.contributions.clear();
  teaching.contributions.push_back(out.entry.place);
  std::erase_if(teaching.places, [&](std::uint64_t place) { return place <= out.entry.place; });
  return std::optional<Compaction>(std::move(out));
}

Status Baselines::refold(OrderedLog& log, const std::function<void(std::uint64_t)>& progress) {
  // First all that decides what counts: keys, drops, how far rounds reach.
  auto fresh = std::make_unique<Impl>(impl_->options_);
  std::map<std::string, std::uint64_t> generations;
  const auto first = [&](const LogEntry& entry) {
    if (entry.kind == EntryKind::fleet_key || entry.kind == EntryKind::drop ||
        entry.kind == EntryKind::group) {
      fresh->fold(entry);
    }
    if (entry.kind == EntryKind::round) {
      generations[entry.subject] = std::max(generations[entry.subject], entry.number);
      if (const auto* round = entry_table<log::Round>(entry)) {
        std::uint64_t& through = fresh->through_[entry.subject];
        through = std::max(through, round->through());
      }
    }
    return true;
  };
  for (const EntryKind kind :
       {EntryKind::fleet_key, EntryKind::group, EntryKind::drop, EntryKind::round}) {
    if (Status read = log.read(0, kind, first); !read) return read;
  }
  std::uint64_t seen = 0;
  for (const EntryKind kind : {EntryKind::contribution, EntryKind::delta}) {
    const Status read = log.read(0, kind, [&](const LogEntry& entry) {
      fresh->fold(entry);
      if (progress && ++seen % 1000 == 0) progress(seen);
      return true;
    });
    if (!read) return read;
  }
  // Nobody may go on from a round of before: what it led to is gone. The number goes up, so that
  // every agent asks for the whole; the next round follows it.
  for (auto& [name, one] : fresh->groups_) {
    const auto old = impl_->groups_.find(name);
    const std::uint64_t before = old == impl_->groups_.end() ? 0 : old->second.generation();
    one.set_generation(std::max(generations[name], before) + 1);
  }
  impl_ = std::move(fresh);
  ++folded_anew_;
  return {};
}

std::vector<std::uint8_t> Baselines::save() const {
  std::vector<std::uint8_t> out;
  StateWriter archive(out);
  archive.version(kSnapshotVersion);
  archive(impl_->key_, impl_->key_number_, static_cast<std::uint32_t>(impl_->groups_.size()));
  for (const auto& [name, one] : impl_->groups_) {
    archive(name);
    one.save(out);
  }
  archive(static_cast<std::uint32_t>(impl_->through_.size()));
  for (const auto& [name, place] : impl_->through_) archive(name, place);
  archive(static_cast<std::uint32_t>(impl_->agents_.size()));
  for (const auto& [agent, teaching] : impl_->agents_) {
    archive(agent, teaching.group);
    for (const auto* places : {&teaching.places, &teaching.contributions}) {
      archive(static_cast<std::uint32_t>(places->size()));
      for (const std::uint64_t place : *places) archive(place);
    }
    archive(static_cast<std::uint32_t>(teaching.entries.size()));
    for (const auto& [epoch, entries] : teaching.entries) archive(epoch, entries);
  }
  archive(static_cast<std::uint32_t>(impl_->drops_.size()));
  for (const DroppedTeaching& drop : impl_->drops_) {
    archive(drop.agent, drop.epoch, drop.through);
  }
  return out;
}

Status Baselines::load(std::span<const std::uint8_t> bytes) {
  const Error damaged{"snapshot of the baselines", "it is damaged"};
  auto fresh = std::make_unique<Impl>(impl_->options_);
  StateReader in(bytes);
  in.version(kSnapshotVersion);
  std::uint32_t groups = 0;
  in(fresh->key_, fresh->key_number_, groups);
  for (; groups != 0 && in.ok(); --groups) {
    std::string name;
    in(name);
    if (!in.ok()) return damaged;
    Result<GroupBaseline> one = GroupBaseline::load(in, fresh->options_, fresh->key_);
    if (!one) return one.error();
    fresh->groups_.emplace(name, std::move(one).value());
  }
  std::uint32_t count = 0;
  in(count);
  for (; count != 0 && in.ok(); --count) {
    std::string name;
    std::uint64_t place = 0;
    in(name, place);
    fresh->through_[name] = place;
  }
  in(count);
  for (; count != 0 && in.ok(); --count) {
    std::string agent;
    AgentTeaching teaching;
    in(agent, teaching.group);
    for (auto* places : {&teaching.places, &teaching.contributions}) {
      std::uint32_t length = 0;
      in(length);
      for (; length != 0 && in.ok(); --length) in(places->emplace_back());
    }
    std::uint32_t epochs = 0;
    in(epochs);
    for (; epochs != 0 && in.ok(); --epochs) {
      std::int64_t epoch = 0;
      std::uint64_t entries = 0;
      in(epoch, entries);
      teaching.entries[epoch] = entries;
    }
    fresh->agents_[agent] = std::move(teaching);
  }
  in(count);
  for (; count != 0 && in.ok(); --count) {
    DroppedTeaching drop;
    in(drop.agent, drop.epoch, drop.through);
    fresh->drops_.push_back(std::move(drop));
  }
  if (!in.done()) return damaged;
  impl_ = std::move(fresh);
  return {};
}

Status leap_generations(OrderedLog& log, TimeUs now) {
  std::map<std::string, LogEntry> last;
  const Status read = log.read(0, EntryKind::round, [&](const LogEntry& entry) {
    LogEntry& known = last[entry.subject];
    if (entry.number >= known.number) known = entry;
    return true;
  });
  if (!read) return read;
  std::vector<LogEntry> leaps;
  for (const auto& [group, entry] : last) {
    const auto* before = entry_table<log::Round>(entry);
    if (before == nullptr) continue;
    log::RoundT round;
    round.key_name = before->key_name();
    round.additions = encode_additions(Additions());
    round.through = before->through();
    leaps.push_back(
        packed_entry(EntryKind::round, group, entry.number + kGenerationLeap, now, round));
  }
  if (leaps.empty()) return {};
  const auto appended = log.append(leaps);
  return appended ? Status() : Status(appended.error());
}

}  // namespace doorward
