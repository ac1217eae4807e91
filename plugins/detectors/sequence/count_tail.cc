#include "plugins/detectors/sequence/count_tail.h"

#include <algorithm>
#include <cmath>

namespace doorward {
namespace {

/// Counts below this have a bin each.
constexpr std::uint32_t kExact = 64;
constexpr double kBinsADoubling = 8;

/// Belief before anything was seen: P(N >= 1), and how much rarer each further one is.
constexpr double kAny = 0.05;
constexpr double kMore = 0.5;
/// Counts after which measurement and belief weigh the same.
constexpr double kPriorCounts = 2000;

/// The smallest count of a bin.
double least_of(std::size_t bin) {
  if (bin < kExact) return static_cast<double>(bin);
  return kExact * std::exp2(static_cast<double>(bin - kExact) / kBinsADoubling);
}

double believed_tail(double count) {
  return count < 1 ? 1 : std::max(1e-300, kAny * std::pow(kMore, count - 1));
}

}  // namespace

unsigned count_bin(std::uint32_t count) {
  if (count < kExact) return count;
  const double above = kBinsADoubling * std::log2(static_cast<double>(count) / kExact);
  return static_cast<unsigned>(std::min<double>(kExact + above, kCountBins - 1));
}

double count_tail(const std::array<std::uint64_t, kCountBins>& bins, std::uint32_t count) {
  if (count == 0) return 1;
  std::array<std::uint64_t, kCountBins + 1> tail{};
  for (std::size_t b = kCountBins; b-- > 0;) tail[b] = tail[b + 1] + bins[b];
  const double believed = believed_tail(count);
  const auto seen = static_cast<double>(tail[0]);
  if (tail[0] < kCountCompany) return believed;

  std::size_t edge = 0;  // the largest bin with company
  while (edge + 1 < kCountBins && tail[edge + 1] >= kCountCompany) ++edge;
  const std::size_t bin = count_bin(count);
  const double measured = bin <= edge
                              ? static_cast<double>(tail[bin]) / seen
                              : kCountCompany / seen * std::min(1.0, least_of(edge + 1) / count);
  const double trust = seen / (seen + kPriorCounts);
  return std::clamp(std::exp(trust * std::log(measured) + (1 - trust) * std::log(believed)), 1e-300,
                    1.0);
}

}  // namespace doorward
