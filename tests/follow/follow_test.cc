// LogFollower, one kind of rotation or mishap after the other.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plugins/state_archive.h"
#include "tests/follow/rotating_log.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class FollowTest : public testing::Test {
 protected:
  FollowTest() {
    options_.clock_ms = [this] { return clock_ms_; };
  }
  void append(const std::string& name, std::string_view text) const {
    std::ofstream(folder_.path(name), std::ios::binary | std::ios::app) << text;
  }
  void rename(const std::string& from, const std::string& to) const {
    fs::rename(folder_.path(from), folder_.path(to));
  }
  /// What comes now, and after the clock went on by so much.
  Lines take(LogFollower& log, std::int64_t later_ms = 0) {
    Lines out = take_all(log);
    if (later_ms > 0) {
      clock_ms_ += later_ms;
      for (std::string& line : take_all(log)) out.push_back(std::move(line));
    }
    return out;
  }
  /// 40 lines, more than fingerprints look at.
  static std::string many(const std::string& name) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      text += name + " " + std::to_string(i) + " " + std::string(60, '.') + "\n";
    }
    return text;
  }
  std::string log() const { return folder_.path("auth.log"); }

  TemporaryFolder folder_;
  std::int64_t clock_ms_ = 1'000'000;
  FollowOptions options_;
};

/// Descriptors of this process that lead to names with this in them.
int descriptors_of(const std::string& part) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += fs::read_symlink(entry, gone).string().find(part) != std::string::npos ? 1 : 0;
  }
  return count;
}

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

TEST_F(FollowTest, RenamedFileIsReadUntilItIsQuietAndTheNewOneHasBytes) {
  append("auth.log", "one\ntwo\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(*follower.next(), "one");
  EXPECT_TRUE(follower.began_file());
  rename("auth.log", "auth.log.1");
  append("auth.log", "");
  append("auth.log.1", "three\n");  // by a program that did not hear yet
  EXPECT_EQ(take(follower, 5000), (Lines{"two", "three"}));
  EXPECT_FALSE(follower.began_file());
  append("auth.log.1", "four\nfi");
  append("auth.log", "six\n");
  EXPECT_EQ(take(follower), Lines{"four"});
  append("auth.log.1", "ve");
  EXPECT_EQ(take(follower, 100), Lines{});
  EXPECT_LE(follower.wait_ms(), 250);
  clock_ms_ += 200;
  follower.look();
  EXPECT_EQ(*follower.next(), "five");  // its newline never came
  EXPECT_FALSE(follower.began_file());
  EXPECT_EQ(*follower.next(), "six");
  EXPECT_TRUE(follower.began_file());
  EXPECT_EQ(follower.line_number(), 1U);
  EXPECT_EQ(follower.counters().rotations, 1U);
  EXPECT_EQ(follower.counters().gaps, 0U);
}

TEST_F(FollowTest, RotatedTwiceBetweenTwoLooks) {
  append("auth.log", "one\ntwo\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(*follower.next(), "one");
  rename("auth.log", "auth.log.1");
  append("auth.log", "three\n");
  rename("auth.log.1", "auth.log.2");
  rename("auth.log", "auth.log.1");
  append("auth.log", "four\n");
  EXPECT_EQ(take(follower, 1000), (Lines{"two", "three", "four"}));
  EXPECT_EQ(follower.reading(), log());
}

class FollowCopies : public FollowTest, public testing::WithParamInterface<const char*> {};

TEST_P(FollowCopies, CutAndLongerAgain) {
  append("auth.log", many("old"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  append("auth.log", "unread\n");
  const std::string copy = read_file(log());
  if (std::string(GetParam()) == "gz") {
    write_gzip(folder_.path("auth.log.1.gz"), copy);
  } else {
    append(std::string("auth.log") + GetParam(), copy);
  }
  fs::resize_file(log(), 0);
  append("auth.log", many("new") + many("newer"));
  Lines got = take(follower, 1000);
  ASSERT_EQ(got.size(), 81U);
  EXPECT_EQ(got[0], "unread");
  EXPECT_EQ(got[1].substr(0, 5), "new 0");
  EXPECT_EQ(follower.counters().gaps, 0U);
  EXPECT_EQ(follower.counters().truncations, 0U);
}

INSTANTIATE_TEST_SUITE_P(Siblings, FollowCopies, testing::Values(".1", "gz", "-20261120"));

TEST_F(FollowTest, CutWithoutACopyIsTold) {
  append("auth.log", many("old"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  append("auth.log", "begun");
  EXPECT_EQ(take(follower), Lines{});
  fs::resize_file(log(), 0);
  // What was begun is all there will ever be of it.
  EXPECT_EQ(take(follower), Lines{"begun"});
  EXPECT_EQ(follower.counters().truncations, 1U);
  EXPECT_EQ(follower.counters().gaps, 0U);
  EXPECT_EQ(take(follower), Lines{});
  append("auth.log", "new\n");
  EXPECT_EQ(take(follower), Lines{"new"});
  append("auth.log", many("unread"));
  follower.look();
  fs::resize_file(log(), 0);
  EXPECT_EQ(take(follower), Lines{});
  EXPECT_EQ(follower.counters().gaps, 1U);
  EXPECT_EQ(follower.counters().lost_bytes, many("unread").size());
  const std::vector<Error> errors = follower.take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message(), log() + ": was cut before it was read, " +
                                     std::to_string(many("unread").size()) + " bytes lost");
}

TEST_F(FollowTest, DeletedAndMadeAgain) {
  append("auth.log", many("old"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  append("auth.log", "unread\n");
  fs::remove(log());
  append("auth.log", "new\n");
  EXPECT_EQ(take(follower, 1000), (Lines{"unread", "new"}));
  EXPECT_EQ(follower.counters().gaps, 0U);
}

TEST_F(FollowTest, InodeOfADeletedFileIsTakenByALongerOne) {
  append("auth.log", many("old"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  LogPosition position = follower.position();
  fs::remove(log());
  append("auth.log", many("new") + many("newer"));
  struct stat facts {};
  ASSERT_EQ(stat(log().c_str(), &facts), 0);
  position.file.inode = facts.st_ino;  // as if there were no follower that holds the old one
  position.file.birth_us = 0;
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  const Lines got = take(resumed);
  ASSERT_EQ(got.size(), 80U);
  EXPECT_EQ(got[0].substr(0, 5), "new 0");
  EXPECT_EQ(resumed.counters().gaps, 1U);
}

TEST_F(FollowTest, DeletedFileIsLetGo) {
  append("auth.log", "one\ntw");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower), Lines{"one"});
  fs::remove(log());
  EXPECT_EQ(take(follower, 9000), Lines{});
  EXPECT_EQ(descriptors_of(folder_.dir()), 1);
  EXPECT_EQ(take(follower, 2000), Lines{"tw"});
  EXPECT_EQ(descriptors_of(folder_.dir()), 0);
  EXPECT_TRUE(follower.gone());
  append("auth.log", "three\n");
  EXPECT_EQ(take(follower), Lines{"three"});
  EXPECT_EQ(follower.counters().gaps, 0U);
}

TEST_F(FollowTest, DeletedFileThatGrowsForEverIsLetGo) {
  append("auth.log", "one\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  const int fd = open(log().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  fs::remove(log());
  int lines = 0;
  for (int i = 0; i < 150; ++i) {
    ASSERT_EQ(write(fd, "more\n", 5), 5);
    lines += static_cast<int>(take(follower, 5000).size());
  }
  close(fd);
  EXPECT_EQ(descriptors_of(folder_.dir()), 0);
  EXPECT_GT(lines, 100);
  ASSERT_EQ(follower.take_errors().size(), 1U);
}

TEST_F(FollowTest, RenamedFileIsKeptWhileTheNewOneIsEmpty) {
  append("auth.log", many("a"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  rename("auth.log", "auth.log.1");
  append("auth.log", "");
  EXPECT_EQ(take(follower, 36'000'000), Lines{});
  append("auth.log.1", "told after ten hours\n");
  EXPECT_EQ(take(follower), Lines{"told after ten hours"});
  append("auth.log", "b\n");
  EXPECT_EQ(take(follower), Lines{});
  EXPECT_EQ(follower.bytes_behind(), 2U);
  EXPECT_EQ(take(follower, 1000), Lines{"b"});
  EXPECT_EQ(follower.bytes_behind(), 0U);
}

TEST_F(FollowTest, RenamedAwayForGood) {
  append("auth.log", many("a"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 40U);
  rename("auth.log", "auth.log.1");
  EXPECT_EQ(take(follower, 500'000), Lines{});
  EXPECT_FALSE(follower.gone());
  EXPECT_EQ(take(follower, 200'000), Lines{});
  EXPECT_TRUE(follower.gone());
  // What was written to it all the same is read once there is a log again.
  append("auth.log.1", "late\n");
  EXPECT_EQ(take(follower), Lines{});
  append("auth.log", "b\n");
  EXPECT_EQ(take(follower, 1000), (Lines{"late", "b"}));
  EXPECT_EQ(follower.counters().gaps, 0U);
}

TEST_F(FollowTest, FingerprintGrowsWithASmallFile) {
  append("auth.log", "one\n");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower), Lines{"one"});
  EXPECT_EQ(follower.position().fingerprint.bytes, 4U);
  append("auth.log", many("more"));
  // A position of the small file holds in the grown one, renamed, and packed.
  const LogPosition small = follower.position();
  EXPECT_EQ(take(follower).size(), 40U);
  EXPECT_EQ(follower.position().fingerprint.bytes, 1024U);
  rename("auth.log", "auth.log.1");
  append("auth.log", "next\n");
  for (const bool packed : {false, true}) {
    if (packed) {
      write_gzip(folder_.path("auth.log.1.gz"), read_file(folder_.path("auth.log.1")));
      fs::remove(folder_.path("auth.log.1"));
    }
    LogFollower resumed(log(), options_);
    resumed.resume(small);
    EXPECT_EQ(take(resumed, 1000).size(), 41U) << packed;
    EXPECT_EQ(resumed.counters().gaps, 0U);
  }
}

TEST_F(FollowTest, ResumesThroughPackedAndPlainSiblings) {
  append("auth.log", many("a"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(follower.next());
  const LogPosition position = follower.position();
  EXPECT_EQ(position.line, 10U);
  rename("auth.log", "auth.log.3");
  write_gzip(folder_.path("auth.log.3.gz"), read_file(folder_.path("auth.log.3")));
  fs::remove(folder_.path("auth.log.3"));
  write_gzip(folder_.path("auth.log.2.gz"), many("b"));
  append("auth.log.1", many("c"));
  append("auth.log", "d 0\n");
  fs::create_hard_link(folder_.path("auth.log.1"), folder_.path("auth.log.5"));
  fs::copy_file(folder_.path("auth.log.2.gz"), folder_.path("auth.log.2"));
  fs::remove(folder_.path("auth.log.2"));
  append("auth.log.4", many("older"));
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  EXPECT_EQ(resumed.reading(), folder_.path("auth.log.3.gz"));
  const Lines got = take(resumed, 1000);
  ASSERT_EQ(got.size(), 30U + 40U + 40U + 1U);
  EXPECT_EQ(got[0].substr(0, 5), "a 10 ");
  EXPECT_EQ(got[30].substr(0, 4), "b 0 ");
  EXPECT_EQ(got[70].substr(0, 4), "c 0 ");
  EXPECT_EQ(got[110], "d 0");
  EXPECT_EQ(resumed.counters().gaps, 0U);
}

TEST_F(FollowTest, ACopyOfASiblingIsNotReadTwice) {
  append("auth.log", many("a"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  ASSERT_TRUE(follower.next());
  const LogPosition position = follower.position();
  rename("auth.log", "auth.log.2");
  fs::copy_file(folder_.path("auth.log.2"), folder_.path("auth.log.1"));
  append("auth.log", "b\n");
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  EXPECT_EQ(take(resumed, 1000).size(), 40U);
}

TEST_F(FollowTest, PositionOfAFileThatIsGone) {
  append("auth.log", many("a"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  ASSERT_TRUE(follower.next());
  const LogPosition position = follower.position();
  fs::remove(log());
  append("auth.log.3", many("older"));
  set_modified(folder_.path("auth.log.3"), 1'000'000'000);
  write_gzip(folder_.path("auth.log.2.gz"), many("b"));
  set_modified(folder_.path("auth.log.2.gz"), 4'000'000'000);
  append("auth.log.1", many("c"));
  set_modified(folder_.path("auth.log.1"), 4'000'000'001);
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  const Lines got = take(resumed, 1000);
  ASSERT_EQ(got.size(), 80U);
  EXPECT_EQ(got[0].substr(0, 4), "b 0 ");
  EXPECT_EQ(resumed.counters().gaps, 1U);
  const std::vector<Error> errors = resumed.take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message(), log() + ": the file that was read is gone");
}

TEST_F(FollowTest, CutBackByACrash) {
  append("auth.log", many("a") + many("lost by the crash"));
  LogFollower follower(log(), options_);
  follower.begin_at(Start::begin);
  EXPECT_EQ(take(follower).size(), 80U);
  const LogPosition position = follower.position();
  fs::resize_file(log(), many("a").size());
  {
    LogFollower resumed(log(), options_);
    resumed.resume(position);
    EXPECT_EQ(take(resumed), Lines{});
    append("auth.log", "short\n");
    EXPECT_EQ(take(resumed), Lines{"short"});
  }
  append("auth.log", many("after the crash, longer than what was lost"));
  LogFollower resumed(log(), options_);
  resumed.resume(position);
  const Lines got = take(resumed);
  EXPECT_GT(got.size(), 0U);
  EXPECT_LT(got.size(), 40U);
  EXPECT_EQ(got.back().substr(0, 15), "after the crash");
  EXPECT_EQ(resumed.counters().gaps, 1U);
}

TEST_F(FollowTest, BrokenGzipIsAGapAndNoMore) {
  append("auth.log", "end\n");
  write_gzip(folder_.path("auth.log.2.gz"), many("b"));
  fs::resize_file(folder_.path("auth.log.2.gz"), 60);
  append("auth.log.1", many("c"));
  append("auth.log.3.xz", "not read");
  LogFollower follower(log(), options_);
  follower.begin_at(Start::history);
  const Lines got = take(follower, 1000);
  ASSERT_GE(got.size(), 41U);
  EXPECT_EQ(got[got.size() - 41].substr(0, 4), "c 0 ");
  EXPECT_EQ(got.back(), "end");
  EXPECT_EQ(follower.counters().gaps, 2U);
  EXPECT_EQ(follower.take_errors()[0].message(),
            log() + ": " + folder_.path("auth.log.3.xz") +
                " is packed in a way that is not read, 8 bytes lost");
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

TEST(RotatedNames, WhatRotationsMake) {
  const auto order = [](std::string_view log, std::string_view name) {
    const auto rotated = rotated_name(log, name);
    return rotated ? std::string(rotated->order) + (rotated->is_number ? "#" : "") +
                         std::string(rotated->packed)
                   : "no";
  };
  EXPECT_EQ(order("auth.log", "auth.log.1"), "1#");
  EXPECT_EQ(order("auth.log", "auth.log.12.gz"), "12#gz");
  EXPECT_EQ(order("auth.log", "auth.log-20261120"), "20261120");
  EXPECT_EQ(order("auth.log", "auth.log-20261120.gz"), "20261120gz");
  EXPECT_EQ(order("auth.log", "auth.log-2026-11-20T13"), "2026-11-20T13");
  EXPECT_EQ(order("auth.log", "auth.log-1795190400.xz"), "1795190400xz");
  EXPECT_EQ(order("auth.log", "auth-20261120.log"), "20261120");
  EXPECT_EQ(order("auth.log", "auth.1.log.gz"), "1#gz");
  EXPECT_EQ(order("secure", "secure-20261120"), "20261120");
  EXPECT_EQ(order("audit.log", "audit.log.4"), "4#");
  EXPECT_EQ(order("auth.log", "auth.log"), "no");
  EXPECT_EQ(order("auth.log", "auth.log.gz"), "no");
  EXPECT_EQ(order("auth.log", "auth.log.1.bak"), "no");
  EXPECT_EQ(order("auth.log", "auth.log.d"), "no");
  EXPECT_EQ(order("auth.log", "auth.log2"), "no");
  EXPECT_EQ(order("auth.log", "auth.log-1"), "no");
  EXPECT_TRUE(looks_rotated("auth.log.1"));
  EXPECT_TRUE(looks_rotated("auth.log.2.gz"));
  EXPECT_TRUE(looks_rotated("secure-20261120"));
  EXPECT_TRUE(looks_rotated("auth.log-2026-11-20"));
  EXPECT_FALSE(looks_rotated("auth.log"));
  EXPECT_FALSE(looks_rotated("10.0.0.1"));
  EXPECT_FALSE(looks_rotated("10.0.0.1.log"));
  EXPECT_FALSE(looks_rotated("web-192.168.10.200"));
}

TEST(RotatedNames, OrderOfParts) {
  const TemporaryFolder folder;
  for (const char* name : {"auth.log", "auth.log.1", "auth.log.2", "auth.log.10.gz", "auth.log.9",
                           "auth.log.9.gz", "auth.log-20251231", "other.log.1"}) {
    folder.write(name, name);
    set_modified(folder.path(name), 1'700'000'000);
  }
  set_modified(folder.path("auth.log-20251231"), 1'600'000'000);
  fs::create_symlink(folder.path("auth.log"), folder.path("auth.log.3"));
  fs::create_hard_link(folder.path("auth.log"), folder.path("auth.log.4"));
  std::string names;
  for (const LogPart& part : parts_of_log(folder.path("auth.log"), {})) {
    names += part.path.substr(folder.dir().size() + 1) + " ";
  }
  EXPECT_EQ(names, "auth.log-20251231 auth.log.10.gz auth.log.9 auth.log.2 auth.log.1 auth.log ");
}

}  // namespace
}  // namespace doorward
