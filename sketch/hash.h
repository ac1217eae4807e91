// Keyed 128-bit hashing: SipHash-2-4 with 128-bit output (Aumasson and Bernstein, 2012) of
// libsodium, so that nobody without the fleet's key can choose colliding names.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace doorward {

/// A 128-bit keyed hash. {0, 0} stands for "no value".
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  [[nodiscard]] bool none() const { return (low | high) == 0; }
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// The secret fleet key, 16 bytes. All-zero is the key of an agent without a fleet (replay, tests):
/// sketches made under different keys never mix (the codec refuses).
struct HashKey {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const HashKey&, const HashKey&) = default;
};

/// Hash of a text under the key. Never {0, 0}. About 20 ns for 25 bytes.
Hash128 hash_text(const HashKey& key, std::string_view text);

/// A short public name of the key (64 bits), which does not give the key away; stored in files so
/// that sketches under different keys are not mixed.
std::uint64_t key_name(const HashKey& key);

namespace detail {
__extension__ using Uint128 = unsigned __int128;
inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<Uint128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
}  // namespace detail

/// The hash whose low word this is, for hashes made by join(): their high word follows from the low
/// one. 64 secret bits name a pair beyond confusion (10 million pairs: one coincidence in 370,000
/// fleets), and half the bytes are sent.
inline Hash128 wide(std::uint64_t low) {
  return {low, detail::fold_multiply(low ^ 0xE7037ED1A0B428DBULL, 0x8EBC6AF09C88C6E3ULL) | 1U};
}

/// Joins two secret hashes and a small public number (which rule, which level) into the hash of the
/// pair. The inputs are outputs of the keyed hash, so multiplying and folding is enough: whoever
/// does not know them cannot aim. Not symmetric in a and b. About 2 ns. The result is wide() of its
/// low word.
inline Hash128 join(Hash128 a, Hash128 b, std::uint64_t number) {
  const std::uint64_t salt = (number + 1) * 0x9E3779B97F4A7C15ULL;
  const std::uint64_t x = detail::fold_multiply(a.low ^ salt, b.high ^ 0xD6E8FEB86659FD93ULL);
  const std::uint64_t y = detail::fold_multiply(a.high + salt, b.low ^ 0xA0761D6478BD642FULL);
  return wide(detail::fold_multiply(x ^ b.low, y ^ a.high ^ 0x8EBC6AF09C88C6E3ULL));
}

}  // namespace doorward
