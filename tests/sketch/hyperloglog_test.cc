#include "sketch/hyperloglog.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace doorward::hll {
namespace {

using Registers = std::array<std::uint8_t, 64>;

Registers filled(std::size_t values, std::mt19937_64& random) {
  Registers registers{};
  for (std::size_t i = 0; i < values; ++i) {
    raise(registers.data(), position<7>(static_cast<std::uint32_t>(random() >> 40)));
  }
  return registers;
}

TEST(HyperLogLog, PositionsAreRegisterAndRank) {
  EXPECT_EQ(position<7>(0xFFFFFF).index, 127U);
  EXPECT_EQ(position<7>(0xFFFFFF).rank, 1U);
  EXPECT_EQ(position<7>(0x400005).index, 5U);
  EXPECT_EQ(position<7>(0x400005).rank, 2U);
  EXPECT_EQ(position<7>(0x000001).rank, kRankMax);
  EXPECT_EQ(position<6>(0x000040).rank, kRankMax);
  EXPECT_EQ(position<6>(0x800000).rank, 1U);
}

TEST(HyperLogLog, RegistersOnlyRise) {
  Registers registers{};
  EXPECT_TRUE(raise(registers.data(), {3, 5}));
  EXPECT_FALSE(raise(registers.data(), {3, 5}));
  EXPECT_FALSE(raise(registers.data(), {3, 4}));
  EXPECT_TRUE(raise(registers.data(), {2, 15}));
  EXPECT_EQ(registers[1], 0x5F);
}

// The sum over registers, by ranks, as the formula in the header has it.
TEST(HyperLogLog, EstimateIsTheFormula) {
  std::mt19937_64 random(5);
  for (const std::size_t values : {1U, 3U, 40U, 128U, 700U, 1500U}) {
    Registers registers;
    std::array<double, 16> of_rank{};
    do {  // registers at their limit are another case
      registers = filled(values, random);
      of_rank = {};
      for (const std::uint8_t byte : registers) {
        ++of_rank[byte & 0xFU];
        ++of_rank[byte >> 4];
      }
    } while (of_rank[15] != 0);
    double sum = 0;
    for (int k = 1; k < 15; ++k) sum += of_rank[static_cast<std::size_t>(k)] * std::exp2(-k);
    // sigma(x) = x + sum over k >= 1 of x^(2^k) 2^(k-1)
    const double x = of_rank[0] / 128;
    double sigma = x;
    for (int k = 1; k < 20; ++k) sigma += std::pow(x, std::exp2(k)) * std::exp2(k - 1);
    const double expected = 128 * 128 / (2 * std::log(2.0)) / (128 * sigma + sum);
    EXPECT_NEAR(estimate(registers), expected, expected * 1e-9) << values;
  }
}

TEST(HyperLogLog, EndsOfTheRange) {
  Registers registers{};
  EXPECT_EQ(estimate(registers), 0);
  registers.fill(0xFF);
  EXPECT_EQ(estimate(registers), 1 << 24);
  registers.fill(0);
  raise(registers.data(), {0, 1});
  EXPECT_NEAR(estimate(registers), 1, 0.01);
}

TEST(HyperLogLog, UnionIsRegistersOfTheUnion) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 50; ++trial) {
    const Registers a = filled(300, random);
    const Registers b = filled(3000, random);
    Registers ab = a;
    unite(ab, b);
    Registers ba = b;
    unite(ba, a);
    EXPECT_EQ(ab, ba);
    unite(ab, a);
    EXPECT_EQ(ab, ba);
    for (std::size_t i = 0; i < ab.size(); ++i) {
      EXPECT_EQ(ab[i] & 15, std::max(a[i] & 15, b[i] & 15));
      EXPECT_EQ(ab[i] >> 4, std::max(a[i] >> 4, b[i] >> 4));
    }
  }
}

// The mean over trials is right, and the spread is what the papers promise.
TEST(HyperLogLog, ErrorIsWithinTheFormula) {
  std::mt19937_64 random(7);
  for (const std::size_t values : {10U, 60U, 121U, 300U, 1000U, 10'000U, 100'000U, 400'000U}) {
    const int trials = values > 50'000 ? 60 : 400;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < trials; ++i) {
      const double error = estimate(filled(values, random)) / static_cast<double>(values) - 1;
      sum += error;
      squares += error * error;
    }
    const double sigma = 1.04 / std::sqrt(128);
    // Fingerprints of 24 bits coincide: n of them are n - n^2 / 2^25 different ones.
    const double coincide = static_cast<double>(values) * 0x1p-25;
    EXPECT_LE(std::abs(sum / trials + coincide), 3 * sigma / std::sqrt(trials) + 0.003) << values;
    EXPECT_LE(std::sqrt(squares / trials), sigma * (1 + 3 / std::sqrt(2.0 * trials)) + 0.01)
        << values;
  }
}

}  // namespace
}  // namespace doorward::hll
