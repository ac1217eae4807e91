// HyperLogLog registers of four bits, packed two a byte, and the estimate from them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sketch/hash.h"

/// HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007): m registers, each the largest rank
/// (number of leading zeros + 1) of the values that fell to it. The union of two sets has, register
/// by register, the larger. Relative standard error 1.04 / sqrt(m): 9.2 % for 128, 13 % for 64.
///
/// A value enters as a fingerprint of 24 bits: log2(m) bits choose the register, the leading zeros
/// of the others make the rank, which stops at 15. So four bits suffice, and what is known of a
/// value is the same whether it was first kept as a fingerprint and moved in later, or came in at
/// once.
namespace doorward::hll {

inline constexpr unsigned kFingerprintBits = 24;
inline constexpr unsigned kRankMax = 15;

/// The part of a value's hash that sketches keep.
inline std::uint32_t fingerprint(Hash128 value) {
  return static_cast<std::uint32_t>(value.low >> (64 - kFingerprintBits));
}

/// Where a fingerprint falls among 2^index_bits registers.
struct Position {
  unsigned index;
  unsigned rank;  ///< 1..kRankMax
};

template <unsigned index_bits>
constexpr Position position(std::uint32_t fingerprint) {
  constexpr unsigned kRest = kFingerprintBits - index_bits;
  static_assert(kRest >= kRankMax - 1);
  const std::uint32_t rest = fingerprint >> index_bits;
  const auto zeros = static_cast<unsigned>(std::countl_zero(rest)) - (32 - kRest);
  return {fingerprint & ((1U << index_bits) - 1), std::min(zeros + 1, kRankMax)};
}

/// Raises a register to the rank; tells whether it was lower.
// NOLINTNEXTLINE(readability-non-const-parameter): written through a reference
inline bool raise(std::uint8_t* registers, Position at) {
  std::uint8_t& byte = registers[at.index / 2];
  const unsigned shift = (at.index % 2) * 4;
  if (((byte >> shift) & 0xFU) >= at.rank) return false;
  byte = static_cast<std::uint8_t>((byte & ~(0xFU << shift)) | (at.rank << shift));
  return true;
}

/// Makes `into` the registers of the union. Same size.
void unite(std::span<std::uint8_t> into, std::span<const std::uint8_t> from);

/// Estimated number of distinct values in 2 * registers.size() registers, at most 2^24. 0 when all
/// registers are 0. Formula: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
/// (2017), algorithm 6: with C_k the number of registers of rank k and q = 14,
///     m^2 / (2 ln 2) / (m sigma(C_0 / m) + sum over k = 1..q of C_k 2^-k + m tau(1 - C_15 / m)
///     2^-q)
/// It needs neither the switch to linear counting of the 2007 paper nor tables of its bias: sigma
/// takes care of few values (and there is as good as linear counting), tau of registers at their
/// limit.
double estimate(std::span<const std::uint8_t> registers);

}  // namespace doorward::hll
