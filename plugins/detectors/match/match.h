// Detector `match`: things that are each no more than odd meet on one entity within a window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "plugins/detectors/detector.h"

namespace doorward {

/// Bytes that are kept of the name of a user or of a network alert, and of an action. Longer ones
/// are cut there.
inline constexpr std::size_t kMatchNameBytesMax = 64;
inline constexpr std::size_t kMatchActionBytesMax = 32;

/// Largest value of `most` (events of one entity in the window).
inline constexpr std::int64_t kMatchMostMax = 250;

/// Largest value of `alerts`, and rules that are told apart on one entity in the length of a
/// window. Further ones are not named; the rule has fired by then.
inline constexpr std::int64_t kMatchRulesMax = 8;

/// Of what was told before: evidence beside other rules' alerts (a score of 2), never an alert
/// again.
inline constexpr double kMatchRepeatedPValue = 0.04;

/// Entities that are kept unless `entities` says otherwise, and the most that it may say. At the
/// limit those with the fewest events leave first.
inline constexpr std::int64_t kMatchEntities = 4096;
inline constexpr std::int64_t kMatchEntitiesMax = 1'000'000;

/// The window of the rule's table in seconds; noted as a mistake when it is not between a minute
/// and 30 days.
std::uint32_t match_window(Params& table, std::string_view fallback);

/// Event time in whole seconds since 1970, what lies outside of 32 bits taken to the nearest end.
std::uint32_t match_seconds(TimeUs time);

/// Two conditions on one entity: [match.one] and [match.other].
std::unique_ptr<Detector> make_pair_match(Rule& rule, Params& table, ViewTable& views);
/// Alerts of different rules on one entity: `alerts = N`.
std::unique_ptr<Detector> make_alert_match(Rule& rule, Params& table, ViewTable& views);

}  // namespace doorward
