// kill -9 while batches are appended: what was acknowledged is there, nothing is there twice, and
// the index agrees with the log.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "server/store/sqlite_log.h"
#include "tests/server/store_entries.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

constexpr int kKills = 30;

/// Batches of deltas, alerts, updates and verdicts from `number` on; writes the last number of each
/// batch to `out` when it is durable. Never returns.
[[noreturn]] void append_for_ever(const std::string& folder, std::uint64_t number, int out) {
  auto store = open_store(folder);
  if (!store) ::_exit(2);
  std::mt19937_64 random(number);
  for (;;) {
    std::vector<LogEntry> entries;
    for (std::uint64_t n = 1 + random() % 40; n > 0; --n, ++number) {
      SampleAlert alert;
      alert.id = "alert-" + std::to_string(number);
      entries.push_back(log_entry(EntryKind::delta, "agent-1", number,
                                  std::vector<std::uint8_t>(random() % 3000)));
      entries.push_back(alert.entry());
      if (number % 3 == 0) {
        alert.kind = 2;
        alert.occurrences = 7;
        entries.push_back(alert.entry());
      }
      if (number % 5 == 0) entries.push_back(verdict_entry(alert.id, 1, 1));
    }
    const auto places = store.value().log->append(entries);
    if (!places) ::_exit(3);
    const std::uint64_t last = number - 1;
    if (::write(out, &last, sizeof last) != sizeof last) ::_exit(4);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i].place = places.value()[i].value_or(0);
    }
    std::erase_if(entries, [](const LogEntry& entry) { return entry.place == 0; });
    if (!store.value().alerts->fold(entries)) ::_exit(5);
    // The log is tidied as well.
    if (last % 7 == 0) (void)store.value().log->keep_snapshot("x", last, entries[0].data);
  }
}

struct Seen {
  std::map<std::uint64_t, int> deltas, alerts, updates, verdicts;
  std::uint64_t last = 0;
};

Seen read_all(OrderedLog& log) {
  Seen seen;
  std::uint64_t place = 0;
  EXPECT_TRUE(log.read(0, {}, [&](const LogEntry& entry) {
    EXPECT_GT(entry.place, place);
    place = entry.place;
    if (entry.kind == EntryKind::delta) {
      ++seen.deltas[entry.number];
      seen.last = std::max(seen.last, entry.number);
      return true;
    }
    const std::uint64_t number = std::stoull(entry.subject.substr(6));
    if (entry.kind == EntryKind::verdict) {
      ++seen.verdicts[number];
    } else {
      ++(entry.number == 0 ? seen.alerts : seen.updates)[number];
    }
    return true;
  }));
  return seen;
}

TEST(StoreCrashTest, KilledAtAnyMomentNothingIsLostAndNothingTwice) {
  TemporaryFolder folder;
  std::mt19937 random(20261120);
  std::uint64_t acknowledged = 0;
  std::uint64_t next = 1;
  for (int kill = 0; kill < kKills; ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      append_for_ever(folder.dir(), next, ends[1]);
    }
    ::close(ends[1]);
    // A moment after the first batch, at which nobody knows what it is doing.
    std::uint64_t last = 0;
    if (kill % 5 != 0) {
      ASSERT_EQ(::read(ends[0], &last, sizeof last), ssize_t{sizeof last});
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
    if (last != 0) acknowledged = last;
    while (::read(ends[0], &last, sizeof last) == ssize_t{sizeof last}) acknowledged = last;
    ::close(ends[0]);

    auto store = open_store(folder.dir());
    ASSERT_TRUE(store) << store.error().message();
    const Seen seen = read_all(*store.value().log);
    ASSERT_GE(seen.last, acknowledged);
    // Whole batches: every delta has its alert, and those that have more have it.
    ASSERT_EQ(seen.deltas.size(), seen.last);
    ASSERT_EQ(seen.alerts.size(), seen.last);
    ASSERT_EQ(seen.updates.size(), seen.last / 3);
    ASSERT_EQ(seen.verdicts.size(), seen.last / 5);
    for (const auto* kind : {&seen.deltas, &seen.alerts, &seen.updates, &seen.verdicts}) {
      for (const auto& [number, times] : *kind) ASSERT_EQ(times, 1) << number;
    }
    ASSERT_EQ(store.value().log->sizes().value().entries,
              seen.deltas.size() + seen.alerts.size() + seen.updates.size() + seen.verdicts.size());
    // The index has caught up.
    const AlertIndex::Counts counts = store.value().alerts->counts().value();
    ASSERT_EQ(counts.alerts, seen.alerts.size());
    ASSERT_EQ(counts.open, seen.alerts.size() - seen.verdicts.size());
    ASSERT_EQ(store.value().alerts->folded(), store.value().log->last().value());
    for (std::uint64_t number = 1; number <= seen.last; number += 1 + seen.last / 50) {
      const auto row = store.value().alerts->get("alert-" + std::to_string(number)).value();
      ASSERT_TRUE(row);
      ASSERT_EQ(row->occurrences, number % 3 == 0 ? 7U : 1U);
      ASSERT_EQ(row->verdict, number % 5 == 0 ? AlertVerdict::true_positive : AlertVerdict::open);
    }
    // The next child tries once more what was appended last: it is left out.
    next = std::max<std::uint64_t>(1, seen.last - std::min<std::uint64_t>(seen.last, 20));
  }
  EXPECT_GT(acknowledged, 100U);
  RecordProperty("appended", static_cast<int>(acknowledged));
}

}  // namespace
}  // namespace doorward
