// Every bound of the fleet's rules. What happens at a bound is written beside it. Agents may send
// what they like: all of it stays within these.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/event.h"

namespace doorward {

/// Sightings of one delta that are looked at; further ones are counted as refused.
inline constexpr std::size_t kFleetSightingsPerDelta = 4096;

/// Event times further behind, or ahead of, the moment at which the server had the delta are
/// refused and counted: an agent that was away for a day has nothing to add to the windows, and a
/// clock that is wrong must not end the windows of others.
inline constexpr TimeUs kFleetLateUs = 24 * 3600 * kSecondUs;
inline constexpr TimeUs kFleetAheadUs = 600 * kSecondUs;

/// Sightings and alerts that wait so that those of several agents come in the order of their times.
/// At the limit the oldest go on at once: the order suffers, nothing is lost. About 1 KB each.
inline constexpr std::size_t kFleetWaitingMax = 16'384;

/// Users and addresses of each rule of which is known which agents told of them, and how many
/// agents of each. At the limit those of which one agent alone told go first; one of which nothing
/// is known is not held back. About 1.5 KB each at most.
inline constexpr std::size_t kContributorsMax = 8192;
inline constexpr std::size_t kContributorAgentsMax = 8;
/// How far back agents count as having told of one, where the rule's evidence does not say.
inline constexpr TimeUs kContributorWindowUs = 24 * 3600 * kSecondUs;
/// Texts of what agents send are cut to so many bytes.
inline constexpr std::size_t kFleetTextBytes = 64;
/// Alert documents of agents beyond this are not looked at.
inline constexpr std::size_t kFleetDocumentBytes = std::size_t{256} << 10;

/// Memory of the rates that the fleet's rules have learned, for each group.
inline constexpr std::size_t kFleetRulesBaselineBytes = std::size_t{1} << 20;
/// Groups; those of more are not judged, and that is said in the log.
inline constexpr std::size_t kFleetGroupsMax = 64;

/// Alerts that wait to be appended (the disk is full). At the limit further ones are counted as
/// lost.
inline constexpr std::size_t kFleetOutboxMax = 10'000;
/// A snapshot of each group's state at most so often, when something has changed.
inline constexpr TimeUs kFleetSnapshotUs = 300 * kSecondUs;
/// Entries of the log that are folded anew for a group that has no snapshot. A log with more is
/// begun at its end.
inline constexpr std::uint64_t kFleetRefoldMax = 200'000;

}  // namespace doorward
