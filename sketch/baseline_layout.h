// BaselineLayout: how a baseline's bytes are divided among its sketches.
#pragma once

#include <cstddef>

#include "sketch/distinct_table.h"
#include "sketch/result.h"

namespace doorward {

/// Least and greatest size of a baseline.
inline constexpr std::size_t kBaselineBytesMin = std::size_t{256} << 10;
inline constexpr std::size_t kBaselineBytesMax = std::size_t{1} << 30;
/// Reserved for the objects themselves (a Baseline, without what it points to).
inline constexpr std::size_t kBaselineHeader = 4096;

/// Bytes of each sketch; a function of the whole size alone, so equal sizes have equal shapes.
struct BaselineLayout {
  struct Part {
    std::size_t pairs;
    std::size_t totals;
    DistinctTable::Sizes distinct;
  };
  Part successes;
  Part failures;
};

/// Divides the size. 64 KiB of histograms and the header are fixed; the rest is shared in
/// proportion, which at 8 MiB gives
///     successes: pairs 5.2 MiB, totals 1.5 MiB, distinct 1 MiB (directory 128, arena 768, overflow
///     128 KiB) failures:  pairs 128 KiB, totals 32 KiB, distinct 64 KiB (8, 48, 8 KiB)
/// Error outside kBaselineBytesMin..Max.
Result<BaselineLayout> lay_out_baseline(std::size_t bytes);

}  // namespace doorward
