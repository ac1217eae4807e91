// Every bound of the agent's part in a fleet, and what happens at it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace doorward {

/// Entries that the open additions take; what is beyond is lost to the fleet and counted. They are
/// sealed long before, at kDeltaSealEntries, at as many epochs or at as many histograms.
inline constexpr std::size_t kDeltaOpenEntries = std::size_t{1} << 18;
inline constexpr std::size_t kDeltaSealEntries = std::size_t{1} << 16;
inline constexpr std::size_t kDeltaSealEpochs = 4;
inline constexpr std::size_t kDeltaSealBins = 16;
/// A larger set gives its memory back when it is sealed.
inline constexpr std::size_t kOpenKeepsRoom = std::size_t{1} << 12;
/// Entries of one delta, which a server takes; more become several deltas.
inline constexpr std::size_t kDeltaEntriesMax = std::size_t{1} << 17;
/// Lines read between two looks at whether to seal.
inline constexpr std::size_t kFleetLinesPerSlice = 512;

/// How often values were new goes with a delta when so many events were counted, of all rules
/// together, or after so long: it is worth a few kilobytes a day, not a few in every delta.
inline constexpr std::uint64_t kFitSealEvents = 20'000;
inline constexpr std::chrono::hours kFitSealEvery{24};

/// Sealed deltas without a number, since no server is there to take them. Beyond the first number
/// two become one where kDeltaEntriesMax allows; beyond so many bytes the oldest is let go, and
/// counted: the fleet does not learn it.
inline constexpr std::size_t kWaitingDeltas = 16;
inline constexpr std::size_t kWaitingBytesMax = std::size_t{32} << 20;
/// Numbered deltas that are not part of a round yet. At the limit further ones wait.
inline constexpr std::size_t kNumberedDeltasMax = 64;
/// Sightings of one delta; further ones are left out when deltas are merged.
inline constexpr std::size_t kDeltaSightingsMax = 4096;
/// Bytes of one delta in a saved state.
inline constexpr std::size_t kDeltaBytesMax = std::size_t{16} << 20;

/// Entries of one round of a fleet. A longer one is refused, which ends the connection.
inline constexpr std::size_t kRoundEntriesMax = std::size_t{1} << 22;
/// A round that reaches further ahead of the clock than this, in microseconds, is refused: it would
/// empty the ring.
inline constexpr std::int64_t kRoundFutureMaxUs = std::int64_t{2} * 86'400 * 1'000'000;
/// Patches that wait while one is applied. More ends the connection; the server sends them again.
inline constexpr std::size_t kPatchesWaiting = 4096;
inline constexpr std::size_t kPatchesWaitingBytes = std::size_t{64} << 20;

/// Of one DeltaBatch: deltas, and bytes (or one delta, however long).
inline constexpr std::size_t kBatchDeltas = 8;
inline constexpr std::size_t kBatchDeltaBytes = std::size_t{4} << 20;

/// Waits: after a failed connection (exponential, full jitter), after a refusal that only a person
/// can mend, and the longest that a server may ask for.
inline constexpr std::chrono::milliseconds kReconnectFirst{1000};
inline constexpr std::chrono::milliseconds kReconnectMax{60'000};
inline constexpr std::chrono::milliseconds kRefusedWait{600'000};
inline constexpr std::chrono::milliseconds kAskedWaitMax{3'600'000};
/// A connection that lasted so long makes the next wait short again.
inline constexpr std::chrono::seconds kStableAfter{20};
/// From connecting to a Welcome; also the whole of an enrolment.
inline constexpr std::chrono::milliseconds kWelcomeMax{30'000};

/// What a server may set.
inline constexpr std::chrono::milliseconds kDeltaIntervalMin{100};
inline constexpr std::chrono::milliseconds kDeltaIntervalMax{3'600'000};
inline constexpr std::chrono::milliseconds kDeltaIntervalDefault{60'000};
inline constexpr std::chrono::milliseconds kHeartbeatMin{500};
inline constexpr std::chrono::milliseconds kHeartbeatMax{120'000};
inline constexpr std::chrono::milliseconds kHeartbeatDefault{30'000};
/// A renewal is asked for again this often.
inline constexpr std::chrono::seconds kRenewRetry{600};

/// States that were set aside for a fleet's key; older ones are removed.
inline constexpr std::size_t kStatesBeforeFleetKept = 3;
/// Longest name of a group; the rest is cut.
inline constexpr std::size_t kGroupNameMax = 64;
/// Longest text of a server that is kept or said, in bytes; the rest is cut.
inline constexpr std::size_t kServerTextMax = 300;

}  // namespace doorward
