#include <gtest/gtest.h>

#include <array>
#include <random>

#include "sketch/byte_lanes.h"

namespace doorward::lanes {
namespace {

// Words whose bytes are often at the ends of the range.
std::uint64_t edgy_word(std::mt19937_64& random) {
  std::uint64_t word = random();
  for (unsigned byte = 0; byte < 8; ++byte) {
    const std::uint64_t mask = std::uint64_t{0xFF} << (8 * byte);
    const auto choice = random() % 4;
    if (choice == 0) word &= ~mask;
    if (choice == 1) word |= mask;
  }
  return word;
}

TEST(Lanes, FastAndPortableVersionsAgree) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t a = edgy_word(random);
    const std::uint64_t b = edgy_word(random);
    ASSERT_EQ(min_bytes(a, b), portable::min_bytes(a, b));
    ASSERT_EQ(add_bytes_saturated(a, b), portable::add_bytes_saturated(a, b));
  }
}

TEST(Lanes, MatchFindsEveryPlace) {
  std::mt19937_64 random(2);
  alignas(64) std::array<std::uint32_t, 16> words;
  for (int i = 0; i < 20'000; ++i) {
    for (auto& word : words) word = static_cast<std::uint32_t>(random());
    const auto wanted = static_cast<std::uint32_t>(random() >> 40);
    unsigned expected = 0;
    for (unsigned place = 0; place < 16; ++place) {
      if (random() % 3 != 0) continue;
      words[place] = wanted << 8 | (words[place] & 0xFF);
      expected |= 1U << place;
    }
    ASSERT_EQ(portable::match_upper24(words.data(), wanted), expected);
    ASSERT_EQ(match_upper24(words.data(), wanted), expected);
  }
}

TEST(Lanes, SpreadAndGatherAreInverse) {
  for (unsigned mask = 0; mask < 256; ++mask) {
    std::uint64_t expected = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((mask >> bit) & 1U) expected |= std::uint64_t{0xFF} << (8 * bit);
    }
    const std::uint64_t spread = spread_bits(static_cast<std::uint8_t>(mask));
    EXPECT_EQ(spread, expected);
    for (const std::uint64_t part : {0x0101010101010101ULL, 0x8080808080808080ULL, ~0ULL}) {
      EXPECT_EQ(nonzero_bytes(spread & part), mask);
    }
  }
}

TEST(Lanes, ByAgeStartsAtTheNewest) {
  const std::uint64_t slots = 0x0706050403020100ULL;  // byte s holds s
  for (unsigned newest = 0; newest < 8; ++newest) {
    const std::uint64_t aged = by_age(slots, newest);
    for (unsigned age = 0; age < 8; ++age) {
      EXPECT_EQ((aged >> (8 * age)) & 0xFF, (newest + 8 - age) % 8);
    }
  }
}

TEST(Lanes, FastrangeKeepsOrderAndRange) {
  EXPECT_EQ(fastrange(0, 1000), 0U);
  EXPECT_EQ(fastrange(~0ULL, 1000), 999U);
  EXPECT_EQ(fastrange(1ULL << 63, 1000), 500U);
}

}  // namespace
}  // namespace doorward::lanes
