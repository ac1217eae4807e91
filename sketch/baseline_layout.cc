#include "sketch/baseline_layout.h"

#include <algorithm>
#include <string>

#include "sketch/histograms.h"

namespace doorward {
namespace {

// Shares in KiB of an 8 MiB baseline, without what is fixed.
constexpr std::size_t kWhole = 8192 - Histograms::kBytes / 1024 - kBaselineHeader / 1024;

std::size_t share(std::size_t rest, std::size_t kibibytes) {
  return rest / kWhole * kibibytes + rest % kWhole * kibibytes / kWhole;
}

DistinctTable::Sizes distinct_share(std::size_t rest, std::size_t directory, std::size_t arena,
                                    std::size_t overflow) {
  return {std::max(share(rest, directory), DistinctTable::kDirectoryMin),
          std::max(share(rest, arena), DistinctTable::kArenaMin),
          std::max(share(rest, overflow), DistinctTable::kOverflowMin)};
}

std::size_t sum(const DistinctTable::Sizes& sizes) {
  return sizes.directory + sizes.arena + sizes.overflow;
}

}  // namespace

Result<BaselineLayout> lay_out_baseline(std::size_t bytes) {
  if (bytes < kBaselineBytesMin || bytes > kBaselineBytesMax) {
    return Error{"baseline", "a size of " + std::to_string(bytes) + " bytes is outside " +
                                 std::to_string(kBaselineBytesMin) + " (256 KiB) to " +
                                 std::to_string(kBaselineBytesMax) + " (1 GiB)"};
  }
  const std::size_t rest = bytes - Histograms::kBytes - kBaselineHeader;
  BaselineLayout out{};
  out.failures.pairs = share(rest, 128);
  out.failures.totals = share(rest, 32);
  out.failures.distinct = distinct_share(rest, 8, 48, 8);
  out.successes.totals = share(rest, 1536);
  out.successes.distinct = distinct_share(rest, 128, 768, 128);
  // The pairs get what remains: it is their error that hides attacks.
  out.successes.pairs = rest - out.failures.pairs - out.failures.totals -
                        sum(out.failures.distinct) - out.successes.totals -
                        sum(out.successes.distinct);
  return out;
}

}  // namespace doorward
