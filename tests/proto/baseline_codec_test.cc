#include "proto/baseline_codec.h"

#include <gtest/gtest.h>

#include "proto/baseline_sections.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::baseline_of;
using testing::LogShape;

const LogShape kSparse = {.additions = 500, .partitions = 40, .values = 9};
const LogShape kCrowded = {
    .additions = 40'000, .partitions = 900, .values = 60, .first_epoch = -9, .last_epoch = -2};

TEST(BaselineCodec, RoundTripKeepsEverything) {
  for (const LogShape& shape : {LogShape{.additions = 0}, kSparse, kCrowded}) {
    const auto log = testing::random_log(shape, 4);
    Baseline before = baseline_of(log);
    const auto bytes = encode_baseline(before);
    auto decoded = decode_baseline(bytes, HashKey{});
    ASSERT_TRUE(decoded.ok()) << decoded.error().message();
    Baseline& after = decoded.value();
    EXPECT_EQ(encode_baseline(after), bytes);
    EXPECT_EQ(after.newest(), before.newest());
    for (const auto& addition : log) {
      const auto space = addition.space;
      ASSERT_EQ(after.pairs(space).read(addition.pair_hash()),
                before.pairs(space).read(addition.pair_hash()));
      ASSERT_EQ(after.totals(space).read(addition.partition_hash()),
                before.totals(space).read(addition.partition_hash()));
      for (const unsigned age : {0U, 3U, 7U}) {
        ASSERT_EQ(after.distinct(space).estimate(addition.partition_hash(), age),
                  before.distinct(space).estimate(addition.partition_hash(), age));
      }
    }
    // And it goes on as the original does.
    const auto more = testing::random_log(
        {.additions = 3000, .partitions = 400, .values = 9, .first_epoch = -5, .last_epoch = -1},
        5);
    testing::apply(more, before);
    testing::apply(more, after);
    EXPECT_EQ(encode_baseline(after), encode_baseline(before));
  }
}

TEST(BaselineCodec, SmallWhenThereIsLittle) {
  EXPECT_LT(encode_baseline(testing::make_baseline(std::size_t{8} << 20)).size(), 1024U);
  const auto log = testing::random_log({.additions = 100, .partitions = 10, .values = 5}, 1);
  EXPECT_LT(encode_baseline(baseline_of(log, std::size_t{8} << 20)).size(), 10'000U);
}

TEST(BaselineCodec, ReadsAtEveryAlignment) {
  const auto bytes = encode_baseline(baseline_of(testing::random_log(kSparse, 1)));
  std::vector<std::uint8_t> shifted(bytes.size() + 16);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::copy(bytes.begin(), bytes.end(), shifted.begin() + static_cast<std::ptrdiff_t>(offset));
    const auto decoded =
        decode_baseline(std::span(shifted).subspan(offset, bytes.size()), HashKey{});
    ASSERT_TRUE(decoded.ok()) << decoded.error().message();
  }
}

TEST(BaselineCodec, RefusesAnotherKey) {
  HashKey key;
  key.bytes[15] = 9;
  const auto decoded = decode_baseline(encode_baseline(testing::make_baseline()), key);
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message().find("key"), std::string::npos);
}

TEST(BaselineCodec, RefusesMoreMemoryThanAllowed) {
  const auto bytes = encode_baseline(testing::make_baseline(2 * kBaselineBytesMin));
  EXPECT_TRUE(decode_baseline(bytes, HashKey{}, 2 * kBaselineBytesMin).ok());
  const auto decoded = decode_baseline(bytes, HashKey{}, kBaselineBytesMin);
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message().find("memory"), std::string::npos);
  const std::vector<std::uint8_t> long_one(encoded_baseline_max(kBaselineBytesMin) + 1);
  EXPECT_NE(
      decode_baseline(long_one, HashKey{}, kBaselineBytesMin).error().message().find("too long"),
      std::string::npos);
}

template <class Unit>
void expect_units_round_trip(std::vector<Unit> units) {
  const auto packed = pack_sparse(std::span<const Unit>(units));
  if (packed.size() >= units.size() * sizeof(Unit)) return;  // the codec takes the dense form
  std::vector<Unit> back(units.size());
  const Status status = unpack_sparse(packed, std::span(back));
  ASSERT_TRUE(status.ok()) << status.error().message();
  EXPECT_EQ(back, units);
}

TEST(BaselineSections, UnitsRoundTripAtEveryDensity) {
  std::mt19937_64 random(8);
  for (const unsigned one_in : {1U, 2U, 3U, 10U, 300U, 20'000U}) {
    std::vector<std::uint8_t> bytes(50'000);
    std::vector<std::uint32_t> words(50'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (random() % one_in != 0) continue;
      bytes[i] = static_cast<std::uint8_t>(random());
      words[i] = static_cast<std::uint32_t>(random() >> (32 + random() % 32));
    }
    expect_units_round_trip(bytes);
    expect_units_round_trip(words);
  }
}

}  // namespace
}  // namespace doorward
