// Every bound of this room in one place. What happens at a bound is written beside it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace doorward {

/// Bytes read from a file at a time.
inline constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

/// Files open at a time; the others wait closed until their time in the merge has come. When more
/// than these overlap in time, the one whose next record is latest is closed for another, and the
/// one that is opened again runs ahead of the others by up to kRunAheadUs of event time, so that
/// not every record costs an opening: events are then only in order to that much. Pipes cannot be
/// opened again; they stay open beyond the limit.
inline constexpr std::size_t kOpenFilesMax = 64;
inline constexpr std::int64_t kRunAheadUs = 60'000'000;

/// Files taken from the folders named at the start, or known in those that are watched. Further
/// ones are not read, which is reported: each costs its path in memory.
inline constexpr std::size_t kFolderFilesMax = 1'000'000;

/// Inputs that cannot be read and are named one by one; further ones are only counted.
inline constexpr std::size_t kNamedErrorsMax = 100;

/// First bytes of a file that sources may look at to tell whether it is theirs.
inline constexpr std::size_t kSniffBytes = std::size_t{64} * 1024;

/// Places of bad lines that are named one by one; further ones are only counted.
inline constexpr std::size_t kNamedFaultsMax = 10;

}  // namespace doorward
