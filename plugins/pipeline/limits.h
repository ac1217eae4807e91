// Every bound of the pipeline. What happens at a bound is written beside it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace doorward {

/// Events of alerts held back from learning. At the limit a further one is never learned, so that
/// it stays unusual; it is counted.
inline constexpr std::size_t kQuarantineMax = 1024;

/// The same for events that are no successes, apart: anybody can make failures that alert, and must
/// not take the places of logons that succeeded.
inline constexpr std::size_t kQuarantineFailuresMax = 256;

/// What a person found usual is learned as so many logons, at least: one alone would still be
/// unusual, and the same would be asked again.
inline constexpr std::size_t kVerdictLogons = 8;

/// Alerts from this score on are held back from learning. Milder ones teach at once: they are
/// mostly a new habit, and one that is not learned alerts again and again.
inline constexpr double kQuarantineScore = 60;

/// Alerts remembered so that the like of them is held back. At the limit the one in the same set
/// that is longest silent is forgotten: its count is told, and it may alert once more.
inline constexpr std::size_t kSuppressionSets = 512;
inline constexpr std::size_t kSuppressionWays = 8;

/// User, source and host of a remembered alert together, in bytes, for its updates. Each is cut to
/// a little less than half, and to what is left.
inline constexpr std::size_t kKeptTextBytes = 128;

/// A count that was raised is told after this at the latest, in microseconds, however long a rule
/// suppresses.
inline constexpr std::int64_t kSuppressUsMax = std::int64_t{7} * 86'400'000'000;

/// Event times in a saved state lie between this and its negative, in microseconds (about 36,000
/// years), so that nothing overflows; others are a mistake.
inline constexpr std::int64_t kSavedTimeMax = std::int64_t{1} << 60;

/// Alerts of one rule in one period, and its length in microseconds. What is beyond is in the
/// period's summary.
inline constexpr std::uint64_t kAlertsPerPeriodMax = 100;
inline constexpr std::int64_t kAlertPeriodUs = std::int64_t{15} * 60'000'000;

/// Names counted for a summary, of addresses and of users each, and those it tells; rarer ones make
/// room. Longer names are cut, in bytes.
inline constexpr std::size_t kTopNames = 8;
inline constexpr std::size_t kTopNamesTold = 3;
inline constexpr std::size_t kTopNameBytes = 64;

/// An alert budget sets thresholds once verdicts of so many days were counted, and none below this
/// score (p = 0.017): what happens every other week is nothing to alert on, however few verdicts.
inline constexpr double kBudgetDaysMin = 7;
inline constexpr double kBudgetScoreMin = 10;

/// Event times further ahead of the clock than this are refused: a forged or misread stamp in the
/// future would expire the whole history. In microseconds.
inline constexpr std::int64_t kFutureMaxUs = 86'400'000'000;

/// An alert budget, in expected false alerts a day; anything else is a mistake where it is written.
inline constexpr double kBudgetMin = 0.01;
inline constexpr double kBudgetMax = 10'000;

}  // namespace doorward
