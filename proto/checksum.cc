#include "proto/checksum.h"

#include <sodium.h>

#include <cassert>
#include <cstring>

namespace doorward {

std::array<std::uint8_t, kChecksumBytes> checksum_around(std::span<const std::uint8_t> buffer,
                                                         std::size_t hole) {
  static constexpr std::array<std::uint8_t, kChecksumBytes> kZeros{};
  static_assert(kChecksumBytes == crypto_generichash_BYTES_MIN);
  assert(hole + kChecksumBytes <= buffer.size());
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, kChecksumBytes);
  crypto_generichash_update(&state, buffer.data(), hole);
  crypto_generichash_update(&state, kZeros.data(), kZeros.size());
  const auto rest = buffer.subspan(hole + kChecksumBytes);
  crypto_generichash_update(&state, rest.data(), rest.size());
  std::array<std::uint8_t, kChecksumBytes> out;
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

void write_checksum(std::span<std::uint8_t> buffer, std::size_t hole) {
  const auto checksum = checksum_around(buffer, hole);
  std::memcpy(buffer.data() + hole, checksum.data(), checksum.size());
}

bool checksum_is_right(std::span<const std::uint8_t> buffer, std::size_t hole) {
  const auto checksum = checksum_around(buffer, hole);
  return std::memcmp(buffer.data() + hole, checksum.data(), checksum.size()) == 0;
}

std::size_t place_in(std::span<const std::uint8_t> buffer, const void* part) {
  return static_cast<std::size_t>(static_cast<const std::uint8_t*>(part) - buffer.data());
}

}  // namespace doorward
