#include "sketch/hyperloglog.h"

#include <array>
#include <cmath>
#include <numbers>

namespace doorward::hll {
namespace {

// The two series of Ertl's estimator, each summed until it stops changing.

double sigma(double x) {
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double tau(double x) {
  if (x <= 0 || x >= 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y /= 2;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

void unite(std::span<std::uint8_t> into, std::span<const std::uint8_t> from) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const unsigned low = std::max(into[i] & 0x0FU, from[i] & 0x0FU);
    const unsigned high = std::max(into[i] & 0xF0U, from[i] & 0xF0U);
    into[i] = static_cast<std::uint8_t>(low | high);
  }
}

double estimate(std::span<const std::uint8_t> registers) {
  // Two tables, so that equal neighbours do not wait for each other.
  std::array<std::uint32_t, kRankMax + 1> even{};
  std::array<std::uint32_t, kRankMax + 1> odd{};
  for (const std::uint8_t byte : registers) {
    ++even[byte & 0xFU];
    ++odd[byte >> 4];
  }
  const auto count = [&](unsigned rank) { return static_cast<double>(even[rank] + odd[rank]); };
  const auto m = static_cast<double>(2 * registers.size());
  if (count(0) == m) return 0;
  double z = m * tau(1 - count(kRankMax) / m);
  for (unsigned rank = kRankMax - 1; rank >= 1; --rank) z = (z + count(rank)) / 2;
  z += m * sigma(count(0) / m);
  constexpr double kMax = 1U << kFingerprintBits;
  const double limit =
      m * m / (2 * std::numbers::ln2 * kMax);  // the z at which the estimate is kMax
  return z <= limit ? kMax : m * m / (2 * std::numbers::ln2 * z);
}

}  // namespace doorward::hll
