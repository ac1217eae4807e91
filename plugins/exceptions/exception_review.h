// What is doubtful about exceptions, for `check`; and what they did, as a file between runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/exceptions/exceptions.h"

namespace doorward {

/// Without a match for so long an exception is reported, in microseconds of event time.
inline constexpr std::int64_t kUnmatchedUs = std::int64_t{30} * 86'400 * kSecondUs;

/// Warnings, with the file:line of each exception, at wall time `now`: expired, not matched for
/// kUnmatchedUs (for exceptions whose counts reach back so far), wholly covered by another that
/// lasts as long, and too broad: no condition, "*", a whole address family, or every rule with no
/// narrow condition.
std::vector<Error> review_exceptions(const ExceptionSet& exceptions, const RuleSet& rules,
                                     TimeUs now);

/// Appends a line of JSON for each exception:
/// {"exception":"vpn-egress","silenced":10,"since":"2026-...","newest":"2026-..."}
void append_exception_report(const ExceptionSet& exceptions, std::string& out);

/// Adds the counts of a report to the exceptions that are still there. A line that is no such
/// object is a mistake with file:line; the others count.
void read_exception_report(std::string_view text, const std::string& file, ExceptionSet& exceptions,
                           std::vector<Error>& mistakes);

}  // namespace doorward
