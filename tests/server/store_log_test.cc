#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "server/store/embedded_log.h"
#include "server/store/sqlite_log.h"
#include "tests/server/store_entries.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

using Places = std::vector<std::optional<std::uint64_t>>;

class StoreLogTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_ = {};
    auto opened = open_store(folder_.dir());
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(opened).value();
  }
  OrderedLog& log() { return *store_.log; }
  std::vector<LogEntry> all(std::uint64_t after = 0, std::optional<EntryKind> kind = {}) {
    std::vector<LogEntry> out;
    EXPECT_TRUE(log().read(after, kind, [&](const LogEntry& entry) {
      out.push_back(entry);
      return true;
    }));
    return out;
  }
  Places append(const std::vector<LogEntry>& entries) {
    const auto places = log().append(entries);
    EXPECT_TRUE(places) << places.error().message();
    return places ? places.value() : Places();
  }

  TemporaryFolder folder_;
  Store store_;
};

LogEntry delta(const std::string& agent, std::uint64_t number, std::size_t bytes = 3) {
  return log_entry(EntryKind::delta, agent, number,
                   std::vector<std::uint8_t>(bytes, static_cast<std::uint8_t>(number)));
}

TEST_F(StoreLogTest, EntriesComeBackAsTheyWere) {
  EXPECT_EQ(log().last().value(), 0U);
  LogEntry odd = log_entry(EntryKind::alert, std::string("\xFF\0'--", 5), 7, {0, 1, 255}, -5);
  const Places places = append({odd, log_entry(EntryKind::audit, "", 1, {}, 9)});
  EXPECT_EQ(places, (Places{1, 2}));
  open();
  const auto entries = all();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].place, 1U);
  EXPECT_EQ(entries[0].kind, EntryKind::alert);
  EXPECT_EQ(entries[0].subject, odd.subject);
  EXPECT_EQ(entries[0].number, 7U);
  EXPECT_EQ(entries[0].at, -5);
  EXPECT_EQ(entries[0].data, odd.data);
  EXPECT_EQ(entries[1].subject, "");
  EXPECT_TRUE(entries[1].data.empty());
  EXPECT_EQ(log().last().value(), 2U);
}

TEST_F(StoreLogTest, WhatIsThereAlreadyIsLeftOutAndSaid) {
  EXPECT_EQ(append({delta("a", 1), delta("a", 2), delta("a", 1)}), (Places{1, 2, std::nullopt}));
  const Places again = append({delta("a", 2), delta("b", 2), delta("a", 3)});
  EXPECT_FALSE(again[0]);
  ASSERT_TRUE(again[1] && again[2]);
  EXPECT_LT(*again[1], *again[2]);
  EXPECT_EQ(all().size(), 4U);
  EXPECT_EQ(log().sizes().value().entries, 4U);
  EXPECT_EQ(append({}), Places());
}

TEST_F(StoreLogTest, ReadsFromAPlaceOfAKindAndUntilToldToStop) {
  std::vector<LogEntry> entries;
  for (std::uint64_t i = 1; i <= 3 * kReadEntries; ++i) {
    entries.push_back(i % 3 == 0 ? log_entry(EntryKind::audit, "", i) : delta("a", i));
  }
  append(entries);
  EXPECT_EQ(all().size(), entries.size());
  EXPECT_EQ(all(1000).front().place, 1001U);
  const auto audits = all(0, EntryKind::audit);
  ASSERT_EQ(audits.size(), kReadEntries);
  EXPECT_EQ(audits.back().number, 3 * kReadEntries);
  EXPECT_EQ(all(6, EntryKind::audit).front().place, 9U);
  EXPECT_TRUE(all(std::numeric_limits<std::uint64_t>::max()).empty());
  std::size_t seen = 0;
  ASSERT_TRUE(log().read(0, {}, [&](const LogEntry&) { return ++seen < 700; }));
  EXPECT_EQ(seen, 700U);
}

TEST_F(StoreLogTest, LargeEntriesAreReadAFewAtATime) {
  std::vector<LogEntry> entries;
  for (std::uint64_t i = 1; i <= 5; ++i) entries.push_back(delta("a", i, kReadBytes - 10));
  append(entries);
  const auto back = all();
  ASSERT_EQ(back.size(), 5U);
  EXPECT_EQ(back[4].data, entries[4].data);
}

TEST_F(StoreLogTest, AVisitorMayWrite) {
  append({delta("a", 1), delta("a", 2)});
  std::uint64_t visits = 0;
  ASSERT_TRUE(log().read(0, {}, [&](const LogEntry& entry) {
    ++visits;
    if (entry.number <= 2) append({delta("a", entry.number + 2)});
    return true;
  }));
  EXPECT_EQ(all().size(), 4U);
  EXPECT_GE(visits, 2U);
}

TEST_F(StoreLogTest, OneSubjectInOrderOfNumberOverAll64Bits) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t half = std::uint64_t{1} << 63;
  append({delta("a", most), delta("a", 5), delta("b", 1), delta("a", half), delta("a", 2),
          delta("a", half - 1), log_entry(EntryKind::drop, "a", 3)});
  const auto numbers = [&](std::uint64_t first) {
    std::vector<std::uint64_t> out;
    EXPECT_TRUE(log().read_subject(EntryKind::delta, "a", first, [&](const LogEntry& entry) {
      out.push_back(entry.number);
      return true;
    }));
    return out;
  };
  EXPECT_EQ(numbers(0), (std::vector<std::uint64_t>{2, 5, half - 1, half, most}));
  EXPECT_EQ(numbers(5), (std::vector<std::uint64_t>{5, half - 1, half, most}));
  EXPECT_EQ(numbers(half), (std::vector<std::uint64_t>{half, most}));
  EXPECT_EQ(numbers(most), (std::vector<std::uint64_t>{most}));
}

TEST_F(StoreLogTest, AnEntryTakesThePlaceOfThoseItSumsUp) {
  append({delta("a", 1), delta("b", 1), delta("a", 2), delta("b", 2)});
  LogEntry sum = log_entry(EntryKind::contribution, "a", 2, {9});
  const std::uint64_t places[] = {3, 1};
  ASSERT_TRUE(log().replace(places, sum));
  const auto entries = all();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].subject, "b");
  EXPECT_EQ(entries[1].place, 3U);
  EXPECT_EQ(entries[1].kind, EntryKind::contribution);
  EXPECT_EQ(log().sizes().value().entries, 3U);

  // One that another has replaced before: nothing changes.
  const std::uint64_t gone[] = {2, 1};
  const Status refused = log().replace(gone, log_entry(EntryKind::contribution, "b", 2));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("there is none at place 1 any more"), std::string::npos)
      << refused.error().message();
  EXPECT_EQ(all().size(), 3U);
  EXPECT_EQ(append({delta("c", 1)}), (Places{5}));
  EXPECT_FALSE(log().replace({}, sum));
}

TEST_F(StoreLogTest, PlacesAreNeverUsedAgain) {
  append({delta("a", 1), delta("a", 2)});
  const std::uint64_t places[] = {1, 2, 99};
  ASSERT_TRUE(log().forget(places));
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(log().sizes().value().entries, 0U);
  EXPECT_EQ(log().last().value(), 0U);
  open();
  EXPECT_EQ(append({delta("a", 3)}), (Places{3}));
}

TEST_F(StoreLogTest, ForgettingGivesTheDiskItsRoomBack) {
  std::vector<LogEntry> entries;
  for (std::uint64_t i = 1; i <= 1000; ++i) entries.push_back(delta("a", i, 16384));
  append(entries);
  open();  // the WAL goes into the file
  const std::uint64_t full = log().sizes().value().bytes;
  EXPECT_GT(full, 16U << 20);
  for (std::uint64_t i = 1; i <= 1000; i += 50) {
    std::vector<std::uint64_t> places;
    for (std::uint64_t place = i; place < i + 50; ++place) places.push_back(place);
    ASSERT_TRUE(log().forget(places));
  }
  open();
  EXPECT_LT(log().sizes().value().bytes, 1U << 20);
}

TEST_F(StoreLogTest, TheWalStaysBounded) {
  std::uint64_t longest = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    append({delta("a", i, 256 * 1024)});
    longest = std::max<std::uint64_t>(
        longest, std::filesystem::file_size(folder_.path(std::string(kStoreFileName) + "-wal")));
  }
  EXPECT_LT(longest, 20U << 20);  // 50 MiB went through it
}

TEST_F(StoreLogTest, SnapshotsAreKeptUnderTheirNames) {
  EXPECT_FALSE(log().snapshot("fleet").value());
  ASSERT_TRUE(log().keep_snapshot("fleet", 7, std::vector<std::uint8_t>{1, 2}));
  ASSERT_TRUE(log().keep_snapshot("other", 8, {}));
  ASSERT_TRUE(log().keep_snapshot("fleet", 9, std::vector<std::uint8_t>{3}));
  open();
  const auto fleet = log().snapshot("fleet").value();
  ASSERT_TRUE(fleet);
  EXPECT_EQ(fleet->place, 9U);
  EXPECT_EQ(fleet->bytes, std::vector<std::uint8_t>{3});
  EXPECT_TRUE(log().snapshot("other").value()->bytes.empty());
}

TEST_F(StoreLogTest, SeveralProcessesAppendToOneLog) {
  constexpr std::uint64_t kEach = 100;
  store_ = {};
  pid_t children[3];
  for (pid_t& child : children) {
    child = ::fork();
    ASSERT_GE(child, 0);
    if (child != 0) continue;
    auto store = open_store(folder_.dir(), true);
    if (!store) ::_exit(2);
    // All write the same deltas; each also one audit a delta that only it writes.
    const std::string me = std::to_string(::getpid());
    for (std::uint64_t i = 1; i <= kEach; ++i) {
      const std::vector<LogEntry> entries = {delta("a", i), log_entry(EntryKind::audit, me, i)};
      const auto places = store.value().log->append(entries);
      if (!places || !places.value()[1]) ::_exit(3);
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  open();
  std::map<std::string, std::uint64_t> seen;
  std::uint64_t before = 0;
  for (const LogEntry& entry : all()) {
    EXPECT_GT(entry.place, before);
    before = entry.place;
    ++seen[entry.subject];
  }
  ASSERT_EQ(seen.size(), 4U);
  for (const auto& [subject, n] : seen) EXPECT_EQ(n, kEach) << subject;
  EXPECT_EQ(log().sizes().value().entries, 4 * kEach);
}

}  // namespace
}  // namespace doorward
