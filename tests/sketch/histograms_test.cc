#include "sketch/histograms.h"

#include <gtest/gtest.h>

#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::hash_number;

Histograms with_ring(std::int64_t newest) {
  Histograms histograms;
  histograms.set_ring({newest, 8});
  return histograms;
}

TEST(Histograms, CountPerBinAndAge) {
  Histograms histograms = with_ring(5);
  histograms.add(hash_number(1), 127, 5);
  histograms.add(hash_number(1), 127, 4);
  histograms.add(hash_number(2), 0, 5);
  EXPECT_EQ(histograms.read(hash_number(1))[127], 2U);
  EXPECT_EQ(histograms.read(hash_number(1), 0)[127], 1U);
  EXPECT_EQ(histograms.read(hash_number(2))[0], 1U);
  EXPECT_EQ(histograms.read(hash_number(3)), (std::array<std::uint64_t, 128>{}));
  EXPECT_EQ(histograms.read(Hash128{}), (std::array<std::uint64_t, 128>{}));
}

TEST(Histograms, SomeBinsAreReadAsAllAre) {
  Histograms histograms = with_ring(7);
  for (unsigned i = 0; i < 400; ++i) histograms.add(hash_number(1), i * 7 % 128, i % 8);
  // Near the limit of a counter sums need more than 32 bits.
  histograms.raise(hash_number(1), 100, 1, 0xF0000000U);
  histograms.raise(hash_number(1), 100, 2, 0xF0000000U);
  const auto all = histograms.read(hash_number(1));
  EXPECT_GT(all[100], std::uint64_t{0x1E0000000});
  for (const unsigned first : {0U, 64U, 90U}) {
    std::array<std::uint64_t, 38> some;
    some.fill(9);
    histograms.read_bins(hash_number(1), first, some);
    for (unsigned i = 0; i < some.size(); ++i) EXPECT_EQ(some[i], all[first + i]) << first + i;
    histograms.read_bins(hash_number(2), first, some);
    EXPECT_EQ(some, (std::array<std::uint64_t, 38>{}));
  }
}

TEST(Histograms, TheSeventeenthNameIsCountedAndDropped) {
  Histograms histograms = with_ring(0);
  for (std::uint64_t i = 0; i < 17; ++i) histograms.add(hash_number(i), 1, 0);
  EXPECT_EQ(histograms.names_used(), 16U);
  EXPECT_EQ(histograms.ignored(), 1U);
  EXPECT_EQ(histograms.read(hash_number(16))[1], 0U);
}

TEST(Histograms, ExpiryGivesNamesBack) {
  Histograms histograms = with_ring(0);
  for (std::uint64_t i = 0; i < 16; ++i) histograms.add(hash_number(i), 1, 0);
  histograms.set_ring({8, 8});
  EXPECT_EQ(histograms.names_used(), 0U);
  histograms.add(hash_number(20), 1, 8);
  EXPECT_EQ(histograms.read(hash_number(20))[1], 1U);
}

TEST(Histograms, MergeMatchesByName) {
  Histograms a = with_ring(3);
  Histograms b = with_ring(3);
  a.add(hash_number(1), 5, 3);
  b.add(hash_number(2), 6, 3);
  b.add(hash_number(1), 5, 2);
  a.merge(b, EpochRing{3, 1}.slots());  // epoch 2 is not shared
  EXPECT_EQ(a.read(hash_number(1))[5], 1U);
  EXPECT_EQ(a.read(hash_number(2))[6], 1U);
  for (std::uint64_t i = 10; i < 24; ++i) a.add(hash_number(i), 0, 3);
  Histograms c = with_ring(3);
  c.add(hash_number(99), 0, 3);
  a.merge(c, kAllSlots);
  EXPECT_EQ(a.ignored(), 1U);
}

}  // namespace
}  // namespace doorward
