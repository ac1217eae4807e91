// What is remembered to save work never changes an answer.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "proto/baseline_codec.h"
#include "sketch/hash_memo.h"
#include "sketch/pair_counts.h"
#include "sketch/recent_additions.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

TEST(HashMemo, GivesTheHashOfTheText) {
  HashKey key;
  key.bytes[3] = 7;
  HashMemo memo;
  std::mt19937_64 random(1);
  std::vector<std::string> texts = {
      "", "a", "b", "ab", "ba", std::string(4, '\0'), std::string(5, '\0')};
  // More than there are places, of every length around the limit, and some that differ in one byte.
  for (int i = 0; i < 5000; ++i) {
    std::string text(random() % 60, 'x');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    texts.push_back(text);
    if (!text.empty()) {
      text[random() % text.size()] = 'z';
      texts.push_back(text);
    }
  }
  for (int i = 0; i < 100'000; ++i) {
    const std::string& text = texts[random() % texts.size()];
    ASSERT_EQ(memo.hash(key, text), hash_text(key, text)) << text;
  }
}

TEST(RecentAdditions, KnowsWhatCameLastAndNothingElse) {
  RecentAdditions recent;
  EXPECT_FALSE(recent.is_known(1, 2, 3));
  EXPECT_TRUE(recent.is_known(1, 2, 3));
  EXPECT_FALSE(recent.is_known(1, 2, 4));
  EXPECT_FALSE(recent.is_known(1, 3, 3));
  EXPECT_FALSE(recent.is_known(2, 2, 3));
  const RecentAdditions copy(recent);
  EXPECT_FALSE(RecentAdditions(copy).is_known(1, 2, 3)) << "a copy begins empty";
  recent.forget();
  EXPECT_FALSE(recent.is_known(1, 2, 3));
}

// Adding again after everything was erased must not be taken for what is there already: the slot of
// an expired epoch is that of a new one.
TEST(RecentAdditions, AreForgottenWhenTheRingMoves) {
  BaselineOptions options;
  options.bytes = std::size_t{1} << 20;
  Baseline baseline = Baseline::make(options).value();
  const Hash128 partition = wide(77);
  for (const std::int64_t epoch : {5, 13, 21}) {
    baseline.advance(epoch);
    DistinctTable& table = baseline.distinct(Space::successes);
    EXPECT_EQ(table.estimate(partition), 0);
    table.add(partition, testing::hash_number(1), epoch);
    table.add(partition, testing::hash_number(1), epoch);
    EXPECT_EQ(table.estimate(partition), 1) << epoch;
  }
}

// Whoever begins to note is told of additions that were there before as well.
TEST(RecentAdditions, AreNotedAgainForWhoeverListensNext) {
  BaselineOptions options;
  options.bytes = std::size_t{1} << 20;
  Baseline baseline = Baseline::make(options).value();
  baseline.advance(5);
  for (int round = 0; round < 2; ++round) {
    Additions additions;
    baseline.note_into(&additions);
    baseline.distinct(Space::successes).add(wide(77), testing::hash_number(1), 5);
    EXPECT_EQ(additions.size(), 1U) << round;
    baseline.note_into(nullptr);
  }
}

// Two values of one partition may share a fingerprint, and are then one to the DistinctTable; the
// pair of the second must be marked all the same.
TEST(RecentAdditions, TellValuesOfOneFingerprintApart) {
  BaselineOptions options;
  options.bytes = std::size_t{1} << 20;
  Baseline baseline = Baseline::make(options).value();
  baseline.advance(5);
  DistinctTable& table = baseline.distinct(Space::successes);
  const Hash128 one{0xABCDEF0000000001ULL, 7};
  const Hash128 other{0xABCDEF0000000002ULL, 7};
  EXPECT_FALSE(table.add(wide(77), one, 5));
  EXPECT_TRUE(table.add(wide(77), one, 5));
  EXPECT_FALSE(table.add(wide(77), other, 5));
  EXPECT_EQ(table.estimate(wide(77)), 1) << "the premise: they share their fingerprint";
}

// A pair that is added again is the same as one whose presence is marked anew.
TEST(PairCounts, AddedAgainIsAdded) {
  PairCounts a(std::size_t{1} << 16);
  PairCounts b(std::size_t{1} << 16);
  for (PairCounts* pairs : {&a, &b}) {
    pairs->set_ring({5, 8});
    pairs->add(wide(3), 5);
  }
  a.add(wide(3), 5);
  b.add(wide(3), 5, true);
  EXPECT_EQ(a.read(wide(3)), b.read(wide(3)));
  EXPECT_EQ(a.read(wide(3))[0], 2);
}

}  // namespace
}  // namespace doorward
