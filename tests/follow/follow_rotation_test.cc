// LogFollower, one kind of rotation or mishap after the other.
#include <sys/stat.h>

#include "tests/follow/follow_world.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

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

}  // namespace
}  // namespace doorward
