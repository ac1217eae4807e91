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
