// A core on a store in a folder of its own, whose disk can be full.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/clock.h"
#include "plugins/program_log.h"
#include "proto/additions_codec.h"
#include "server/core/core.h"
#include "server/store/entry_data.h"
#include "server/store/sqlite_log.h"
#include "tests/support/files.h"

namespace doorward {

/// Goes on to a real log, unless the disk is full.
class FullDiskLog final : public OrderedLog {
 public:
  struct Disk {
    bool full = false;
    int appends = 0;
  };
  FullDiskLog(std::unique_ptr<OrderedLog> log, Disk& disk) : log_(std::move(log)), disk_(disk) {}

  Result<std::vector<std::optional<std::uint64_t>>> append(
      std::span<const LogEntry> entries) override {
    if (disk_.full) return Error{"server.db", "the disk is full"};
    ++disk_.appends;
    return log_->append(entries);
  }
  Status read(std::uint64_t place, std::optional<EntryKind> kind,
              const std::function<bool(const LogEntry&)>& visit) override {
    return log_->read(place, kind, visit);
  }
  Status read_subject(EntryKind kind, const std::string& subject, std::uint64_t first,
                      const std::function<bool(const LogEntry&)>& visit) override {
    return log_->read_subject(kind, subject, first, visit);
  }
  Status replace(std::span<const std::uint64_t> places, const LogEntry& entry) override {
    return log_->replace(places, entry);
  }
  Status forget(std::span<const std::uint64_t> places) override { return log_->forget(places); }
  Result<std::uint64_t> last() override { return log_->last(); }
  Status keep_snapshot(const std::string& name, std::uint64_t place,
                       std::span<const std::uint8_t> bytes) override {
    return log_->keep_snapshot(name, place, bytes);
  }
  Result<std::optional<Snapshot>> snapshot(const std::string& name) override {
    return log_->snapshot(name);
  }
  Status copy_to(const std::string& path,
                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    return log_->copy_to(path, progress);
  }
  Result<Sizes> sizes() override { return log_->sizes(); }

 private:
  std::unique_ptr<OrderedLog> log_;
  Disk& disk_;
};

template <class Object>
LogEntry entry_of(EntryKind kind, std::string subject, std::uint64_t number, const Object& table) {
  LogEntry entry;
  entry.kind = kind;
  entry.subject = std::move(subject);
  entry.number = number;
  entry.data = entry_bytes(table);
  return entry;
}

class CoreWorld {
 public:
  CoreWorld() {
    program_log::init("doorward-server", "off");
    settings.data_dir = folder.dir();
    settings.name = "server-of-tests";
  }

  /// Opens the store and the core, anew after close().
  void open() {
    Result<Store> store = open_store(folder.dir());
    ASSERT_TRUE(store) << store.error().message();
    Store with_disk;
    with_disk.log = std::make_unique<FullDiskLog>(std::move(store.value().log), disk);
    with_disk.alerts = std::move(store.value().alerts);
    Result<std::unique_ptr<Core>> opened = Core::open(settings, std::move(with_disk), nullptr);
    ASSERT_TRUE(opened) << opened.error().message();
    core = std::move(opened).value();
  }
  void close() { core.reset(); }

  /// Appends an entry and gives its place; 0: it was there already.
  std::uint64_t append(const LogEntry& entry) {
    std::uint64_t place = 0;
    core->change([&](FleetView&) { return std::vector<LogEntry>{entry}; },
                 [&](const Result<std::vector<Committed>>& result, FleetView&) {
                   ASSERT_TRUE(result) << result.error().message();
                   place = result.value().front().place.value_or(0);
                 });
    core->run_pending();
    return place;
  }
  /// Looks at the fleet now.
  void look(const Core::Question& question) {
    core->ask(question);
    core->run_pending();
  }
  [[nodiscard]] std::vector<LogEntry> all(EntryKind kind) {
    std::vector<LogEntry> out;
    look([&](FleetView& view) {
      EXPECT_TRUE(view.log.read(0, kind, [&](const LogEntry& entry) {
        out.push_back(entry);
        return true;
      }));
    });
    return out;
  }
  [[nodiscard]] HashKey fleet_key() {
    HashKey key;
    look([&](FleetView& view) { key = view.state.key(); });
    return key;
  }
  void enrol(const std::string& agent, std::uint64_t machine = 7,
             const std::string& group = "default") {
    log::EnrolmentT table;
    table.host = "host-of-" + agent.substr(0, 4);
    table.machine = machine;
    table.group = group;
    table.serial = "01";
    table.ends = clock_now() + 3600 * kSecondUs;
    table.token = "12345678";
    append(entry_of(EntryKind::enrolment, agent, 1, table));
  }
  /// Additions with one pair, packed.
  static std::vector<std::uint8_t> additions(std::uint64_t key) {
    constexpr std::int64_t kWeekUs = std::int64_t{7} * 24 * 3600 * 1'000'000;
    Additions out;
    out.pair(Space{}, key, clock_now() / kWeekUs);
    return encode_additions(out);
  }
  LogEntry delta(const std::string& agent, std::uint64_t sequence) {
    log::DeltaT table;
    table.group = "default";
    table.key_name = key_name(fleet_key());
    table.additions = additions(sequence);
    return entry_of(EntryKind::delta, agent, sequence, table);
  }

  TemporaryFolder folder;
  ServerSettings settings;
  FullDiskLog::Disk disk;
  std::unique_ptr<Core> core;
};

inline const std::string kAgentA(32, 'a');
inline const std::string kAgentB(32, 'b');

}  // namespace doorward
