// Every bound of the agents' sessions, and what happens at it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace doorward {

/// Threads for TLS and frames.
inline constexpr int kWireThreads = 2;

/// Connections without a certificate at a time; a further one is told to come back.
inline constexpr std::size_t kStrangersMax = 256;
/// From the handshake to Welcome or Enrolled; who takes longer is let go.
inline constexpr std::chrono::seconds kIntroductionMax{20};
/// Hellos at a time on their way through the core; a further one is told to come back.
inline constexpr std::size_t kHellosWaitingMax = 2000;
/// Proposals waiting in the core beyond which an agent that says Hello is told to come back.
inline constexpr std::size_t kBusyWaiting = 20'000;
/// How long those who are to come back are told to wait: any time within, so that they do not all
/// come at once. In milliseconds.
inline constexpr std::uint32_t kBusyFirstMs = 1000;
inline constexpr std::uint32_t kBusyLastMs = 30'000;
/// The same when the server stops.
inline constexpr std::uint32_t kRestartFirstMs = 1000;
inline constexpr std::uint32_t kRestartLastMs = 15'000;
/// The same when the store takes no changes (disk full).
inline constexpr std::uint32_t kTroubleFirstMs = 30'000;
inline constexpr std::uint32_t kTroubleLastMs = 90'000;
/// After a move.
inline constexpr std::uint32_t kMovedMs = 1000;

/// Enrolments of one address and of all, a second, and at once; a further one is told to come back.
inline constexpr double kEnrolmentsOfAddress = 1;
inline constexpr double kEnrolmentsOfAddressAtOnce = 100;
inline constexpr double kEnrolments = 200;
inline constexpr double kEnrolmentsAtOnce = 1000;
/// Addresses of which that is known; at the limit those who have been quiet are forgotten, then all
/// of them.
inline constexpr std::size_t kEnrolmentAddressesMax = 8192;
/// Tries to take the next use of a token that others use at the same time.
inline constexpr int kTokenTriesMax = 64;
/// Audit entries that those who are refused can cause, a second and at once; further ones are only
/// counted, in the detail of the next.
inline constexpr double kRefusalAudits = 1;
inline constexpr double kRefusalAuditsAtOnce = 30;

/// Messages of one agent a second and at once, and bytes. Beyond it is sent RetryAfter; beyond
/// twice the burst it is told to come back, and what it sent since is not taken.
inline constexpr double kMessagesASecond = 50;
inline constexpr double kMessagesAtOnce = 500;
inline constexpr double kBytesASecond = 4.0 * 1024 * 1024;
inline constexpr double kBytesAtOnce = 64.0 * 1024 * 1024;

/// In one message; more is malformed, which ends the connection.
inline constexpr std::size_t kDeltasABatch = 2048;
inline constexpr std::size_t kAlertsABatch = 2048;
/// In one delta; one with more is refused.
inline constexpr std::size_t kSightingsADelta = 4096;
/// Longest packed additions, document and event.id in bytes; a longer one is refused.
inline constexpr std::size_t kAdditionsBytesMax = std::size_t{8} << 20;
inline constexpr std::size_t kAlertDocumentMax = std::size_t{64} << 10;
inline constexpr std::size_t kAlertIdMax = 128;
/// Texts of agents; what is longer is cut.
inline constexpr std::size_t kAgentTextMax = 255;
inline constexpr std::size_t kAgentReasonMax = 1024;

/// Policies, verdicts and patches on their way to all agents, in bytes; the others wait.
inline constexpr std::size_t kOutboxBytesMax = std::size_t{32} << 20;
/// Of whole baselines so many at a time.
inline constexpr std::size_t kWholesAtATime = 4;
/// Verdicts in one message; the rest comes in the next.
inline constexpr std::size_t kVerdictsAMessage = 500;

/// Earlier instances of an agent that are remembered, to notice two that run at the same time.
inline constexpr std::size_t kInstancesKept = 4;
/// One agent renews at most this often.
inline constexpr std::chrono::seconds kRenewalEvery{30};
/// Connections get this long for their farewell when the server stops.
inline constexpr std::chrono::milliseconds kFarewellMax{3000};

}  // namespace doorward
