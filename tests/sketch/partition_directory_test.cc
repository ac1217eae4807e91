#include "sketch/partition_directory.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace doorward {
namespace {

std::vector<std::uint64_t> in_order(const PartitionDirectory& directory) {
  std::vector<std::uint64_t> out;
  directory.for_each([&](const PartitionDirectory::Slot& slot) { out.push_back(slot.hash); });
  return out;
}

void expect_equal(PartitionDirectory& directory, const std::set<std::uint64_t>& expected) {
  ASSERT_EQ(in_order(directory), std::vector<std::uint64_t>(expected.begin(), expected.end()));
  for (const std::uint64_t hash : expected) ASSERT_NE(directory.find(hash), nullptr) << hash;
  ASSERT_EQ(directory.size(), expected.size());
  if (expected.empty()) {
    ASSERT_EQ(directory.largest(), nullptr);
  } else {
    ASSERT_EQ(directory.largest()->hash, *expected.rbegin());
  }
}

// Against std::set, with hashes from the whole range, from a corner of it, and all close together.
TEST(PartitionDirectory, BehavesLikeASortedSet) {
  for (const int shift : {0, 20, 54}) {
    std::mt19937_64 random(static_cast<std::uint64_t>(shift));
    PartitionDirectory directory(16 * 129);
    std::set<std::uint64_t> expected;
    for (int step = 0; step < 20'000; ++step) {
      const std::uint64_t hash = (random() >> shift) | 1;
      const bool grow = expected.size() < 20 || random() % 2 == 0;
      if (grow && expected.size() <= directory.limit()) {
        if (expected.insert(hash).second) {
          EXPECT_EQ(directory.insert(hash)->hash, hash);
        }
      } else {
        const auto victim = expected.lower_bound(hash);
        const std::uint64_t gone = victim == expected.end() ? *expected.rbegin() : *victim;
        directory.erase(directory.find(gone));
        expected.erase(gone);
        ASSERT_EQ(directory.find(gone), nullptr);
      }
      if (step % 50 == 0) expect_equal(directory, expected);
    }
  }
}

TEST(PartitionDirectory, RespreadKeepsTheElements) {
  std::mt19937_64 random(9);
  PartitionDirectory directory(16 * 1001);
  std::set<std::uint64_t> expected;
  while (expected.size() < directory.limit()) {
    const std::uint64_t hash = (random() >> 12) + 1;
    if (expected.insert(hash).second) directory.insert(hash);
  }
  expect_equal(directory, expected);
  directory.respread(std::uint64_t{1} << 53);
  expect_equal(directory, expected);
  directory.respread(PartitionDirectory::kNoCeiling);
  expect_equal(directory, expected);
}

TEST(PartitionDirectory, MarkedElementsGoAtRespread) {
  PartitionDirectory directory(16 * 65);
  for (std::uint64_t i = 1; i <= 40; ++i) directory.insert(i << 57);
  directory.for_each([](PartitionDirectory::Slot& slot) {
    if ((slot.hash >> 57) % 2 == 0) slot.hash = 0;
  });
  directory.respread(PartitionDirectory::kNoCeiling);
  EXPECT_EQ(directory.size(), 20U);
  EXPECT_EQ(directory.find(std::uint64_t{2} << 57), nullptr);
  EXPECT_NE(directory.find(std::uint64_t{3} << 57), nullptr);
}

}  // namespace
}  // namespace doorward
