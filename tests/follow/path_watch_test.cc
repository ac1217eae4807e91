#include "agent/follow/path_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <fstream>

#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

class PathWatchTest : public testing::Test {
 protected:
  void append(const std::string& name, std::string_view text) const {
    std::ofstream(folder_.path(name), std::ios::binary | std::ios::app) << text;
  }
  /// Indices in what take() gives once there is something to read (10 s at most); "names" marked *.
  std::string wait() {
    std::string out;
    pollfd wanted{watch_.descriptor(), POLLIN, 0};
    for (int i = 0; i < 100 && out.empty(); ++i) {
      if (poll(&wanted, 1, 100) > 0) out = taken();
    }
    return out;
  }
  std::string taken() {
    std::string out;
    for (const PathWatch::Changed& changed : watch_.take()) {
      out += std::to_string(changed.index) + (changed.names ? "*" : "");
    }
    return out;
  }

  TemporaryFolder folder_;
  PathWatch watch_;
};

TEST_F(PathWatchTest, WritesAndRotationsOfALog) {
  append("auth.log", "one\n");
  EXPECT_EQ(watch_.add(folder_.path("auth.log")), 0U);
  EXPECT_EQ(watch_.add(folder_.path("other")), 1U);
  EXPECT_EQ(taken(), "0*1*");
  EXPECT_EQ(taken(), "");
  append("auth.log", "two\n");
  EXPECT_EQ(wait(), "0");
  append("unrelated", "x");
  EXPECT_EQ(taken(), "");
  fs::rename(folder_.path("auth.log"), folder_.path("auth.log.1"));
  EXPECT_EQ(wait(), "0*");
  append("auth.log.1", "late\n");
  EXPECT_EQ(wait(), "0");
  append("other", "x");
  EXPECT_EQ(wait(), "1*");
  EXPECT_EQ(watch_.why_polling(), "");
}

TEST_F(PathWatchTest, FoldersThatComeAndGo) {
  watch_.add(folder_.path("a/b/auth.log"));
  EXPECT_EQ(taken(), "0*");
  fs::create_directories(folder_.path("a/b"));
  append("a/b/auth.log", "one\n");
  EXPECT_EQ(wait(), "0*");
  append("a/b/auth.log", "two\n");
  EXPECT_EQ(wait(), "0");
  fs::rename(folder_.path("a"), folder_.path("c"));
  EXPECT_EQ(wait().substr(0, 1), "0");
  fs::create_directories(folder_.path("a/b"));
  append("a/b/auth.log", "three\n");
  EXPECT_EQ(wait().substr(0, 1), "0");
  append("a/b/auth.log", "four\n");
  EXPECT_EQ(wait().substr(0, 1), "0");
}

TEST_F(PathWatchTest, Patterns) {
  watch_.add(folder_.path("remote/*/auth.log"));
  EXPECT_EQ(taken(), "0*");
  fs::create_directories(folder_.path("remote/web"));
  EXPECT_EQ(wait(), "0*");
  append("remote/web/auth.log", "one\n");
  EXPECT_EQ(wait(), "0*");
  append("remote/web/auth.log", "two\n");
  EXPECT_EQ(wait(), "0");
}

TEST_F(PathWatchTest, ALinkLeadsToAnotherFolder) {
  fs::create_directory(folder_.path("data"));
  append("data/real", "one\n");
  fs::create_symlink("data/real", folder_.path("auth.log"));
  watch_.add(folder_.path("auth.log"));
  EXPECT_EQ(taken(), "0*");
  append("data/real", "two\n");
  EXPECT_EQ(wait(), "0");
}

TEST_F(PathWatchTest, Overflow) {
  append("auth.log", "one\n");
  append("second/none", "");
  watch_.add(folder_.path("auth.log"));
  watch_.add(folder_.path("nothing"));
  EXPECT_EQ(taken(), "0*1*");
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 0;
  limit >> events;
  if (events <= 0 || events > 100'000) GTEST_SKIP() << "the queue is too long to fill";
  // Two names by turns, so that equal events are not joined.
  const std::string a = folder_.path("x");
  const std::string b = folder_.path("y");
  append("x", "");
  for (int i = 0; i <= events / 4 + 1; ++i) {
    fs::rename(a, b);
    fs::rename(b, a);
  }
  std::string all;
  for (int i = 0; i < 100 && all.empty(); ++i) all = taken();
  EXPECT_EQ(all, "0*1*");
}

TEST(PathWatchPolling, SaysThatAllMayHaveChanged) {
  PathWatch watch(false);
  watch.add("/nowhere/auth.log");
  EXPECT_EQ(watch.descriptor(), -1);
  EXPECT_EQ(watch.why_polling(), "inotify is not wanted");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(watch.take().size(), 1U);
    EXPECT_TRUE(watch.take()[0].names);
  }
}

}  // namespace
}  // namespace doorward
