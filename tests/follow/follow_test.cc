// LogFollower: lines as they come, what files may be, and what is saved.
#include <sys/stat.h>

#include "plugins/state_archive.h"
#include "tests/follow/follow_world.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

TEST_F(FollowTest, MissingAtFirstAndPartialLines) {
  LogFollower follower(log(), options_);
  follower.begin_at(Start::now);
  EXPECT_EQ(take(follower), Lines{});
  EXPECT_TRUE(follower.gone());
  EXPECT_FALSE(follower.position().known());
  append("auth.log", "one\r\ntw");
  EXPECT_EQ(take(follower), Lines{"one"});
  EXPECT_TRUE(follower.at_end());
  EXPECT_EQ(follower.bytes_behind(), 2U);
  append("auth.log", "o\n\nfour");
  EXPECT_EQ(take(follower), (Lines{"two", ""}));
  EXPECT_EQ(follower.line_number(), 3U);
  EXPECT_EQ(follower.position().offset, 10U);
  EXPECT_EQ(follower.reading(), log());
}

TEST_F(FollowTest, NowIsBehindTheLastNewline) {
  append("auth.log", "one\ntwo\nthr");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::now);
  EXPECT_EQ(take(follower), Lines{});
  append("auth.log", "ee\nfour\n");
  EXPECT_EQ(take(follower), (Lines{"three", "four"}));
}

TEST_F(FollowTest, NowInsideAnEndlessLineSkipsItsRest) {
  append("auth.log", std::string(200'000, 'x'));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::now);
  append("auth.log", "y\nnext\n");
  EXPECT_EQ(take(follower), Lines{"next"});
  EXPECT_EQ(follower.counters().long_lines, 0U);
}

TEST_F(FollowTest, LongLinesAreSkippedAndCounted) {
  append("auth.log", std::string(65'536, 'a') + "\n" + std::string(65'537, 'b') + "\nc\n" +
                         std::string(1'000'000, 'd'));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower), (Lines{std::string(65'536, 'a'), "c"}));
  // Inside the long line the place is its begin, so that a resumed reader skips it too.
  const LogPosition inside = follower.position();
  EXPECT_EQ(inside.offset, 65'537U + 65'538U + 2U);
  append("auth.log", "d\ne\n");
  EXPECT_EQ(take(follower), Lines{"e"});
  EXPECT_EQ(follower.counters().long_lines, 2U);
  LogFollower resumed(log(), options_);
  resumed.resume(inside);
  EXPECT_EQ(take(resumed), Lines{"e"});
}

TEST_F(FollowTest, NulBlocksAndHolesAreSkipped) {
  append("auth.log", "one\n" + std::string(5000, '\0') + "two\nth\0ree\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  append("auth.log", std::string("fo\0ur\n", 6));
  EXPECT_EQ(take(follower), (Lines{"one", "two", "th" + std::string("fo\0ur", 5)}));
  EXPECT_EQ(follower.counters().nul_bytes, 5000U);
  // Cut by copytruncate under a program that does not append: a hole of a terabyte.
  fs::resize_file(log(), 0);
  const int fd = open(log().c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(pwrite(fd, "five\nsix", 8, std::int64_t{1} << 40), 8);
  EXPECT_EQ(take(follower), Lines{"five"});
  const LogPosition position = follower.position();
  ASSERT_EQ(pwrite(fd, "\n", 1, (std::int64_t{1} << 40) + 8), 1);
  close(fd);
  EXPECT_EQ(take(follower), Lines{"six"});
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  EXPECT_EQ(take(resumed), Lines{"six"});
}

TEST_F(FollowTest, HistoryGoesBackAsFarAsAsked) {
  write_gzip(folder_.path("auth.log-20260101.gz"), "a\n");
  append("auth.log-20261112", "b\n");
  append("auth.log-20261119", "c\n");
  append("auth.log", "d\n");
  set_modified(folder_.path("auth.log-20260101.gz"), 1'000'000'000);
  const auto read = [&](const HistoryLimit& limit) {
    LogFollower follower(log(), options_);
    follower.begin_at(Start::history, limit);
    return take(follower, 1000);
  };
  EXPECT_EQ(read({}), (Lines{"b", "c", "d"}));
  EXPECT_EQ(read({1e6, UINT64_MAX}), (Lines{"a", "b", "c", "d"}));
  EXPECT_EQ(read({1e6, 4}), (Lines{"c", "d"}));
  EXPECT_EQ(read({1e6, 0}), Lines{"d"});
}

TEST_F(FollowTest, WhatIsNoFileIsRefused) {
  append("auth.log", "one\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower), Lines{"one"});
  fs::remove(log());
  ASSERT_EQ(mkfifo(log().c_str(), 0600), 0);
  EXPECT_EQ(take(follower, 20'000), Lines{});
  std::vector<Error> errors = follower.take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message(), log() + ": is a pipe, not a log");
  fs::remove(log());
  fs::create_directory(log());
  EXPECT_EQ(take(follower), Lines{});
  errors = follower.take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message(), log() + ": is a folder, not a log");
  fs::remove(log());
  append("auth.log", "two\n");
  EXPECT_EQ(take(follower), Lines{"two"});
}

TEST_F(FollowTest, SymbolicLinks) {
  append("elsewhere", "one\n");
  fs::create_symlink(folder_.path("elsewhere"), log());
  {
    LogFollower follower(log(), options_);
    follower.begin_at(Start::begin);
    EXPECT_EQ(take(follower), Lines{"one"});
  }
  options_.follow_symlinks = false;
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower), Lines{});
  EXPECT_EQ(follower.take_errors()[0].message(), log() + ": is a symbolic link, not a log");
  EXPECT_EQ(descriptors_of(folder_.dir()), 0);
}

TEST_F(FollowTest, NoRightsForAWhile) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  append("auth.log", "one\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower), Lines{"one"});
  const LogPosition position = follower.position();
  rename("auth.log", "auth.log.1");
  append("auth.log.1", "two\n");
  append("auth.log", "three\n");
  fs::permissions(log(), fs::perms::none);
  EXPECT_EQ(take(follower, 1000), Lines{"two"});
  EXPECT_EQ(follower.take_errors().size(), 1U);
  fs::permissions(log(), fs::perms::owner_all);
  EXPECT_EQ(take(follower, 1000), Lines{"three"});
  // A file that cannot be opened may be the one: that is no gap yet.
  fs::permissions(folder_.path("auth.log.1"), fs::perms::none);
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  EXPECT_EQ(take(resumed), Lines{});
  fs::permissions(folder_.path("auth.log.1"), fs::perms::owner_all);
  EXPECT_EQ(take(resumed, 1000), (Lines{"two", "three"}));
  EXPECT_EQ(resumed.counters().gaps, 0U);
}

TEST_F(FollowTest, SiblingsInAnotherFolder) {
  fs::create_directory(folder_.path("old"));
  options_.old_folder = folder_.path("old");
  append("auth.log", "one\ntwo\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(*follower.next(), "one");
  const LogPosition position = follower.position();
  rename("auth.log", "old/auth.log.1");
  append("auth.log", "three\n");
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  EXPECT_EQ(take(resumed, 1000), (Lines{"two", "three"}));
}

TEST_F(FollowTest, PositionsAreSavedAndRefused) {
  append("auth.log", many("a"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  LogPosition position = follower.position();
  std::vector<std::uint8_t> bytes;
  StateWriter writer(bytes);
  position.archive(writer);
  EXPECT_EQ(bytes.size(), 88U);
  LogPosition read;
  StateReader reader(bytes);
  read.archive(reader);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(read.offset, position.offset);
  EXPECT_EQ(read.before_hash, position.before_hash);
  EXPECT_EQ(read.fingerprint.hash, position.fingerprint.hash);
  EXPECT_EQ(read.modified, position.modified);
  bytes[32] = bytes[33] = 0xFF;  // a fingerprint of 65,535 bytes
  StateReader damaged(bytes);
  read.archive(damaged);
  EXPECT_FALSE(damaged.ok());
  EXPECT_FALSE(read.known());
}

}  // namespace
}  // namespace doorward
