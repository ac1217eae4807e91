// How much anybody may ask of the API, and what happens beyond.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace doorward {

// --- requests ---
/// Bytes of a request's first line and headers; 431 beyond.
inline constexpr std::size_t kApiHeaderBytesMax = std::size_t{16} << 10;
/// Bytes of a body (a policy's files with their escapes are the longest); 413 beyond.
inline constexpr std::size_t kApiBodyBytesMax = std::size_t{10} << 20;
/// Of one text in a query or body, but for files; 400 beyond.
inline constexpr std::size_t kApiTextBytesMax = 4'096;
/// Nesting of a body's JSON, and members of an object; 400 beyond.
inline constexpr std::size_t kApiJsonDepthMax = 8;
inline constexpr std::size_t kApiJsonMembersMax = 64;
/// Files in a body; 400 beyond.
inline constexpr std::size_t kApiFilesMax = 1'000;
/// Parameters in a query.
inline constexpr std::size_t kApiQueryMax = 32;
/// Rows on one page; 400 beyond.
inline constexpr std::int64_t kApiPageMax = 1'000;
inline constexpr std::int64_t kApiPage = 50;
/// Entries that one question about the audit trail looks at.
inline constexpr std::uint64_t kAuditLookMax = 20'000;

// --- connections ---
/// At a time; further ones are closed at once.
inline constexpr std::size_t kApiConnectionsMax = 256;
/// Of one address (IPv6: of one /64).
inline constexpr std::size_t kApiConnectionsOfOneMax = 32;
inline constexpr std::chrono::seconds kApiHandshakeTime{10};
/// For a request to come in, and an answer to go out.
inline constexpr std::chrono::seconds kApiRequestTime{30};
inline constexpr std::chrono::seconds kApiIdleTime{60};
/// For a large answer: as long as so many bytes a second are read.
inline constexpr std::uint64_t kApiSlowestReader = 64 * 1024;

// --- who it is ---
/// Verified tokens that are remembered, and for how long.
inline constexpr std::size_t kTokenCacheMax = 1'000;
inline constexpr std::chrono::seconds kTokenCacheTime{60};
/// Tokens waiting for argon2; 503 beyond.
inline constexpr std::size_t kVerifyQueueMax = 32;
/// Tokens that were none, of one address in a minute; 429 beyond.
inline constexpr double kFailedTriesAMinute = 10;
/// Clients whose rate is remembered; beyond it the one that was quiet for longest is forgotten.
inline constexpr std::size_t kRateClientsMax = 10'000;

// --- work off the core's thread ---
/// Waiting policies to validate, secrets to hash, backups to make; 503 beyond.
inline constexpr std::size_t kApiWorkMax = 64;
/// Bytes of bodies that wait or are worked on; 503 beyond.
inline constexpr std::size_t kApiWorkBytesMax = std::size_t{64} << 20;

// --- audit ---
/// Refused tries written down in a minute; further ones are counted, and the next entry says how
/// many.
inline constexpr std::uint64_t kRefusedAuditsAMinute = 60;
/// Times that an entry is tried whose number another server took.
inline constexpr unsigned kAuditTriesMax = 16;

/// When to try again, in seconds, where there is no better guess.
inline constexpr unsigned kApiRetryAfterS = 5;

}  // namespace doorward
