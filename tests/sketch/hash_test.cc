#include "sketch/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace doorward {
namespace {

HashKey counting_key() {
  HashKey key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::uint8_t>(i);
  return key;
}

std::string counting_text(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<char>(i));
  return text;
}

std::string hex(Hash128 hash) {
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &hash, 16);
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// Key 00 01 .. 0f, text 00 01 ..: the test vectors of the authors' reference implementation.
TEST(Hash, GivesTheReferenceVectorsOfSipHash128) {
  EXPECT_EQ(hex(hash_text(counting_key(), counting_text(0))), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(hex(hash_text(counting_key(), counting_text(1))), "da87c1d86b99af44347659119b22fc45");
}

// Recorded when version 2 of the files was fixed: a change would orphan every stored baseline.
TEST(Hash, StaysAsStored) {
  EXPECT_EQ(hex(hash_text(HashKey{}, "203.0.113.7, 198.51.100.25")),
            "be89adc5a5244b10db7da39f9087081a");
  EXPECT_EQ(key_name(HashKey{}), 0x926956425C3B29D9ULL);
  EXPECT_EQ(hex(join({1, 2}, {3, 4}, 5)), "ed11165fa888e4f321ac792e5c9cfe0d");
}

TEST(Hash, DependsOnTheKey) {
  EXPECT_NE(hash_text(HashKey{}, "root"), hash_text(counting_key(), "root"));
  EXPECT_NE(key_name(HashKey{}), key_name(counting_key()));
}

std::vector<Hash128> names(std::size_t count) {
  std::vector<Hash128> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(hash_text(counting_key(), "user" + std::to_string(i)));
  }
  return out;
}

TEST(Join, HasNoCollisionsAmongAMillionPairs) {
  const auto hashes = names(700);
  std::set<std::uint64_t> low;
  std::set<std::uint64_t> high;
  std::size_t joined = 0;
  for (const Hash128 a : hashes) {
    for (const Hash128 b : hashes) {
      for (const std::uint64_t number : {0U, 1U}) {
        const Hash128 hash = join(a, b, number);
        low.insert(hash.low);
        high.insert(hash.high);
        ++joined;
      }
    }
  }
  EXPECT_EQ(low.size(), joined);
  EXPECT_EQ(high.size(), joined);
}

TEST(Join, IsNotSymmetric) {
  const auto hashes = names(2);
  EXPECT_NE(join(hashes[0], hashes[1], 0), join(hashes[1], hashes[0], 0));
}

// A flipped bit of the input flips every bit of the output with probability 1/2 (but the lowest of
// `high`, which is always set so that double hashing steps are odd).
void expect_avalanche(Hash128 (*flip)(Hash128 a, Hash128 b, unsigned bit)) {
  const auto hashes = names(400);
  for (unsigned bit = 0; bit < 128; ++bit) {
    std::array<int, 128> flips{};
    for (std::size_t i = 0; i + 1 < hashes.size(); ++i) {
      const Hash128 plain = join(hashes[i], hashes[i + 1], 3);
      const Hash128 flipped = flip(hashes[i], hashes[i + 1], bit);
      for (unsigned out = 0; out < 64; ++out) {
        flips[out] += static_cast<int>(((plain.low ^ flipped.low) >> out) & 1U);
        flips[64 + out] += static_cast<int>(((plain.high ^ flipped.high) >> out) & 1U);
      }
    }
    for (unsigned out = 0; out < 128; ++out) {
      if (out == 64) continue;
      // 399 trials of probability 1/2: 10 standard deviations of 10 at 16,384 comparisons are 6
      // apart.
      EXPECT_NEAR(flips[out], 199.5, 60) << "input bit " << bit << ", output bit " << out;
    }
  }
}

void flip_bit(Hash128& hash, unsigned bit) {
  (bit < 64 ? hash.low : hash.high) ^= std::uint64_t{1} << (bit % 64);
}

TEST(Join, AvalanchesFromTheFirst) {
  expect_avalanche([](Hash128 a, Hash128 b, unsigned bit) {
    flip_bit(a, bit);
    return join(a, b, 3);
  });
}

TEST(Join, AvalanchesFromTheSecond) {
  expect_avalanche([](Hash128 a, Hash128 b, unsigned bit) {
    flip_bit(b, bit);
    return join(a, b, 3);
  });
}

}  // namespace
}  // namespace doorward
