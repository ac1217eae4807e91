// The queue of audit-relay in memory and on disk.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "agent/relay_log.h"
#include "agent/relay_queue.h"
#include "plugins/limits.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr milliseconds kNow{0};

TEST(RelayQueue, GivesWholeLines) {
  RelayQueue queue;
  queue.push("one\ntw");
  EXPECT_EQ(queue.take(kNow).lines, "one\n");
  queue.push("o");
  EXPECT_TRUE(queue.take(kNow).empty());
  queue.push("\n\nthree\n");
  EXPECT_EQ(queue.take(kNow).lines, "two\nthree\n");
}

TEST(RelayQueue, CutLineAtTheEndIsDropped) {
  RelayQueue queue;
  queue.push("one\nhalf");
  queue.end_of_stream();
  queue.push("of another\n");
  const RelayQueue::Taken taken = queue.take(kNow);
  EXPECT_EQ(taken.lines, "one\nof another\n");
  EXPECT_EQ(taken.dropped, 1U);
  EXPECT_FALSE(taken.closed);
  queue.close();
  EXPECT_TRUE(queue.take(milliseconds(60'000)).closed);
}

TEST(RelayQueue, LongLinesAreDropped) {
  RelayQueue queue;
  const std::string fits(kLineBytesMax, 'a');
  queue.push(fits + "\nb\n");
  EXPECT_EQ(queue.take(kNow).lines, fits + "\nb\n");
  queue.push(fits + "a\nb\n");
  RelayQueue::Taken taken = queue.take(kNow);
  EXPECT_EQ(taken.lines, "b\n");
  EXPECT_EQ(taken.dropped, 1U);
  for (int i = 0; i < 100; ++i) queue.push(fits);
  queue.push("\nc\n");
  taken = queue.take(kNow);
  EXPECT_EQ(taken.lines, "c\n");
  EXPECT_EQ(taken.dropped, 1U);
}

TEST(RelayQueue, IsBoundedAndCounts) {
  RelayQueue queue;
  const std::string line(1023, 'x');
  const std::size_t fit = RelayQueue::kBytesMax / 1024;
  for (std::size_t i = 0; i < fit + 10; ++i) queue.push(line + "\n");
  queue.push("y\n");  // would fit no better than those before it
  RelayQueue::Taken taken = queue.take(kNow);
  EXPECT_EQ(taken.lines.size(), RelayQueue::kBytesMax);
  EXPECT_EQ(taken.dropped, 11U);
  queue.push("z\n");
  taken = queue.take(kNow);
  EXPECT_EQ(taken.lines, "z\n");
  EXPECT_EQ(taken.dropped, 0U);
}

/// However the bytes are cut, the lines are the same.
TEST(RelayQueue, AnyCuts) {
  std::mt19937 random(7);
  std::string all;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string line(random() % 200, static_cast<char>('a' + i % 26));
    all += line + "\n";
    if (!line.empty()) expected += line + "\n";
  }
  for (int round = 0; round < 20; ++round) {
    RelayQueue queue;
    std::string got;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t size = std::min<std::size_t>(random() % 700 + 1, all.size() - at);
      queue.push(std::string_view(all).substr(at, size));
      at += size;
      if (random() % 3 == 0) got += queue.take(kNow).lines;
    }
    EXPECT_EQ(got + queue.take(kNow).lines, expected);
  }
}

class RelayLogTest : public testing::Test {
 protected:
  [[nodiscard]] std::string dir() const { return folder_.path("spool/audit"); }
  [[nodiscard]] std::string text(const std::string& name = "audit.log") const {
    return read_file(dir() + "/" + name);
  }
  [[nodiscard]] std::string refused() const {
    const Result<RelayLog> log = RelayLog::open(dir());
    return log ? "" : log.error().what;
  }
  static mode_t mode(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0);
    return facts.st_mode & 07777;
  }
  TemporaryFolder folder_;
};

TEST_F(RelayLogTest, MakesFolderAndFile) {
  const mode_t before = umask(0022);
  {
    Result<RelayLog> log = RelayLog::open(dir());
    ASSERT_TRUE(log.ok()) << log.error().message();
    EXPECT_TRUE(log.value().append("one\n").ok());
    EXPECT_TRUE(log.value().append("two\nthree\n").ok());
  }
  umask(before);
  EXPECT_EQ(text(), "one\ntwo\nthree\n");
  EXPECT_EQ(mode(dir()), 0750U);
  EXPECT_EQ(mode(dir() + "/audit.log"), 0640U);
}

TEST_F(RelayLogTest, GoesOnWhereItWas) {
  for (const char* line : {"one\n", "two\n"}) {
    Result<RelayLog> log = RelayLog::open(dir());
    ASSERT_TRUE(log.ok());
    EXPECT_TRUE(log.value().append(line).ok());
  }
  EXPECT_EQ(text(), "one\ntwo\n");
  std::ofstream(dir() + "/audit.log", std::ios::app) << "killed with";
  Result<RelayLog> log = RelayLog::open(dir());
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE(log.value().append("three\n").ok());
  EXPECT_EQ(text(), "one\ntwo\nkilled with\nthree\n");
}

TEST_F(RelayLogTest, RotatesAndKeepsSome) {
  Result<RelayLog> log = RelayLog::open(dir(), {.file_bytes = 10, .kept = 3});
  ASSERT_TRUE(log.ok());
  for (char c = 'a'; c <= 'h'; ++c) {
    EXPECT_TRUE(log.value().append(std::string(4, c) + "\n").ok());
  }
  EXPECT_EQ(text(), "gggg\nhhhh\n");
  EXPECT_EQ(text("audit.log.1"), "eeee\nffff\n");
  EXPECT_EQ(text("audit.log.3"), "aaaa\nbbbb\n");
  EXPECT_TRUE(log.value().append("iiii\n").ok());
  EXPECT_EQ(text("audit.log.3"), "cccc\ndddd\n");
  EXPECT_FALSE(fs::exists(dir() + "/audit.log.4"));
  // More than a file holds still comes whole, in one file.
  EXPECT_TRUE(log.value().append("jjjjjjjjjjjjjjj\n").ok());
  EXPECT_EQ(text(), "jjjjjjjjjjjjjjj\n");
}

TEST_F(RelayLogTest, FileThatWasDeletedIsMadeAnew) {
  Result<RelayLog> log = RelayLog::open(dir());
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE(log.value().append("one\n").ok());
  fs::remove(dir() + "/audit.log");
  EXPECT_TRUE(log.value().append("two\n").ok());
  EXPECT_EQ(text(), "two\n");
}

TEST_F(RelayLogTest, OneWriterAtATime) {
  Result<RelayLog> log = RelayLog::open(dir());
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(refused(), "another audit-relay writes here");
}

TEST_F(RelayLogTest, RefusesWhatOthersMade) {
  fs::create_directories(folder_.path("elsewhere"));
  fs::create_directories(folder_.path("spool"));
  fs::create_symlink(folder_.path("elsewhere"), dir());
  EXPECT_EQ(refused(), "is not a folder of its own");
  fs::remove(dir());
  std::ofstream(dir()) << "a file";
  EXPECT_EQ(refused(), "is not a folder of its own");
  fs::remove(dir());
  fs::create_directories(dir());
  for (const fs::perms wide : {fs::perms::group_write, fs::perms::others_write}) {
    fs::permissions(dir(), fs::perms::owner_all | wide);
    EXPECT_EQ(refused(), "others can write to the folder");
  }
  fs::permissions(dir(), fs::perms::owner_all);
  const std::string target = folder_.write("target", "kept");
  fs::create_symlink(target, dir() + "/audit.log");
  EXPECT_NE(refused().find("cannot open audit.log"), std::string::npos) << refused();
  fs::remove(dir() + "/audit.log");
  fs::create_hard_link(target, dir() + "/audit.log");
  EXPECT_EQ(refused(), "audit.log is not a plain file of this user");
  fs::remove(dir() + "/audit.log");
  ASSERT_EQ(mkfifo((dir() + "/audit.log").c_str(), 0600), 0);
  EXPECT_EQ(refused(), "audit.log is not a plain file of this user");
  fs::remove(dir() + "/audit.log");
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(read_file(target), "kept");
  if (geteuid() != 0) GTEST_SKIP() << "giving a folder to another user needs root";
  ASSERT_EQ(chown(dir().c_str(), 65534, 65534), 0);
  EXPECT_EQ(refused(), "the folder belongs to another user");
}

/// A limit on the size of files stands for a full disk: a write comes up short, then fails.
TEST_F(RelayLogTest, AllOrNothingWhenTheDiskIsFull) {
  std::signal(SIGXFSZ, SIG_IGN);
  Result<RelayLog> log = RelayLog::open(dir());
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE(log.value().append("12345678\n").ok());
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Status full = log.value().append("does not fit any more\n");
  const Status fits = log.value().append("fits\n");
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(full.ok());
  EXPECT_TRUE(fits.ok());
  EXPECT_TRUE(log.value().append("does not fit any more\n").ok());
  EXPECT_EQ(text(), "12345678\nfits\ndoes not fit any more\n");
}

}  // namespace
}  // namespace doorward
