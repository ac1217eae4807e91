// A disk that is full, or gone, and comes back.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "tests/delivery/spool_world.h"

namespace doorward {
namespace {

/// A small file system of its own, when this is root.
class SmallDisk {
 public:
  explicit SmallDisk(const char* size) {
    const std::string options = std::string("size=") + size;
    mounted_ = ::mount("doorward-test", folder_.dir().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.dir().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
  void read_only(bool yes) const {
    ASSERT_EQ(::mount("", folder_.dir().c_str(), "",
                      MS_REMOUNT | (yes ? std::uint64_t{MS_RDONLY} : 0U), ""),
              0);
  }

 private:
  TemporaryFolder folder_;
  bool mounted_ = false;
};

TEST(SpoolDisk, AFullDiskLeavesTheHighestScoresInMemoryUntilThereIsRoom) {
  const SmallDisk disk("512k");
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a small disk";
  World world;
  const SpoolOptions options{disk.path("spool"), 4 * kSmallSpool, {"a"}};
  auto spool = open_spool(world, options);
  // Somebody else fills the disk.
  std::ofstream(disk.path("ballast")) << std::string(400 * 1024, 'b');
  for (std::uint64_t i = 1; i <= 200; ++i) {
    ASSERT_EQ(append(*spool, i, static_cast<double>(i % 100), 2000), Spool::Appended::stored);
  }
  EXPECT_GT(spool->status().in_memory, 100U);
  EXPECT_NE(spool->status().disk_error.find("No space left"), std::string::npos);
  EXPECT_FALSE(spool->sync().ok()) << "what is in memory is not durable";
  EXPECT_EQ(world.said_with("takes nothing"), 1U);
  EXPECT_EQ(ids_of(read_all(*spool)), ids(1, 200)) << "delivery goes on meanwhile";
  // More than the memory's bound: the lowest scores of what is in memory go.
  for (std::uint64_t i = 201; i <= 2000; ++i) append(*spool, i, 99, 2000);
  EXPECT_GT(spool->status().dropped, 0U);
  EXPECT_LE(spool->status().in_memory * 2000, kSpoolMemoryBytesMax);
  EXPECT_EQ(world.said_with("takes nothing"), 1U) << "said once";
  const std::vector<std::string> before = ids_of(read_all(*spool));
  // Room again: it recovers by itself.
  std::filesystem::remove(disk.path("ballast"));
  spool->advance(0, spool->head() - 100);
  world.now += 2 * kSpoolRetryUs;
  spool->tick();
  EXPECT_EQ(spool->status().in_memory, 0U);
  EXPECT_EQ(spool->status().disk_error, "");
  EXPECT_EQ(world.said_with("takes documents again"), 1U);
  EXPECT_TRUE(spool->sync().ok());
  spool.reset();
  spool = open_spool(world, options);
  const std::vector<std::string> after = ids_of(read_all(*spool));
  EXPECT_EQ(after, std::vector<std::string>(before.end() - 100, before.end()));
  EXPECT_EQ(spool->status().damaged_places, 0U);
  EXPECT_EQ(spool->status().torn_bytes, 0U);
}

TEST(SpoolDisk, AReadOnlyDiskIsTheSame) {
  const SmallDisk disk("4m");
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a small disk";
  World world;
  const SpoolOptions options{disk.path("spool"), kSmallSpool, {"a"}};
  {
    const auto spool = open_spool(world, options);
    for (std::uint64_t i = 1; i <= 3; ++i) append(*spool, i);
  }
  disk.read_only(true);
  const auto spool = open_spool(world, options);
  for (std::uint64_t i = 4; i <= 6; ++i) ASSERT_EQ(append(*spool, i), Spool::Appended::stored);
  EXPECT_EQ(ids_of(read_all(*spool)), ids(1, 6));
  EXPECT_FALSE(spool->sync().ok());
  spool->advance(0, 3);
  world.now += 2 * kSpoolRetryUs;
  spool->tick();
  EXPECT_EQ(world.said_with("cannot be saved"), 1U);
  disk.read_only(false);
  world.now += 2 * kSpoolRetryUs;
  spool->tick();
  EXPECT_TRUE(spool->sync().ok());
  EXPECT_EQ(spool->status().in_memory, 0U);
}

// kill -9 while another process appends: what sync() said is durable is there, in order, once.
TEST(SpoolDisk, WhatWasSyncedSurvivesKillNine) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), 64 * kSmallSpool, {"a"}};
  std::uint64_t next = 1;
  Random random(3);
  for (int round = 0; round < 15; ++round) {
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe(told.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      World inner;
      const auto spool = open_spool(inner, options);
      for (std::uint64_t i = next; i < next + 20'000; ++i) {
        append(*spool, i, 50, 200 + i % 300);
        if (i % 5 == 0 && spool->sync().ok()) {
          [[maybe_unused]] const ssize_t written = ::write(told[1], &i, sizeof i);
        }
      }
      ::pause();
    }
    ::close(told[1]);
    std::uint64_t durable = next - 1;
    for (std::uint64_t i = 1 + random() % 20; i > 0; --i) {
      if (::read(told[0], &durable, sizeof durable) != sizeof durable) break;
    }
    ::kill(child, SIGKILL);
    while (::read(told[0], &durable, sizeof durable) == sizeof durable) {
    }
    ::close(told[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    const auto spool = open_spool(world, options);
    const std::vector<std::string> there = ids_of(read_all(*spool));
    ASSERT_GE(spool->head(), durable + 1) << "round " << round;
    next = spool->head();
    // Small enough that nothing had to go.
    ASSERT_EQ(spool->status().dropped, 0U);
    ASSERT_EQ(spool->status().damaged_places, 0U);
    ASSERT_EQ(there, ids(next - there.size(), next - 1)) << "round " << round;
    ASSERT_TRUE(round == 0 || !there.empty());
    if (spool->status().records > 300) spool->advance(0, next - 100);
  }
}

}  // namespace
}  // namespace doorward
