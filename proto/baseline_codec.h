// The bytes of a baseline: a checksummed FlatBuffers buffer, for files and messages alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sketch/baseline.h"
#include "sketch/result.h"

namespace doorward {

/// Version of the format; others are refused.
inline constexpr std::uint16_t kBaselineVersion = 2;

/// Schema: baseline.fbs. Each section is packed (baseline_sections.h): cells sparse or dense,
/// whichever is smaller, and then compressed with zstd. An empty 8 MiB baseline takes less than 1
/// KiB, one of 100,000 pairs in 5,000 partitions about 0.5 MB.
///
/// Canonical: baselines of equal content give equal bytes (with the same release of libzstd), in
/// whatever order the content came.
/// Needs memory for the compressed sections and the largest packed one while it works.
std::vector<std::uint8_t> encode_baseline(const Baseline& baseline);

/// Reads what encode_baseline() wrote; trusts nothing in it. Checked in this order, each with its
/// own sentence in the Error: size, file identifier, FlatBuffers structure (depth and number of
/// tables bounded), version, checksum, key, shape, and then of every section its kind, decompressed
/// size (known before anything is decompressed), places, values, epochs within the ring.
/// `bytes_max` bounds the size in memory that the file may ask for: a server passes the size it
/// expects.
Result<Baseline> decode_baseline(std::span<const std::uint8_t> bytes, const HashKey& key,
                                 std::size_t bytes_max = kBaselineBytesMax);

/// The longest encoding decode_baseline() looks at.
constexpr std::size_t encoded_baseline_max(std::size_t bytes_max = kBaselineBytesMax) {
  return bytes_max + bytes_max / 2;
}

}  // namespace doorward
