// RecentAdditions: what was just added to a set, so that adding it again costs nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sketch/hash.h"

namespace doorward {

/// A set union is idempotent, and what users do they do again and again: the same address, host and
/// hour. So a DistinctTable remembers its last additions and skips those that come again. It may
/// only skip what it holds, hence forget() whenever something is erased.
///
/// An addition is known by 64 bits that follow from the secret hashes of partition and value (not
/// from the value's fingerprint, which two values may share); that two are taken for each other
/// takes a coincidence of all of them. 32 KiB, taken at the start, beside the memory that a
/// baseline is given: a memo and no history. Not saved, and empty in a copy.
class RecentAdditions {
 public:
  static constexpr std::size_t kPlaces = 4096;

  RecentAdditions() : places_(std::make_unique<std::array<std::uint64_t, kPlaces>>()) {}
  RecentAdditions(const RecentAdditions& /*other*/) : RecentAdditions() {}
  RecentAdditions(RecentAdditions&&) noexcept = default;
  RecentAdditions& operator=(const RecentAdditions&) = delete;
  RecentAdditions& operator=(RecentAdditions&&) noexcept = default;
  ~RecentAdditions() = default;

  /// Whether this addition was the last one at its place; from now on it is. `partition`, `value`:
  /// low words of their hashes.
  bool is_known(std::uint64_t partition, std::uint64_t value, unsigned slot) {
    const std::uint64_t name =
        detail::fold_multiply(partition ^ 0xA0761D6478BD642FULL,
                              (value ^ 0xE7037ED1A0B428DBULL) + slot * 0x9E3779B97F4A7C15ULL) |
        1U;  // 0: free
    std::uint64_t& place = (*places_)[name >> 52];
    if (place == name) return true;
    place = name;
    return false;
  }

  void forget() { places_->fill(0); }

 private:
  std::unique_ptr<std::array<std::uint64_t, kPlaces>> places_;
};

}  // namespace doorward
