// A core without a thread, a disk or a clock: the log is a vector.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "server/core/core.h"
#include "server/store/entry_data.h"

namespace doorward {

class SmallLog final : public OrderedLog {
 public:
  Result<std::vector<std::optional<std::uint64_t>>> append(std::span<const LogEntry> all) override {
    if (full) return Error{"server.db", "the disk is full"};
    std::vector<std::optional<std::uint64_t>> places;
    for (const LogEntry& entry : all) {
      if (!there_.insert({entry.kind, entry.subject, entry.number}).second) {
        places.emplace_back();
        continue;
      }
      entries.push_back(entry);
      entries.back().place = entries.size();
      places.emplace_back(entries.size());
    }
    return places;
  }
  Status read(std::uint64_t place, std::optional<EntryKind> kind,
              const std::function<bool(const LogEntry&)>& visit) override {
    for (std::size_t i = place; i < entries.size(); ++i) {
      if (kind && entries[i].kind != *kind) continue;
      ++entries_read;
      if (!visit(entries[i])) break;
    }
    return {};
  }
  Status read_subject(EntryKind kind, const std::string& subject, std::uint64_t first,
                      const std::function<bool(const LogEntry&)>& visit) override {
    for (const LogEntry& entry : entries) {
      if (entry.kind != kind || entry.subject != subject || entry.number < first) continue;
      if (!visit(entry)) break;
    }
    return {};
  }
  Status replace(std::span<const std::uint64_t> /*places*/, const LogEntry& /*entry*/) override {
    return {};
  }
  Status forget(std::span<const std::uint64_t> /*places*/) override { return {}; }
  Result<std::uint64_t> last() override { return std::uint64_t{entries.size()}; }
  Status keep_snapshot(const std::string& name, std::uint64_t place,
                       std::span<const std::uint8_t> bytes) override {
    snapshots[name] = {place, {bytes.begin(), bytes.end()}};
    return {};
  }
  Result<std::optional<Snapshot>> snapshot(const std::string& name) override {
    const auto found = snapshots.find(name);
    if (found == snapshots.end()) return std::optional<Snapshot>();
    return std::optional<Snapshot>(found->second);
  }
  Status copy_to(const std::string& /*path*/,
                 const std::function<void(std::uint64_t, std::uint64_t)>& /*progress*/) override {
    return {};
  }
  Result<Sizes> sizes() override { return Sizes{0, entries.size()}; }

  /// Of the fleet, that it was told: the ids of alerts.
  [[nodiscard]] std::vector<std::string> fleet_alerts() const {
    std::vector<std::string> ids;
    for (const LogEntry& entry : entries) {
      if (entry.kind != EntryKind::alert) continue;
      const auto* alert = entry_table<log::Alert>(entry);
      if (alert != nullptr && text_of(alert->agent()).empty() && alert->kind() == 1) {
        ids.push_back(entry.subject);
      }
    }
    return ids;
  }

  std::vector<LogEntry> entries;
  std::map<std::string, Snapshot> snapshots;
  std::uint64_t entries_read = 0;
  bool full = false;

 private:
  std::set<std::tuple<EntryKind, std::string, std::uint64_t>> there_;
};

class SmallAlerts final : public AlertIndex {
 public:
  [[nodiscard]] std::uint64_t folded() const override { return 0; }
  Status fold(std::span<const LogEntry> /*entries*/) override { return {}; }
  Result<std::vector<AlertRow>> search(const AlertQuery& /*query*/) override {
    return std::vector<AlertRow>();
  }
  Result<std::optional<AlertRow>> get(const std::string& /*id*/) override {
    return std::optional<AlertRow>();
  }
  Result<EntityHistory> history(Entity entity, const std::string& name) override {
    if (broken) return Error{"server.db", "cannot be read"};
    return histories[{entity, name}];
  }
  Result<Counts> counts() override { return Counts{}; }
  Result<std::vector<std::uint64_t>> retire(TimeUs /*oldest*/, std::uint64_t /*most*/,
                                            std::size_t /*batch*/) override {
    return std::vector<std::uint64_t>();
  }

  std::map<std::pair<Entity, std::string>, EntityHistory> histories;
  bool broken = false;
};

/// Goes over a log that outlives it.
class SmallCore final : public Core {
 public:
  explicit SmallCore(SmallLog& log)
      : log_(log), baselines_(Baselines::Options{}), view_{state_, alerts, baselines_,
                                                           live_,  log_,   settings_} {
    for (const LogEntry& entry : log_.entries) fold(entry);
  }

  void ask(Question question) override { work_.push_back(std::move(question)); }
  void change(Propose propose, Done done) override {
    work_.emplace_back(
        [this, propose = std::move(propose), done = std::move(done)](FleetView& view) {
          const Result<std::vector<LogEntry>> entries = propose(view);
          if (!entries) {
            done(entries.error(), view);
            return;
          }
          const auto places = log_.append(entries.value());
          if (!places) {
            done(places.error(), view);
            return;
          }
          std::vector<Committed> committed;
          for (const auto& place : places.value()) {
            committed.push_back({place});
            if (place) hear(log_.entries[*place - 1]);
          }
          done(committed, view);
        });
  }
  void listen(Listener listener) override { listeners_.push_back(std::move(listener)); }
  void every_second(Question work) override { every_second_.push_back(std::move(work)); }
  void reload(const ServerSettings& settings) override { settings_ = settings; }
  void start() override {}
  void stop() override {}
  void run_pending() override {
    while (!work_.empty()) {
      const Question next = std::move(work_.front());
      work_.pop_front();
      next(view_);
    }
  }
  [[nodiscard]] std::size_t waiting() const override { return work_.size(); }
  [[nodiscard]] std::string trouble() const override { return {}; }

  /// Somebody else's entry comes into the log.
  void come(LogEntry entry) {
    view_.now = std::max(view_.now, entry.at);
    const auto places = log_.append({&entry, 1});
    if (places && places.value()[0]) hear(log_.entries[*places.value()[0] - 1]);
    run_pending();
  }
  void second(TimeUs now) {
    view_.now = now;
    run_pending();
    for (const Question& work : every_second_) work(view_);
    run_pending();
  }
  FleetView& view() { return view_; }

  SmallAlerts alerts;

 private:
  void fold(const LogEntry& entry) {
    state_.fold(entry);
    baselines_.fold(entry);
    view_.now = std::max(view_.now, entry.at);
  }
  void hear(const LogEntry entry) {
    fold(entry);
    for (const Listener& listener : listeners_) listener(entry, view_);
  }

  SmallLog& log_;
  FleetState state_;
  Baselines baselines_;
  LiveAgents live_;
  ServerSettings settings_;
  FleetView view_;
  std::deque<Question> work_;
  std::vector<Listener> listeners_;
  std::vector<Question> every_second_;
};

/// Entries as a server writes them.
inline LogEntry entry(EntryKind kind, const std::string& subject, std::uint64_t number, TimeUs at,
                      std::vector<std::uint8_t> data) {
  LogEntry out;
  out.kind = kind;
  out.subject = subject;
  out.number = number;
  out.at = at;
  out.data = std::move(data);
  return out;
}

}  // namespace doorward
