// The clock of sliding windows: event time in slots, sixteen of which are looked at.
#pragma once

#include <cstdint>

namespace doorward::sliding {

/// A window is 15 slots and what has passed of the current one. A bucket is 15 slots, aligned to
/// time 0; so bucket = slot / 15.
inline constexpr std::uint32_t kBucketSlots = 15;
inline constexpr std::uint32_t kSlots = kBucketSlots + 1;

inline constexpr std::uint32_t bucket_of(std::uint32_t slot) {
  return slot / kBucketSlots;
}

/// What one entity's window holds, and the part of it that lies in the newest bucket.
struct Counts {
  std::uint32_t window = 0;
  std::uint32_t bucket = 0;
};

}  // namespace doorward::sliding
