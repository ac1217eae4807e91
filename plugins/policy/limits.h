// Bounds of a fleet's policy. Beyond any of them it is refused as a whole, with the file named.
#pragma once

#include <cstddef>
#include <cstdint>

namespace doorward {

/// Files of one policy, bytes of one file, and of all together. All together fit into one frame
/// (proto/wire.h) with room to spare.
inline constexpr std::size_t kPolicyFilesMax = 256;
inline constexpr std::size_t kPolicyFileBytesMax = std::size_t{1024} * 1024;
inline constexpr std::size_t kPolicyBytesMax = std::size_t{4} * 1024 * 1024;

/// Longest name of a file, folder included ("exceptions/vpn.toml").
inline constexpr std::size_t kPolicyNameBytesMax = 100;

/// Mistakes (and warnings) that are told one by one; further ones are only counted.
inline constexpr std::size_t kPolicyMistakesMax = 50;

/// Example events that all rules of a policy may play together: they are played while a server
/// waits.
inline constexpr std::size_t kPolicyExampleEventsMax = 200'000;

/// Intervals, in seconds.
inline constexpr std::int64_t kPolicyIntervalMin = 1;
inline constexpr std::int64_t kPolicyIntervalMax = 3'600;

/// Lines of two files whose comparison is done line by line: so many cells of a table. Beyond it
/// all lines between the first and the last difference are shown as removed and added.
inline constexpr std::size_t kDiffCellsMax = 4'000'000;
/// Longest text of all differences together; what follows is cut off, and that is said.
inline constexpr std::size_t kDiffBytesMax = std::size_t{1024} * 1024;

}  // namespace doorward
