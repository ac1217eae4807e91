// The files of a store: made, locked, migrated, damaged, full, copied, restored.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "server/store/schema.h"
#include "server/store/sqlite_log.h"
#include "tests/server/store_entries.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const std::string& path) {
  struct stat file {};
  return ::stat(path.c_str(), &file) == 0 ? file.st_mode & 0777U : 0U;
}

bool says(const Error& error, std::string_view part) {
  const bool found = error.message().find(part) != std::string::npos;
  if (!found) ADD_FAILURE() << error.message() << "\n does not say: " << part;
  return found;
}

void sql(const std::string& path, const std::string& text) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

class StoreFilesTest : public testing::Test {
 protected:
  [[nodiscard]] std::string db() const { return folder_.path(kStoreFileName); }
  [[nodiscard]] Store opened(const std::string& folder, bool shared = false) const {
    auto store = open_store(folder, shared);
    if (!store) {
      ADD_FAILURE() << store.error().message();
      return {};
    }
    return std::move(store).value();
  }
  static std::size_t entries_in(OrderedLog& log) {
    std::size_t n = 0;
    EXPECT_TRUE(log.read(0, {}, [&](const LogEntry&) { return ++n > 0; }));
    return n;
  }
  TemporaryFolder folder_;
};

TEST_F(StoreFilesTest, OnlyTheOwnerCanRead) {
  Store store = opened(folder_.dir());
  EXPECT_EQ(store.warning, "");
  ASSERT_TRUE(store.log->append(std::vector{log_entry(EntryKind::audit, "", 1)}));
  for (const char* suffix : {"", "-wal", "-shm"})
    EXPECT_EQ(mode_of(db() + suffix), 0600U) << suffix;
  EXPECT_EQ(mode_of(folder_.path(kStoreLockName)), 0600U);
  store = {};
  ::chmod(db().c_str(), 0644);
  store = opened(folder_.dir());
  EXPECT_NE(store.warning.find("others could read"), std::string::npos);
  EXPECT_EQ(mode_of(db()), 0600U);
}

TEST_F(StoreFilesTest, OneServerAFolderAndTheCommandLineBesideIt) {
  Store server = opened(folder_.dir());
  const auto second = open_store(folder_.dir());
  ASSERT_FALSE(second);
  says(second.error(), "a server runs on this folder");
  Store beside = opened(folder_.dir(), true);
  ASSERT_TRUE(beside.log->append(std::vector{log_entry(EntryKind::audit, "", 1)}));
  EXPECT_EQ(entries_in(*server.log), 1U);
  server = {};
  EXPECT_TRUE(open_store(folder_.dir()));
}

TEST_F(StoreFilesTest, TheCommandLineMakesWhatIsNotThere) {
  Store store = opened(folder_.dir(), true);
  EXPECT_EQ(mode_of(db()), 0600U);
  ASSERT_TRUE(store.log->append(std::vector{log_entry(EntryKind::audit, "", 1)}));
}

TEST_F(StoreFilesTest, AFolderThatIsNoneIsSaid) {
  const auto none = open_store(folder_.path("none"));
  ASSERT_FALSE(none);
  says(none.error(), "cannot open the folder: No such file or directory");
  folder_.write("file", "x");
  const auto file = open_store(folder_.path("file"));
  ASSERT_FALSE(file);
  says(file.error(), "is no folder");
}

/// A store of schema 1, with an alert and its verdict, as the program of that time left it.
void make_schema_1(const std::string& path) {
  std::ofstream(path).close();
  auto db = SqliteDb::open(path);
  ASSERT_TRUE(db);
  ASSERT_TRUE(begin_store(db.value()));
  ASSERT_TRUE(migrate_store(db.value(), 1));
  SampleAlert alert;
  std::int64_t number = 0;
  for (const LogEntry& entry : {alert.entry(), verdict_entry("a1", 1, 2)}) {
    auto insert = db.value().prepare(
        "INSERT INTO entries (kind, subject, number, at, data) VALUES (?1, ?2, ?3, 1, ?4)");
    ASSERT_TRUE(insert);
    ASSERT_TRUE(insert.value()
                    .bind(1, static_cast<std::int64_t>(entry.kind))
                    .bind(2, std::string_view(entry.subject))
                    .bind(3, number++)
                    .bind_blob(4, std::span(entry.data))
                    .run("insert"));
  }
}

TEST_F(StoreFilesTest, AnOlderSchemaIsMigratedAndWhatIsNewFilled) {
  make_schema_1(db());
  Store store = opened(folder_.dir());
  EXPECT_EQ(entries_in(*store.log), 2U);
  const auto alert = store.alerts->get("a1");
  ASSERT_TRUE(alert && alert.value());
  EXPECT_EQ(alert.value()->verdict, AlertVerdict::false_positive);
  auto raw = SqliteDb::open(db());
  EXPECT_EQ(store_version(raw.value()).value(), kStoreSchema);
}

TEST_F(StoreFilesTest, OthersReadWhileItIsMigrated) {
  make_schema_1(db());
  auto reader = SqliteDb::open(db());
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader.value().exec("BEGIN", "begin"));
  EXPECT_EQ(reader.value().number("SELECT count(*) FROM entries").value(), 2);
  const Store store = opened(folder_.dir());
  ASSERT_TRUE(store.log);
  EXPECT_EQ(reader.value().number("SELECT count(*) FROM entries").value(), 2);
  EXPECT_EQ(reader.value().number("PRAGMA user_version").value(), 1);
  ASSERT_TRUE(reader.value().exec("COMMIT", "commit"));
  EXPECT_EQ(reader.value().number("PRAGMA user_version").value(), kStoreSchema);
}

TEST_F(StoreFilesTest, ANewerSchemaIsRefusedWithBothNumbers) {
  (void)opened(folder_.dir());
  sql(db(), "PRAGMA user_version = 9");
  for (const bool shared : {false, true}) {
    const auto refused = open_store(folder_.dir(), shared);
    ASSERT_FALSE(refused);
    says(refused.error(),
         "its schema is version 9, and this doorward-server knows up to version 2");
  }
}

TEST_F(StoreFilesTest, AnotherProgramsDatabaseIsRefused) {
  sql(db(), "CREATE TABLE theirs (x); PRAGMA user_version = 1");
  const auto refused = open_store(folder_.dir());
  ASSERT_FALSE(refused);
  says(refused.error(), "of another program");
}

TEST_F(StoreFilesTest, ADamagedFileIsRefusedWithWhatToDo) {
  folder_.write(kStoreFileName, std::string(8192, 'x'));
  const auto garbage = open_store(folder_.dir());
  ASSERT_FALSE(garbage);
  says(garbage.error(), "damaged");
  says(garbage.error(), "doorward-server restore FILE");
  fs::remove(db());

  {
    Store store = opened(folder_.dir());
    std::vector<LogEntry> entries;
    for (std::uint64_t i = 1; i <= 2000; ++i) {
      entries.push_back(log_entry(EntryKind::delta, "agent", i, std::vector<std::uint8_t>(100)));
    }
    ASSERT_TRUE(store.log->append(entries));
  }
  // Pages in the middle are overwritten.
  std::fstream file(db(), std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(db()));
  file.seekp(size / 2 / 4096 * 4096);
  file << std::string(8 * 4096, 'x');
  file.close();
  const auto damaged = open_store(folder_.dir());
  ASSERT_FALSE(damaged);
  says(damaged.error(), "damaged");
  says(damaged.error(), "doorward-server restore FILE");
}

/// Appends until it fails, then makes room and goes on.
void fill_and_go_on(Store& store, const std::function<void()>& make_room) {
  std::uint64_t appended = 0;
  std::string said;
  while (appended < 5000 && said.empty()) {
    std::vector<LogEntry> entries;
    for (std::uint64_t i = 0; i < 10; ++i) {
      entries.push_back(
          log_entry(EntryKind::delta, "a", appended + i, std::vector<std::uint8_t>(4096)));
    }
    const auto places = store.log->append(entries);
    if (places) {
      appended += entries.size();
    } else {
      said = places.error().message();
    }
  }
  EXPECT_NE(said.find("the disk is full"), std::string::npos) << said;
  EXPECT_GT(appended, 0U);
  const auto count = [&] {
    std::uint64_t n = 0;
    EXPECT_TRUE(store.log->read(0, {}, [&](const LogEntry&) { return ++n > 0; }));
    EXPECT_EQ(store.log->sizes().value().entries, n);
    return n;
  };
  EXPECT_EQ(count(), appended);
  // It stays so, and fails in the same words.
  const std::vector<LogEntry> more(
      1, log_entry(EntryKind::delta, "b", 1, std::vector<std::uint8_t>(1 << 20)));
  EXPECT_FALSE(store.log->append(more));
  EXPECT_EQ(count(), appended);
  make_room();
  const auto places = store.log->append(more);
  ASSERT_TRUE(places) << places.error().message();
  EXPECT_TRUE(places.value()[0]);
  EXPECT_EQ(count(), appended + 1);
  SampleAlert alert;
  ASSERT_TRUE(store.log->append(std::vector{alert.entry()}));
  ASSERT_TRUE(catch_up(*store.log, *store.alerts));
  EXPECT_EQ(store.alerts->counts().value().alerts, 1U);
}

TEST_F(StoreFilesTest, AFullDiskIsSaidAndOverWhenThereIsRoom) {
  const std::string mounted = folder_.path("small");
  ASSERT_EQ(::mkdir(mounted.c_str(), 0700), 0);
  if (::mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=8m") != 0) {
    GTEST_SKIP() << "no right to mount; the next test needs none";
  }
  {
    Store store = opened(mounted);
    ASSERT_TRUE(store.log);
    fill_and_go_on(store, [&] {
      ASSERT_EQ(::mount("tmpfs", mounted.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    });
  }
  {
    Store again = opened(mounted);
    EXPECT_GT(entries_in(*again.log), 1U);
  }
  EXPECT_EQ(::umount(mounted.c_str()), 0);
}

TEST_F(StoreFilesTest, ALimitedFileIsSaidAndOverWhenItIsRaised) {
  // RLIMIT_FSIZE would end the test; a limit of pages is SQLite's own way to be full. It is one of
  // a connection, so this goes below the store.
  auto db = SqliteDb::open(folder_.write(kStoreFileName, ""));
  ASSERT_TRUE(db && begin_store(db.value()) && migrate_store(db.value()));
  ASSERT_TRUE(db.value().exec("PRAGMA max_page_count = 60", "limit"));
  auto insert = db.value().prepare(
      "INSERT INTO entries (kind, subject, number, at, data) VALUES (11, 'a', ?1, 1, "
      "zeroblob(4096))");
  ASSERT_TRUE(insert);
  std::int64_t n = 0;
  Status status;
  while (status && n < 1000) {
    SqliteTransaction transaction(db.value());
    ASSERT_TRUE(transaction.begin("begin"));
    status = insert.value().bind(1, n).run("cannot append");
    if (status) status = transaction.commit("cannot append");
    if (status) ++n;
  }
  ASSERT_FALSE(status);
  says(status.error(), "cannot append: the disk is full");
  EXPECT_EQ(db.value().number("SELECT count(*) FROM entries").value(), n);
  ASSERT_TRUE(db.value().exec("PRAGMA max_page_count = 1000", "limit"));
  EXPECT_TRUE(insert.value().bind(1, n).run("cannot append"));
}

TEST_F(StoreFilesTest, ABackupIsAMomentWhileEverythingGoesOn) {
  Store store = opened(folder_.dir());
  std::vector<LogEntry> entries;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    entries.push_back(log_entry(EntryKind::delta, "a", i, std::vector<std::uint8_t>(8000)));
  }
  SampleAlert alert;
  entries.push_back(alert.entry());
  ASSERT_TRUE(store.log->append(entries));
  ASSERT_TRUE(catch_up(*store.log, *store.alerts));
  const std::string backup = folder_.path("backup.db");
  std::uint64_t steps = 0;
  std::uint64_t last_done = 0;
  std::uint64_t pages = 0;
  std::uint64_t number = 1;
  const Status copied = store.log->copy_to(backup, [&](std::uint64_t done, std::uint64_t all) {
    ++steps;
    EXPECT_GE(done, last_done);  // it never begins anew
    last_done = done;
    pages = all;
    EXPECT_TRUE(store.log->append(std::vector{log_entry(EntryKind::audit, "", number++)}));
  });
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_GT(steps, 5U);
  EXPECT_EQ(last_done, pages);
  EXPECT_EQ(mode_of(backup), 0600U);
  EXPECT_EQ(entries_in(*store.log), 1000U + steps + 1);
  for (const auto& file : fs::directory_iterator(folder_.dir())) {
    EXPECT_EQ(file.path().string().find("backup.db."), std::string::npos) << file.path();
  }
  const Status again = store.log->copy_to(backup, nullptr);
  ASSERT_FALSE(again);
  says(again.error(), "is there already");

  TemporaryFolder other;
  const Status restored = restore_store(backup, other.dir());
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(mode_of(other.path(kStoreFileName)), 0600U);
  Store copy = opened(other.dir());
  EXPECT_EQ(entries_in(*copy.log), 1001U);
  ASSERT_TRUE(copy.alerts->get("a1").value());
  EXPECT_EQ(copy.alerts->folded(), store.alerts->folded());
  // Places go on where the copy ends.
  EXPECT_EQ(copy.log->append(std::vector{log_entry(EntryKind::drop, "a", 1)}).value()[0], 1002U);
}

TEST_F(StoreFilesTest, ABackupThatCannotBeWrittenLeavesNothing) {
  Store store = opened(folder_.dir());
  const Status status = store.log->copy_to(folder_.path("none/backup.db"), nullptr);
  ASSERT_FALSE(status);
  says(status.error(), "none/backup.db");
  says(status.error(), "No such file or directory");
}

TEST_F(StoreFilesTest, RestoreIsRefusedWhereItWouldHurt) {
  const std::string backup = folder_.path("backup.db");
  const auto refused = [&](const std::string& from, const std::string& to, std::string_view why) {
    const Status status = restore_store(from, to);
    ASSERT_FALSE(status) << why;
    says(status.error(), why);
  };
  {
    Store store = opened(folder_.dir());
    ASSERT_TRUE(store.log->copy_to(backup, nullptr));
    refused(backup, folder_.dir(), "a server runs on this folder");
    refused(db(), folder_.path("else"), "but a database in use");
  }
  refused(backup, folder_.dir(), "server.db: is there already");
  TemporaryFolder other;
  refused(other.path("none"), other.dir(), "No such file");
  refused(other.dir(), other.dir(), "is no file");
  refused(other.write("text", std::string(5000, 'x')), other.dir(), "damaged");
  refused(other.write("empty", ""), other.dir(), "is no backup");
  sql(other.path("theirs"), "CREATE TABLE theirs (x)");
  refused(other.path("theirs"), other.dir(), "of another program");
  other.write("server.db-wal", "x");
  refused(backup, other.dir(), "server.db-wal: is there already");
  fs::remove(other.path("server.db-wal"));
  fs::copy_file(backup, other.path("newer"));
  sql(other.path("newer"), "PRAGMA user_version = 12");
  refused(other.path("newer"), other.dir(), "version 12, and this doorward-server knows up to");
  EXPECT_FALSE(fs::exists(other.path(kStoreFileName)));
  for (const auto& file : fs::directory_iterator(other.dir())) {
    EXPECT_EQ(file.path().filename().string().find("server.db"), std::string::npos) << file.path();
  }
  EXPECT_TRUE(restore_store(backup, other.dir()));
}

TEST_F(StoreFilesTest, ADamagedBackupIsRefused) {
  const std::string backup = folder_.path("backup.db");
  {
    Store store = opened(folder_.dir());
    std::vector<LogEntry> entries;
    for (std::uint64_t i = 1; i <= 2000; ++i) {
      entries.push_back(log_entry(EntryKind::delta, "agent", i, std::vector<std::uint8_t>(100)));
    }
    ASSERT_TRUE(store.log->append(entries));
    ASSERT_TRUE(store.log->copy_to(backup, nullptr));
  }
  std::fstream file(backup, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20 * 4096);
  file << std::string(8 * 4096, 'x');
  file.close();
  TemporaryFolder other;
  const Status status = restore_store(backup, other.dir());
  ASSERT_FALSE(status);
  says(status.error(), "damaged");
  EXPECT_FALSE(fs::exists(other.path(kStoreFileName)));
}

}  // namespace
}  // namespace doorward
