#include "agent/follow/glob_follow.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

class GlobFollowTest : public testing::Test {
 protected:
  GlobFollowTest() {
    options_.clock_ms = [this] { return clock_ms_; };
  }
  void append(const std::string& name, std::string_view text) const {
    fs::create_directories(fs::path(folder_.path(name)).parent_path());
    std::ofstream(folder_.path(name), std::ios::binary | std::ios::app) << text;
  }
  /// "FILE:LINE " of all lines that come.
  std::string take(GlobFollow& logs) {
    std::string out;
    for (int i = 0; i < 4; ++i) {
      for (const auto& log : logs.logs()) {
        while (const auto line = log->next()) {
          out += log->path().substr(folder_.dir().size() + 1) + ":" + std::string(*line) + " ";
        }
      }
      clock_ms_ += 500;
      logs.look();
    }
    return out;
  }

  TemporaryFolder folder_;
  std::int64_t clock_ms_ = 1'000'000;
  FollowOptions options_;
};

TEST_F(GlobFollowTest, LogsOfFoldersThatComeAndGo) {
  append("web/auth.log", "old\n");
  append("web/other.log", "no\n");
  GlobFollow logs(folder_.path("*/auth.log"), options_, Start::now);
  EXPECT_EQ(take(logs), "");
  append("web/auth.log", "one\n");
  append("mail/auth.log", "two\n");  // came later: from its begin
  EXPECT_EQ(take(logs), "web/auth.log:one mail/auth.log:two ");
  fs::remove_all(folder_.path("web"));
  clock_ms_ += 20'000;
  EXPECT_EQ(take(logs), "");
  clock_ms_ += 20'000;
  EXPECT_EQ(take(logs), "");
  ASSERT_EQ(logs.logs().size(), 1U);
  EXPECT_EQ(logs.take_dropped(), std::vector<std::string>{folder_.path("web/auth.log")});
  EXPECT_EQ(logs.dropped_counters().lines, 1U);
  append("web/auth.log", "again\n");
  EXPECT_EQ(take(logs), "web/auth.log:again ");
}

TEST_F(GlobFollowTest, RotatedSiblingsAreNoLogs) {
  append("auth.log", "one\n");
  append("auth.log.1", "older\n");
  append("auth.log-20261120", "older\n");
  append("auth.log.2.gz", "older\n");
  GlobFollow logs(folder_.path("auth.log*"), options_);
  EXPECT_EQ(take(logs), "auth.log:one ");
  append("auth.log", "two\n");
  fs::rename(folder_.path("auth.log"), folder_.path("auth.log.1"));
  append("auth.log", "three\n");
  EXPECT_EQ(take(logs), "auth.log:two auth.log:three ");
  EXPECT_EQ(logs.logs().size(), 1U);
}

TEST_F(GlobFollowTest, ResumesEachWhereItWas) {
  append("a/auth.log", "one\ntwo\n");
  append("b/auth.log", "one\ntwo\n");
  std::vector<std::pair<std::string, LogPosition>> saved;
  {
    GlobFollow logs(folder_.path("*/auth.log"), options_);
    logs.look();
    for (const auto& log : logs.logs()) {
      ASSERT_TRUE(log->next());
      saved.emplace_back(log->path(), log->position());
    }
  }
  fs::rename(folder_.path("a/auth.log"), folder_.path("a/auth.log.1"));  // nothing new yet
  append("c/auth.log", "new\n");
  GlobFollow logs(folder_.path("*/auth.log"), options_);
  for (const auto& [path, position] : saved) logs.resume(path, position);
  EXPECT_EQ(take(logs), "a/auth.log:two b/auth.log:two c/auth.log:new ");
}

TEST_F(GlobFollowTest, AtMostSoMany) {
  for (std::size_t i = 0; i < kFollowedFilesMax + 5; ++i) {
    append("h" + std::to_string(i) + ".log", "");
  }
  GlobFollow logs(folder_.path("*.log"), options_);
  logs.look();
  EXPECT_EQ(logs.logs().size(), kFollowedFilesMax);
  EXPECT_EQ(logs.left_out(), 5U);
  clock_ms_ += 5000;
  logs.look();
  const std::vector<Error> errors = logs.take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message(),
            folder_.path("*.log") + ": names more than 1000 logs: 5 are not read");
}

TEST_F(GlobFollowTest, WithoutWildcardsItIsFollowedWhileMissing) {
  GlobFollow logs(folder_.path("auth.log"), options_, Start::now);
  EXPECT_EQ(take(logs), "");
  ASSERT_EQ(logs.logs().size(), 1U);
  append("auth.log", "one\n");
  EXPECT_EQ(take(logs), "auth.log:one ");
}

}  // namespace
}  // namespace doorward
