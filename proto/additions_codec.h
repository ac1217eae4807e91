// The bytes of Additions: what a DeltaBatch and a BaselinePatch carry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sketch/additions.h"
#include "sketch/result.h"

namespace doorward {

/// What one piece of bytes may hold; more is refused before anything is unpacked.
struct AdditionsLimits {
  std::size_t entries = std::size_t{1} << 18;
  /// Packed bytes before compression; also what is taken into memory while unpacking.
  [[nodiscard]] std::size_t raw_bytes() const {
    return 64 + entries * 20 + std::size_t{128} * 1024;
  }
};

/// Packs in order of kind, space, epoch and key, keys as their gaps (docs/protocol.md), then zstd
/// where that is shorter. Equal sets give equal bytes, in whatever order they came.
std::vector<std::uint8_t> encode_additions(const Additions& additions);

/// Reads what encode_additions() wrote; trusts nothing in it. Errors say what was wrong: too long,
/// too many, numbers out of range, order not ascending, bytes left over. Epochs are not judged
/// beyond their number: only who knows the time can.
Result<Additions> decode_additions(std::span<const std::uint8_t> bytes,
                                   const AdditionsLimits& limits = {});

}  // namespace doorward
