// Every bound of this room in one place. What happens at a bound is written beside it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace doorward {

/// Longest line that is read, in bytes. A longer one is skipped to its newline, counted and
/// reported.
inline constexpr std::size_t kLineBytesMax = std::size_t{64} * 1024;

/// Longest JSON record that is read, in bytes. A longer one is skipped to its end, counted and
/// reported.
inline constexpr std::size_t kRecordBytesMax = std::size_t{1024} * 1024;

/// Deepest nesting of brackets in a JSON record. A deeper one is skipped to its end, counted and
/// reported. At most 64: each level is a bit of a word.
inline constexpr std::size_t kRecordDepthMax = 64;

/// Longest user name, host name or other field that is held while an attempt is pending, in bytes.
/// A longer one is cut there and counted (sshd itself cuts its log lines at about 1,000 bytes).
inline constexpr std::size_t kHeldFieldBytesMax = 1024;

/// All text of one held event together, in bytes. Fields are kept in the order of enum Field, each
/// cut to what is left, so event.original is what suffers.
inline constexpr std::size_t kHeldEventBytesMax = 2048;

/// Attempts that one source keeps open at a time (one a process). At the limit the oldest is closed
/// early, as if its time limit had passed: its event is emitted, nothing is lost.
inline constexpr std::size_t kOpenAttemptsMax = 2048;

/// Event time after which an open attempt is closed without its last line, in microseconds.
inline constexpr std::int64_t kAttemptTimeMaxUs = 120'000'000;

/// Largest N believed in "message repeated N times". Larger is taken as this and counted.
inline constexpr std::uint32_t kRepeatMax = 1000;

/// Two traces of one attempt in two logs are at most this far apart in event time, in microseconds.
inline constexpr std::int64_t kTwinTimeMaxUs = 10'000'000;

/// Events held while their twin may still come. At the limit the oldest goes on without its twin.
inline constexpr std::size_t kHeldEventsMax = 2048;

/// Values of one list or set file, globs among them (which are tried one by one), and the bytes of
/// one value. More is a mistake where it is written; a set file's earlier version stays in force.
inline constexpr std::size_t kSetValuesMax = 100'000;
inline constexpr std::size_t kSetGlobsMax = 256;
inline constexpr std::size_t kSetValueBytesMax = 1024;

/// Largest set file, in bytes, and most set files in use. More is a mistake.
inline constexpr std::size_t kSetFileBytesMax = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kSetFilesMax = 64;

/// Exceptions in force. More is a mistake; the further ones silence nothing.
inline constexpr std::size_t kExceptionsMax = 1000;

/// Mistakes of one set file that are named one by one; further ones are only counted.
inline constexpr std::size_t kSetMistakesMax = 10;

/// Set files are looked at no more often than this, and read once nobody has written to them for
/// so long, in microseconds.
inline constexpr std::int64_t kSetCheckUs = 10'000'000;
inline constexpr std::int64_t kSetSettleUs = 2'000'000;

}  // namespace doorward
