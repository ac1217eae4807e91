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

// What two registers, packed in a byte, add to the sum of 2^-rank over ranks 1..14 (in units of
// 2^-14), to the number of registers of rank 0, and to that of rank 15. All fit side by side for
// 2^15 registers and more.
constexpr unsigned kZerosAt = 32;
constexpr unsigned kFullAt = 48;
constexpr std::uint64_t kSumMask = 0xFFFFFFFF;
constexpr std::uint64_t kCountMask = 0xFFFF;
constexpr double kLeast = 1.0 / (1U << (kRankMax - 1));

constexpr std::uint64_t of_register(unsigned rank) {
  if (rank == 0) return std::uint64_t{1} << kZerosAt;
  if (rank == kRankMax) return std::uint64_t{1} << kFullAt;
  return std::uint64_t{1} << (kRankMax - 1 - rank);
}

constexpr std::array<std::uint64_t, 256> kOfByte = [] {
  std::array<std::uint64_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    table[byte] = of_register(byte & 0xFU) + of_register(byte >> 4);
  }
  return table;
}();

}  // namespace

void unite(std::span<std::uint8_t> into, std::span<const std::uint8_t> from) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const unsigned low = std::max(into[i] & 0x0FU, from[i] & 0x0FU);
    const unsigned high = std::max(into[i] & 0xF0U, from[i] & 0xF0U);
    into[i] = static_cast<std::uint8_t>(low | high);
  }
}

double estimate(std::span<const std::uint8_t> registers) {
  std::uint64_t all = 0;
  for (const std::uint8_t byte : registers) all += kOfByte[byte];
  const auto m = static_cast<double>(2 * registers.size());
  const auto zeros = static_cast<double>(all >> kZerosAt & kCountMask);
  const auto full = static_cast<double>(all >> kFullAt & kCountMask);
  if (zeros == m) return 0;
  double z = m * tau(1 - full / m) * kLeast;
  z += static_cast<double>(all & kSumMask) * kLeast;
  z += m * sigma(zeros / m);
  constexpr double kMax = 1U << kFingerprintBits;
  const double limit =
      m * m / (2 * std::numbers::ln2 * kMax);  // the z at which the estimate is kMax
  return z <= limit ? kMax : m * m / (2 * std::numbers::ln2 * z);
}

}  // namespace doorward::hll
