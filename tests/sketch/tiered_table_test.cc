// Tiers: what an entity holds goes up with it, and a flood of one tier is nothing to the others.
#include "sketch/tiered_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace doorward {
namespace {

struct Entry : EntityHead {
  std::uint32_t seen = 0;
};

constexpr TieredTable<Entry, 3>::Sizes kSizes = {64, 16, 32};
constexpr std::uint32_t kStale = 3600;

class TieredTableTest : public testing::Test {
 protected:
  static Hash128 entity(const std::string& name) { return hash_text(HashKey{}, name); }

  std::vector<std::byte> memory_ = std::vector<std::byte>(TieredTable<Entry, 3>::bytes(kSizes));
  TieredTable<Entry, 3> table_{memory_, kSizes};
};

TEST_F(TieredTableTest, AnEntityMovesUpWithWhatItHoldsAndNeverDown) {
  table_.touch(entity("a"), 100, kStale, 0).seen = 7;
  EXPECT_EQ(table_.find(entity("a"), 100, kStale).tier, 0U);

  Entry& up = table_.touch(entity("a"), 50, kStale, 2);
  EXPECT_EQ(up.seen, 7U);
  EXPECT_EQ(up.newest, 100U) << "an older event does not make it older";
  EXPECT_EQ(table_.find(entity("a"), 100, kStale).tier, 2U);

  EXPECT_EQ(table_.touch(entity("a"), 200, kStale, 0).seen, 7U);
  EXPECT_EQ(table_.find(entity("a"), 200, kStale).tier, 2U);
  std::size_t places = 0;
  const std::span<const Entry> all(reinterpret_cast<const Entry*>(memory_.data()),
                                   memory_.size() / sizeof(Entry));
  for (const Entry& entry : all) places += entry.key != 0 ? 1 : 0;
  EXPECT_EQ(places, 1U) << "the place below is free again";
}

TEST_F(TieredTableTest, AFloodBelowLeavesTheTiersAboveAlone) {
  for (int i = 0; i < 8; ++i) {
    table_.touch(entity("kept" + std::to_string(i)), 100, kStale, 1).seen = 1;
    table_.touch(entity("dear" + std::to_string(i)), 100, kStale, 2).seen = 2;
  }
  for (int i = 0; i < 100'000; ++i) table_.touch(entity("x" + std::to_string(i)), 100, kStale, 0);
  for (int i = 0; i < 8; ++i) {
    const auto kept = table_.find(entity("kept" + std::to_string(i)), 100, kStale);
    ASSERT_NE(kept.entry, nullptr) << i;
    EXPECT_EQ(kept.entry->seen, 1U);
    const auto dear = table_.find(entity("dear" + std::to_string(i)), 100, kStale);
    ASSERT_NE(dear.entry, nullptr) << i;
    EXPECT_EQ(dear.entry->seen, 2U);
  }
}

TEST_F(TieredTableTest, AStaleEntityBeginsAnewWhereItIsPut) {
  table_.touch(entity("a"), 100, kStale, 2).seen = 7;
  EXPECT_EQ(table_.find(entity("a"), 100 + kStale, kStale).tier, 2U);
  EXPECT_EQ(table_.find(entity("a"), 101 + kStale, kStale).entry, nullptr);
  EXPECT_EQ(table_.touch(entity("a"), 101 + kStale, kStale, 0).seen, 0U);
  EXPECT_EQ(table_.find(entity("a"), 101 + kStale, kStale).tier, 0U);
}

}  // namespace
}  // namespace doorward
