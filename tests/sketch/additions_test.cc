// Additions: what is noted, summed and taken out gives the same baseline as the logs themselves.
#include "sketch/additions.h"

#include <gtest/gtest.h>

#include <random>

#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::random_log;

Baseline empty() {
  return Baseline::make({.bytes = kBaselineBytesMin, .epochs = 8, .epoch_us = 1000}).value();
}

Hash128 key_of(std::uint32_t partition) {
  return join(testing::hash_number(partition, 1), Hash128{}, 3);
}

/// What a rule learns of an event.
void learn(const testing::Log& log, Baseline& baseline) {
  for (const testing::Addition& one : log) {
    baseline.advance(one.epoch);
    if (!baseline.holds(one.epoch)) continue;
    baseline.pairs(one.space).add(one.pair_hash(), one.epoch);
    baseline.totals(one.space).add(key_of(one.partition), one.epoch, 1 + one.value % 3);
    baseline.distinct(one.space).add(key_of(one.partition), one.value_hash(), one.epoch);
    baseline.histograms().add(testing::hash_number(one.partition % 5, 9), one.value % 128,
                              one.epoch);
  }
}

testing::Log log_of(std::uint64_t seed) {
  return random_log({.additions = 4000, .partitions = 60, .values = 40, .last_epoch = 103}, seed);
}

Additions noted(const testing::Log& log, Baseline& baseline) {
  Additions additions;
  baseline.note_into(&additions);
  learn(log, baseline);
  baseline.note_into(nullptr);
  return additions;
}

TEST(Additions, OfManyHostsGiveTheBaselineOfAllLogs) {
  Baseline all = empty();
  Baseline fleet = empty();
  for (std::uint64_t host = 0; host < 5; ++host) {
    Baseline own = empty();
    const Additions delta = noted(log_of(host), own);
    EXPECT_EQ(delta.lost(), 0U);
    delta.apply_to(fleet);
    learn(log_of(host), all);
  }
  EXPECT_EQ(encode_baseline(fleet), encode_baseline(all));
}

TEST(Additions, OfOneHostInPiecesAreTheWhole) {
  Baseline whole = empty();
  const Additions once = noted(log_of(1), whole);
  Baseline in_pieces = empty();
  Additions sum;
  const testing::Log log = log_of(1);
  for (std::size_t i = 0; i < log.size(); i += 700) {
    const testing::Log piece(
        log.begin() + static_cast<std::ptrdiff_t>(i),
        log.begin() + static_cast<std::ptrdiff_t>(std::min(log.size(), i + 700)));
    sum.add(noted(piece, in_pieces));
  }
  EXPECT_EQ(encode_additions(sum), encode_additions(once));
}

/// What an agent does with a round: the fleet's additions without its own are what others learned.
TEST(Additions, WithoutOnesOwnAreThoseOfTheOthers) {
  Baseline mine = empty();
  const Additions own = noted(log_of(1), mine);
  Baseline other = empty();
  Additions round = noted(log_of(2), other);
  round.add(own);
  round.subtract(own);
  round.drop_zeros();
  // What only this host has learned is not in it any more.
  EXPECT_LT(round.size(), own.size() + 500);
  round.apply_to(mine);

  Baseline both = empty();
  learn(log_of(1), both);
  learn(log_of(2), both);
  EXPECT_EQ(encode_baseline(mine), encode_baseline(both));
}

TEST(Additions, WithoutThemselvesAreEmpty) {
  Baseline baseline = empty();
  Additions additions = noted(log_of(8), baseline);
  const Additions same = noted(log_of(8), baseline);
  additions.subtract(same);
  Baseline nothing = empty();
  nothing.advance(103);
  const auto bytes = encode_baseline(nothing);
  additions.apply_to(nothing);
  EXPECT_EQ(encode_baseline(nothing), bytes);
  additions.drop_zeros();
  EXPECT_TRUE(additions.empty());
  // What was 0 counts again from there.
  additions.add(same);
  EXPECT_EQ(encode_additions(additions), encode_additions(same));
}

TEST(Additions, AppliedAreNotNotedAgain) {
  Baseline baseline = empty();
  const Additions delta = noted(log_of(3), baseline);
  Additions heard;
  baseline.note_into(&heard);
  delta.apply_to(baseline);
  Baseline copy = baseline.copy();
  learn(log_of(4), copy);
  EXPECT_TRUE(heard.empty());
}

TEST(Additions, OfEpochsBeyondTheRingAreLeftOut) {
  Additions additions;
  additions.pair(Space::successes, 77, 100);
  additions.pair(Space::successes, 78, 120);
  Baseline baseline = empty();
  additions.apply_to(baseline);
  EXPECT_EQ(baseline.newest(), 120);
  EXPECT_EQ(baseline.pairs(Space::successes).read(wide(78))[0], 1);
  EXPECT_EQ(baseline.pairs(Space::successes).read(wide(77)),
            (std::array<std::uint8_t, kEpochSlots>{}));
}

TEST(Additions, CountWhatFindsNoRoom) {
  Additions additions(1000);
  for (std::uint64_t i = 0; i < 1500; ++i) {
    additions.pair(Space::failures, i * 0x9E3779B97F4A7C15ULL, 5);
  }
  EXPECT_EQ(additions.size(), 1000U);
  EXPECT_EQ(additions.lost(), 500U);
  for (std::int64_t epoch = 6; epoch < 20; ++epoch) additions.pair(Space::failures, 0, epoch);
  EXPECT_EQ(additions.epochs().size(), Additions::kEpochsMax);
  additions.clear();
  EXPECT_TRUE(additions.empty());
  EXPECT_EQ(additions.lost(), 0U);
  additions.pair(Space::failures, 1, 30);
  EXPECT_EQ(additions.size(), 1U);
}

TEST(AdditionsCodec, GivesBackWhatItTook) {
  Baseline baseline = empty();
  const Additions additions = noted(log_of(5), baseline);
  const std::vector<std::uint8_t> bytes = encode_additions(additions);
  const Result<Additions> read = decode_additions(bytes);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value().size(), additions.size());
  EXPECT_EQ(encode_additions(read.value()), bytes);
  Baseline again = empty();
  read.value().apply_to(again);
  EXPECT_EQ(encode_baseline(again), encode_baseline(baseline));
  const Result<Additions> none = decode_additions(encode_additions(Additions()));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none.value().empty());
}

TEST(AdditionsCodec, DoesNotDependOnTheOrder) {
  testing::Log log = log_of(6);
  Baseline one = empty();
  one.advance(103);
  const auto bytes = encode_additions(noted(log, one));
  std::shuffle(log.begin(), log.end(), std::mt19937_64(1));
  Baseline two = empty();
  two.advance(103);
  EXPECT_EQ(encode_additions(noted(log, two)), bytes);
}

TEST(AdditionsCodec, RefusesDamageAndExcess) {
  Baseline baseline = empty();
  const Additions additions = noted(log_of(7), baseline);
  std::vector<std::uint8_t> bytes = encode_additions(additions);
  EXPECT_FALSE(decode_additions({}).ok());
  EXPECT_FALSE(decode_additions(bytes, {.entries = additions.size() - 1}).ok());
  EXPECT_TRUE(decode_additions(bytes, {.entries = additions.size()}).ok());
  EXPECT_FALSE(decode_additions(std::span(bytes).first(bytes.size() - 1)).ok());
  bytes[0] = 9;
  const auto strange = decode_additions(bytes);
  ASSERT_FALSE(strange.ok());
  EXPECT_EQ(strange.error().message(), "additions: they are of an unknown form");
  // Plain bytes, so that damage reaches the unpacker: nothing but errors or other additions.
  Additions few;
  few.pair(Space::successes, 5, 10);
  few.distinct(Space::failures, 6, 7, 10);
  few.bin({1, 2}, 3, 10);
  const std::vector<std::uint8_t> plain = encode_additions(few);
  ASSERT_EQ(plain[0], 1);
  for (std::size_t cut = 0; cut < plain.size(); ++cut) {
    EXPECT_FALSE(decode_additions(std::span(plain).first(cut)).ok()) << cut;
  }
  for (std::size_t at = 0; at < plain.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::vector<std::uint8_t> damaged = plain;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 1U << bit);
      (void)decode_additions(damaged);
    }
  }
  std::vector<std::uint8_t> longer = plain;
  longer.push_back(0);
  EXPECT_EQ(decode_additions(longer).error().message(), "additions: bytes are left over");
}

}  // namespace
}  // namespace doorward
