// The checksum within a buffer of FlatBuffers (checksum.fbs).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace doorward {

inline constexpr std::size_t kChecksumBytes = 16;

/// BLAKE2b of 128 bits over the buffer, kChecksumBytes from `hole` on taken as zero: there the
/// checksum itself lies. `hole` + kChecksumBytes must be within the buffer.
std::array<std::uint8_t, kChecksumBytes> checksum_around(std::span<const std::uint8_t> buffer,
                                                         std::size_t hole);

/// Writes the checksum into its place.
void write_checksum(std::span<std::uint8_t> buffer, std::size_t hole);

/// Whether the checksum in its place is right.
bool checksum_is_right(std::span<const std::uint8_t> buffer, std::size_t hole);

/// Where in the buffer a part of it lies, as a generated accessor gives it.
std::size_t place_in(std::span<const std::uint8_t> buffer, const void* part);

}  // namespace doorward
