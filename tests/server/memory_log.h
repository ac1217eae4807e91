// An ordered log in memory, for tests of what folds it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "server/store/ordered_log.h"

namespace doorward::testing {

class MemoryLog final : public OrderedLog {
 public:
  Result<std::vector<std::optional<std::uint64_t>>> append(
      std::span<const LogEntry> entries) override {
    if (!refusal.empty()) return Error{"log", refusal};
    std::vector<std::optional<std::uint64_t>> places;
    for (LogEntry entry : std::vector<LogEntry>(entries.begin(), entries.end())) {
      const auto same = [&](const LogEntry& one) {
        return std::tie(one.kind, one.subject, one.number) ==
               std::tie(entry.kind, entry.subject, entry.number);
      };
      if (std::any_of(kept.begin(), kept.end(), same)) {
        places.emplace_back();
        continue;
      }
      entry.place = ++last_;
      places.emplace_back(entry.place);
      kept.push_back(std::move(entry));
    }
    return places;
  }
  Status read(std::uint64_t place, std::optional<EntryKind> kind,
              const std::function<bool(const LogEntry&)>& visit) override {
    for (const LogEntry& entry : kept) {
      if (entry.place <= place || (kind && entry.kind != *kind)) continue;
      if (!visit(entry)) break;
    }
    return {};
  }
  Status read_subject(EntryKind kind, const std::string& subject, std::uint64_t first,
                      const std::function<bool(const LogEntry&)>& visit) override {
    std::map<std::uint64_t, const LogEntry*> found;
    for (const LogEntry& entry : kept) {
      if (entry.kind == kind && entry.subject == subject && entry.number >= first) {
        found[entry.number] = &entry;
      }
    }
    for (const auto& [number, entry] : found) {
      if (!visit(*entry)) break;
    }
    return {};
  }
  Status replace(std::span<const std::uint64_t> places, const LogEntry& entry) override {
    (void)forget(places);
    kept.push_back(entry);
    std::sort(kept.begin(), kept.end(),
              [](const LogEntry& a, const LogEntry& b) { return a.place < b.place; });
    return {};
  }
  Status forget(std::span<const std::uint64_t> places) override {
    std::erase_if(kept, [&](const LogEntry& entry) {
      return std::find(places.begin(), places.end(), entry.place) != places.end();
    });
    return {};
  }
  Result<std::uint64_t> last() override { return last_; }
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
  Status copy_to(const std::string& path,
                 const std::function<void(std::uint64_t, std::uint64_t)>& /*progress*/) override {
    return Error{path, "a log in memory cannot be copied"};
  }
  Result<Sizes> sizes() override { return Sizes{0, kept.size()}; }

  std::vector<LogEntry> kept;
  std::map<std::string, Snapshot> snapshots;
  std::string refusal;  ///< what append() fails with; empty: it does not

 private:
  std::uint64_t last_ = 0;
};

}  // namespace doorward::testing
