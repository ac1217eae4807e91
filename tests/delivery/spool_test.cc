// What goes into a spool comes out: in order, at each reader's pace, across restarts, and within
// the bound with the highest scores.
#include "plugins/delivery/spool.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/delivery/spool_world.h"

namespace doorward {
namespace {

TEST(Spool, EveryReaderReadsEverythingOldestFirst) {
  TemporaryFolder folder;
  World world;
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"file", "siem"}});
  for (std::uint64_t i = 1; i <= 5; ++i) EXPECT_EQ(append(*spool, i), Spool::Appended::stored);
  ASSERT_TRUE(spool->sync().ok());
  EXPECT_EQ(spool->head(), 6U);
  const std::vector<Document> all = read_all(*spool, 0);
  EXPECT_EQ(ids_of(all), ids(1, 5));
  EXPECT_EQ(all[2].text, document_of(3));
  EXPECT_EQ(all[2].sequence, 3U);
  EXPECT_EQ(all[2].appended, world.now);
  spool->advance(0, 4);
  EXPECT_EQ(ids_of(read_all(*spool, 0)), ids(4, 5));
  EXPECT_EQ(ids_of(read_all(*spool, 1)), ids(1, 5));
  EXPECT_EQ(spool->reader_status(0, 0).behind_records, 2U);
  EXPECT_EQ(spool->reader_status(1, 0).behind_records, 5U);
  EXPECT_EQ(spool->reader_status(1, 0).oldest, world.now);
}

TEST(Spool, ABatchIsBoundedAndPassesOverLowScores) {
  TemporaryFolder folder;
  World world;
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"file"}});
  for (std::uint64_t i = 1; i <= 10; ++i) append(*spool, i, i % 2 == 0 ? 80 : 20, 1000);
  std::uint64_t passed = 0;
  EXPECT_EQ(ids_of(spool->read(0, 1, 50, 2, SIZE_MAX, passed)),
            (std::vector<std::string>{"id-2", "id-4"}));
  EXPECT_EQ(passed, 6U);
  EXPECT_EQ(spool->read(0, 1, 0, SIZE_MAX, 2500, passed).size(), 2U);
  EXPECT_EQ(spool->read(0, 1, 0, SIZE_MAX, 1, passed).size(), 1U) << "one, however long";
  EXPECT_EQ(passed, 2U);
  EXPECT_TRUE(spool->read(0, 1, 90, SIZE_MAX, SIZE_MAX, passed).empty());
  EXPECT_EQ(passed, 11U);
  EXPECT_EQ(spool->reader_status(0, 50).behind_records, 5U);
}

TEST(Spool, GoesOnAfterARestartWhereItWas) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), kSmallSpool, {"file", "siem"}};
  {
    const auto spool = open_spool(world, options);
    for (std::uint64_t i = 1; i <= 5; ++i) append(*spool, i);
    spool->advance(0, 3);
  }
  {
    const auto spool = open_spool(world, {options.folder, options.bytes_max, {"siem", "file"}});
    EXPECT_EQ(ids_of(read_all(*spool, 1)), ids(3, 5)) << "positions go by name";
    EXPECT_EQ(ids_of(read_all(*spool, 0)), ids(1, 5));
    EXPECT_EQ(spool->head(), 6U);
    append(*spool, 6);
    spool->advance(0, 7);
    spool->advance(1, 7);
  }
  const auto spool = open_spool(world, options);
  EXPECT_TRUE(read_all(*spool, 0).empty());
  EXPECT_EQ(spool->head(), 7U) << "sequences never come again";
}

TEST(Spool, ANewReaderBeginsWithTheOldestAndAFormerOneIsForgotten) {
  TemporaryFolder folder;
  World world;
  {
    const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"a", "b"}});
    for (std::uint64_t i = 1; i <= 4; ++i) append(*spool, i);
    spool->advance(0, 3);
  }
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"a", "c"}});
  EXPECT_EQ(ids_of(read_all(*spool, 0)), ids(3, 4));
  EXPECT_EQ(ids_of(read_all(*spool, 1)), ids(1, 4));
  EXPECT_EQ(world.said_with("\"b\" is not configured any more"), 1U);
}

TEST(Spool, SegmentsThatAllHaveReadAreRemoved) {
  TemporaryFolder folder;
  World world;
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"a", "b"}});
  for (std::uint64_t i = 1; i <= 300; ++i) append(*spool, i, 50, 2000);
  EXPECT_GT(segments_in(folder.path("spool")).size(), 5U);
  spool->advance(0, spool->head());
  EXPECT_EQ(spool->status().records, 300U);
  EXPECT_GT(segments_in(folder.path("spool")).size(), 5U);
  spool->advance(1, spool->head());
  EXPECT_EQ(spool->status().records, 0U);
  EXPECT_EQ(segments_in(folder.path("spool")).size(), 1U) << "the one that is appended to";
}

TEST(Spool, ASecondProgramIsRefused) {
  TemporaryFolder folder;
  World world;
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"a"}});
  const auto second = Spool::open({folder.path("spool"), kSmallSpool, {"a"}}, world.env());
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().what.find("in use by another program"), std::string::npos);
}

TEST(Spool, WhatIsMadeOnceMoreAfterAnOldStateIsNotAppendedTwice) {
  TemporaryFolder folder;
  World world;
  SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
  std::uint64_t state_head = 0;
  {
    const auto spool = open_spool(world, options);
    for (std::uint64_t i = 1; i <= 3; ++i) append(*spool, i);
    ASSERT_TRUE(spool->sync().ok());
    state_head = spool->head();
    spool->keep_from(state_head);
    for (std::uint64_t i = 4; i <= 6; ++i) append(*spool, i);
    spool->append({DocumentKind::update, 50, "id-4", 7, "{}"});
    // Delivered, yet not forgotten: the state does not know of it.
    spool->advance(0, 6);
  }
  options.keep_from = state_head;
  const auto spool = open_spool(world, options);
  EXPECT_EQ(spool->ids_since(state_head),
            (std::vector<std::string>{"id-4", "id-5", "id-6", "id-4-7"}));
  spool->refuse_repeats_since(state_head);
  for (std::uint64_t i = 4; i <= 6; ++i) EXPECT_EQ(append(*spool, i), Spool::Appended::repeat);
  EXPECT_EQ(spool->append({DocumentKind::update, 50, "id-4", 7, "{}"}), Spool::Appended::repeat);
  EXPECT_EQ(spool->append({DocumentKind::update, 50, "id-4", 8, "{}"}), Spool::Appended::stored);
  EXPECT_EQ(append(*spool, 7), Spool::Appended::stored);
  EXPECT_EQ(ids_of(read_all(*spool)), (std::vector<std::string>{"id-6", "id-4", "id-4", "id-7"}));
  EXPECT_EQ(spool->status().repeats, 4U);
  spool->forget_repeats();
  EXPECT_EQ(append(*spool, 5), Spool::Appended::stored);
}

TEST(Spool, WhatIsTooLongIsCountedNotTaken) {
  TemporaryFolder folder;
  World world;
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"a"}});
  EXPECT_EQ(append(*spool, 1, 50, 70'000), Spool::Appended::too_long) << "a sixteenth of the spool";
  EXPECT_EQ(spool->append({DocumentKind::alert, 1, std::string(200, 'i'), 1, "{}"}),
            Spool::Appended::too_long);
  EXPECT_EQ(spool->status().too_long, 2U);
  EXPECT_TRUE(read_all(*spool).empty());
}

// The documents that stay are those with the highest scores of all, the newest among equals, and
// disk and memory stay within their bounds; also across restarts.
TEST(Spool, WhenFullTheHighestScoresStay) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    TemporaryFolder folder;
    World world;
    Random random(seed);
    const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a", "b"}};
    auto spool = open_spool(world, options);
    std::set<std::pair<double, std::uint64_t>> expected;
    constexpr std::size_t kBytes = 1500;
    const std::uint64_t room = kSmallSpool / 4 * 3;
    std::uint64_t size = 0;
    std::uint64_t dropped = 0;
    double dropped_max = 0;
    for (std::uint64_t i = 1; i <= 3000; ++i) {
      const double score = static_cast<double>(random() % 100);
      append(*spool, i, score, kBytes);
      expected.insert({score, i});
      size = spool->status().bytes / spool->status().records;
      while (expected.size() > room / size && spool->status().records < expected.size()) {
        dropped_max = std::max(dropped_max, expected.begin()->first);
        expected.erase(expected.begin());
        ++dropped;
      }
      ASSERT_LE(bytes_in(options.folder), kSmallSpool) << i;
      if (random() % 500 == 0) {
        spool.reset();
        spool = open_spool(world, options);
      }
    }
    std::vector<std::string> want;
    std::set<std::uint64_t> numbers;
    for (const auto& [score, number] : expected) numbers.insert(number);
    for (const std::uint64_t number : numbers) want.push_back("id-" + std::to_string(number));
    EXPECT_EQ(ids_of(read_all(*spool)), want) << "seed " << seed;
    EXPECT_GT(dropped, 2000U);
    EXPECT_GT(world.said_with("the spool is full"), 0U);
  }
}

TEST(Spool, CountsWhatItDropped) {
  TemporaryFolder folder;
  World world;
  const auto spool = open_spool(world, {folder.path("spool"), kSmallSpool, {"a", "b"}});
  std::uint64_t stored = 0;
  while (append(*spool, ++stored, 70, 4000) == Spool::Appended::stored &&
         spool->status().dropped == 0) {
  }
  EXPECT_EQ(spool->status().dropped, 1U) << "the oldest of equals";
  EXPECT_EQ(spool->status().dropped_score_max, 70);
  EXPECT_EQ(append(*spool, 5000, 10, 4000), Spool::Appended::dropped);
  EXPECT_EQ(spool->status().dropped, 2U);
  EXPECT_EQ(spool->reader_status(0, 0).dropped, 2U);
  // What a reader has in hand is not lost for it.
  const std::size_t in_hand = read_all(*spool, 0).size();
  EXPECT_EQ(in_hand, stored - 1);
  EXPECT_EQ(append(*spool, 5001, 90, 4000), Spool::Appended::stored);
  EXPECT_EQ(spool->reader_status(0, 0).dropped, 2U);
  EXPECT_EQ(spool->reader_status(1, 0).dropped, 3U);
  EXPECT_EQ(world.said_with("the spool is full"), 1U);
}

// Random appends, reads, advances and restarts against a plain list.
TEST(Spool, BehavesAsAListForEachReader) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    TemporaryFolder folder;
    World world;
    Random random(seed);
    const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a", "b", "c"}};
    auto spool = open_spool(world, options);
    std::vector<std::uint64_t> sequences;  // of id-1, id-2, ...
    std::vector<std::uint64_t> at(3, 1);
    for (int step = 0; step < 400; ++step) {
      const std::uint64_t what = random() % 20;
      if (what < 12) {
        sequences.push_back(spool->head());
        ASSERT_EQ(
            append(*spool, sequences.size(), static_cast<double>(random() % 100), random() % 700),
            Spool::Appended::stored);
      } else if (what < 19) {
        const std::size_t reader = random() % 3;
        std::uint64_t passed = 0;
        const auto got = spool->read(reader, at[reader], 0, random() % 30 + 1, SIZE_MAX, passed);
        for (std::size_t i = 0; i < got.size(); ++i) {
          ASSERT_EQ(got[i].sequence, at[reader] + i);
          ASSERT_EQ(got[i].id, "id-" + std::to_string(got[i].sequence));
        }
        at[reader] = passed;
        spool->advance(reader, passed);
      } else {
        world.now += 2'000'000;
        spool.reset();
        spool = open_spool(world, options);
        ASSERT_EQ(spool->head(), sequences.size() + 1);
      }
    }
    for (std::size_t reader = 0; reader < 3; ++reader) {
      EXPECT_EQ(ids_of(read_all(*spool, reader)), ids(at[reader], sequences.size()));
    }
  }
}

}  // namespace
}  // namespace doorward
