#include "server/core/upkeep.h"

#include <algorithm>
#include <utility>

namespace doorward {
namespace {

constexpr TimeUs kDayUs = 24 * 3600 * kSecondUs;

}  // namespace

Upkeep::Upkeep(OrderedLog& log, AlertIndex& alerts, Baselines& baselines,
               std::uint64_t snapshot_place, Append append, Connected connected)
    : log_(log),
      alerts_(alerts),
      baselines_(baselines),
      snapshot_place_(snapshot_place),
      append_(std::move(append)),
      connected_(std::move(connected)) {}

Status Upkeep::second(const ServerSettings& settings, TimeUs now, std::uint64_t folded) {
  Status first = close_rounds(settings, now);
  const auto note = [&first](Status status) {
    if (first.ok() && !status.ok()) first = std::move(status);
  };
  if (Clock::now() >= snapshot_due_) {
    snapshot_due_ = Clock::now() + kSnapshotEvery;
    note(keep_snapshot(folded));
  }
  note(compact());
  note(retire(settings, now));
  if (++audit_seconds_ >= kAuditRetentionSeconds) {
    audit_seconds_ = 0;
    note(retire_audit(settings, now));
  }
  return first;
}

Status Upkeep::close_rounds(const ServerSettings& settings, TimeUs now) {
  const auto interval = std::chrono::seconds(settings.round_interval_s);
  for (const std::string& group : baselines_.groups()) {
    const auto [known, is_new] = closed_.try_emplace(group, LastRound{Clock::now()});
    LastRound& last = known->second;
    const auto pause = std::max<Clock::duration>(interval, last.pause);
    const bool due = !is_new && Clock::now() - last.at >= pause;
    if (!due && !baselines_.crowded(group)) continue;
    std::optional<LogEntry> round = baselines_.close_round(group, now);
    if (round) {
      round->at = now;
      const std::chrono::seconds to_all(round->data.size() * connected_(group) /
                                        kPatchBytesASecond);
      last.pause = std::min<Clock::duration>(to_all, kRoundEveryMax);
      std::vector<LogEntry> entries;
      entries.push_back(std::move(*round));
      if (Status appended = append_(std::move(entries)); !appended) return appended;
    }
    last.at = Clock::now();
  }
  return {};
}

Status Upkeep::keep_snapshot(std::uint64_t folded) {
  if (folded == snapshot_place_) return {};
  const std::vector<std::uint8_t> bytes = baselines_.save();
  if (Status kept = log_.keep_snapshot(kBaselinesSnapshot, folded, bytes); !kept) return kept;
  snapshot_place_ = folded;
  return retire_rounds();
}

Status Upkeep::retire_rounds() {
  std::map<std::string, std::uint64_t> last;
  std::vector<std::uint64_t> places;
  const Status read = log_.read(0, EntryKind::round, [&](const LogEntry& entry) {
    if (entry.place > snapshot_place_) return false;
    const auto [known, is_new] = last.try_emplace(entry.subject, entry.place);
    if (!is_new) places.push_back(std::exchange(known->second, entry.place));
    return places.size() < kRetiredASecond;
  });
  if (!read) return read;
  return places.empty() ? Status() : log_.forget(places);
}

Status Upkeep::compact() {
  const auto end = Clock::now() + kCompactionASecond;
  // What was summed up before a drop has what was dropped.
  if (std::exchange(folded_anew_, baselines_.folded_anew()) != baselines_.folded_anew()) {
    held_.reset();
  }
  while (Clock::now() < end) {
    if (!held_) {
      Result<std::optional<Baselines::Compaction>> next = baselines_.compact(log_);
      if (!next) return next.error();
      if (!next.value()) return {};
      held_ = std::move(next).value();
    }
    if (held_->places.empty()) {
      held_.reset();
      return {};
    }
    if (held_->places.back() > snapshot_place_) return {};
    if (Status replaced = log_.replace(held_->places, held_->entry); !replaced) return replaced;
    held_.reset();
  }
  return {};
}

Status Upkeep::retire(const ServerSettings& settings, TimeUs now) {
  const auto most = static_cast<std::uint64_t>(settings.alerts_max);
  const TimeUs oldest = now - settings.alerts_days * kDayUs;
  const Result<std::vector<std::uint64_t>> places = alerts_.retire(oldest, most, kRetiredASecond);
  if (!places) return places.error();
  return places.value().empty() ? Status() : log_.forget(places.value());
}

Status Upkeep::retire_audit(const ServerSettings& settings, TimeUs now) {
  const TimeUs oldest = now - settings.audit_days * kDayUs;
  std::vector<std::uint64_t> places;
  const Status read = log_.read(0, EntryKind::audit, [&](const LogEntry& entry) {
    if (entry.at >= oldest || places.size() == kRetiredASecond) return false;
    places.push_back(entry.place);
    return true;
  });
  if (!read) return read;
  return places.empty() ? Status() : log_.forget(places);
}

}  // namespace doorward
