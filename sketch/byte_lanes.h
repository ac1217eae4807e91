// Operations on small lanes inside machine words. Where SSE2 does one better there are two
// versions; the portable ones are in namespace portable, and the tests hold both to the same
// answers.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace doorward::lanes {

namespace portable {

/// Per byte, the lesser.
inline std::uint64_t min_bytes(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    const std::uint64_t x = (a >> shift) & 0xFF;
    const std::uint64_t y = (b >> shift) & 0xFF;
    out |= (x < y ? x : y) << shift;
  }
  return out;
}

/// Per byte, the sum or 255.
inline std::uint64_t add_bytes_saturated(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    const std::uint64_t sum = ((a >> shift) & 0xFF) + ((b >> shift) & 0xFF);
    out |= (sum < 0xFF ? sum : 0xFF) << shift;
  }
  return out;
}

/// Of 16 words, bit i is set where the upper 24 bits of word i are `upper`.
inline unsigned match_upper24(const std::uint32_t* words, std::uint32_t upper) {
  unsigned hits = 0;
  for (unsigned i = 0; i < 16; ++i) hits |= static_cast<unsigned>((words[i] >> 8) == upper) << i;
  return hits;
}

}  // namespace portable

#if defined(__SSE2__) && defined(__x86_64__)

inline __m128i from_word(std::uint64_t a) {
  return _mm_cvtsi64_si128(static_cast<long long>(a));
}
inline std::uint64_t to_word(__m128i a) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(a));
}

inline std::uint64_t min_bytes(std::uint64_t a, std::uint64_t b) {
  return to_word(_mm_min_epu8(from_word(a), from_word(b)));
}

inline std::uint64_t add_bytes_saturated(std::uint64_t a, std::uint64_t b) {
  return to_word(_mm_adds_epu8(from_word(a), from_word(b)));
}

inline unsigned match_upper24(const std::uint32_t* words, std::uint32_t upper) {
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(upper));
  const auto equal = [&](unsigned i) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(words + i));
    return _mm_cmpeq_epi32(_mm_srli_epi32(four, 8), wanted);
  };
  const __m128i first = _mm_packs_epi32(equal(0), equal(4));
  const __m128i second = _mm_packs_epi32(equal(8), equal(12));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(first, second)));
}

#else

using portable::add_bytes_saturated;
using portable::match_upper24;
using portable::min_bytes;

#endif

/// Byte s is 0xFF where bit s of the mask is set, else 0.
inline std::uint64_t spread_bits(std::uint8_t mask) {
  const std::uint64_t picked = (mask * 0x0101010101010101ULL) & 0x8040201008040201ULL;
  const std::uint64_t ones = ((picked + 0x7F7F7F7F7F7F7F7FULL) >> 7) & 0x0101010101010101ULL;
  return ones * 0xFF;
}

/// Bit s is set where byte s is not 0.
inline std::uint8_t nonzero_bytes(std::uint64_t word) {
  word |= word >> 4;
  word |= word >> 2;
  word |= word >> 1;
  word &= 0x0101010101010101ULL;
  return static_cast<std::uint8_t>((word * 0x0102040810204080ULL) >> 56);
}

/// From order of slots to order of age: byte i of the result is byte (newest_slot - i) mod 8.
inline std::uint64_t by_age(std::uint64_t slots, unsigned newest_slot) {
  return std::rotr(__builtin_bswap64(slots), static_cast<int>(8 * ((7 - newest_slot) % 8)));
}

/// A 64-bit hash onto 0..size-1 by its upper bits (Lemire, "Fast random integer generation in an
/// interval", 2019). Keeps the order of the hashes.
inline std::uint64_t fastrange(std::uint64_t hash, std::uint64_t size) {
  __extension__ using Uint128 = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Uint128>(hash) * size) >> 64);
}

}  // namespace doorward::lanes
