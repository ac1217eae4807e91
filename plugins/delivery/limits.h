// Every bound of the spool, the delivery and the outputs, and what happens at it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace doorward {

/// Longest document, in bytes, in a spool of 16 MiB or more; smaller ones take a sixteenth of their
/// size. A longer one is not appended; it is counted.
inline constexpr std::size_t kDocumentBytesMax = std::size_t{1024} * 1024;

/// Longest event.id, in bytes. A longer one is not appended; it is counted.
inline constexpr std::size_t kDocumentIdBytesMax = 128;

/// Disk that a spool may take: its default, and what may be set, in MiB. When it is full the
/// documents with the lowest scores go first.
inline constexpr std::int64_t kSpoolMiB = 64;
inline constexpr std::int64_t kSpoolMiBMin = 1;
inline constexpr std::int64_t kSpoolMiBMax = std::int64_t{16} * 1024;

/// Documents in a spool, whatever their size: each costs about 120 bytes of memory. At the limit
/// the lowest scores go first.
inline constexpr std::size_t kSpoolRecordsMax = 65'536;

/// A full spool has at least so many segments, and one has at most so many bytes: one that is
/// rewritten is in memory, and is on disk a second time, within the spool's bound.
inline constexpr std::uint64_t kSpoolSegments = 16;
inline constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{64} * 1024;
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{2} * 1024 * 1024;

/// Documents that a full or failing disk did not take, in memory, in bytes. At the limit those with
/// the lowest scores go first.
inline constexpr std::size_t kSpoolMemoryBytesMax = std::size_t{2} * 1024 * 1024;

/// A disk that failed is tried again this often, in microseconds.
inline constexpr std::int64_t kSpoolRetryUs = 1'000'000;

/// Positions are written at most this often, in microseconds (and at stop): after a power cut so
/// much is delivered again.
inline constexpr std::int64_t kPositionsEveryUs = 1'000'000;

/// Outputs of one spool. More is a mistake in the configuration.
inline constexpr std::size_t kReadersMax = 16;
inline constexpr std::size_t kReaderNameBytesMax = 64;

/// Damaged segments that are kept for a person to look at; the oldest goes first.
inline constexpr std::size_t kDamagedKept = 3;

/// What an output is given at a time: documents, and bytes (or one document, however long).
inline constexpr std::size_t kBatchDocumentsMax = 500;
inline constexpr std::size_t kBatchBytesMax = std::size_t{256} * 1024;

/// Back-off after failures: first and longest wait, before jitter.
inline constexpr std::chrono::milliseconds kBackoffFirst{1000};
inline constexpr std::chrono::milliseconds kBackoffMax{300'000};

/// rejected.ndjson: at this size it becomes rejected.ndjson.1, and the earlier one of that name
/// goes.
inline constexpr std::uint64_t kRejectedBytesMax = std::uint64_t{4} * 1024 * 1024;

/// Longest text of an error that is kept of what a receiver said, in bytes. The rest is cut.
inline constexpr std::size_t kReceiverTextMax = 300;

/// Largest reply of a receiver, in bytes. A larger one ends the connection, and the request is
/// tried again. A bulk reply has a few hundred bytes a document.
inline constexpr std::size_t kReplyBytesMax = std::size_t{1024} * 1024;
inline constexpr std::size_t kReplyHeadBytesMax = std::size_t{16} * 1024;

/// Largest file of a secret, in bytes. A larger one is refused.
inline constexpr std::size_t kSecretBytesMax = 4096;

}  // namespace doorward
