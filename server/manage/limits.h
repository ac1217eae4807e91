// What a person may ask for at most; beyond it the change is refused with the number.
#pragma once

#include <cstddef>
#include <cstdint>

namespace doorward {

/// Bytes of a group's name, of an API token's.
inline constexpr std::size_t kNameBytesMax = 64;
/// Bytes of a reason or comment.
inline constexpr std::size_t kReasonBytesMax = 1'000;
inline constexpr std::size_t kGroupsMax = 1'000;
/// Tokens that are neither used up, ended nor revoked.
inline constexpr std::size_t kOpenTokensMax = 10'000;
inline constexpr std::size_t kApiTokensMax = 1'000;
/// Agents that one enrolment token may bring.
inline constexpr std::uint32_t kTokenUsesMax = 10'000;
/// Longest life of an enrolment token, and of an API token that ends.
inline constexpr std::int64_t kTokenLifeMaxUs = std::int64_t{30} * 24 * 3600 * 1'000'000;
inline constexpr std::int64_t kApiTokenLifeMaxUs = std::int64_t{3650} * 24 * 3600 * 1'000'000;
/// Verdicts on one alert.
inline constexpr std::uint64_t kVerdictsMax = 100;
/// Bytes of what an audit entry says of the target and the detail; the rest is cut off.
inline constexpr std::size_t kAuditTextMax = 512;

}  // namespace doorward
