// Following costs no allocation in steady state.
#include <gtest/gtest.h>

#include "agent/follow/path_watch.h"
#include "tests/follow/rotating_log.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

TEST(FollowAllocation, NoneForLinesAndLooks) {
  const TemporaryFolder folder;
  const std::string path = folder.write("auth.log", std::string(100, 'x') + "\n");
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i) + " of some length\n";
  PathWatch watch;
  watch.add(path);
  watch.take();
  LogFollower follower(path);
  follower.begin_at(Start::begin);
  std::uint64_t lines = 0;
  std::uint64_t sum = 0;
  const auto read = [&] {
    ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    for (const PathWatch::Changed& changed : watch.take()) sum += changed.index;
    follower.look();
    while (follower.next()) ++lines;
    sum += follower.position().offset;
  };
  read();
  const std::uint64_t before = allocations();
  for (int i = 0; i < 20; ++i) read();
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(lines, 1U + 21U * 10'000U);
  EXPECT_TRUE(follower.at_end());
  EXPECT_GT(sum, 0U);
  close(fd);
}

}  // namespace
}  // namespace doorward
