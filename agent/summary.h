// The summary at the end of a run, as lines of text.
#pragma once

#include <string>

#include "agent/geo_enricher.h"
#include "agent/input_set.h"
#include "plugins/exceptions/exceptions.h"
#include "plugins/pipeline/pipeline.h"
#include "sketch/baseline.h"

namespace doorward {

/// "lines     7,121 in 1 file, 0.01 s, 1.21 M lines/s"; "records" when all is JSON
void append_input_summary(const InputSet& inputs, double seconds, std::string& out);
/// "events    226 success, 717 failure"
void append_event_summary(std::uint64_t success, std::uint64_t failure, std::uint64_t unknown,
                          std::uint64_t twins, std::string& out);
/// What was skipped and why, with the first places.
void append_skip_summary(const InputSet& inputs, std::string& out);
/// "places    1,234 of 2,000 events from public addresses, 2 databases"; nothing without databases.
void append_geo_summary(const GeoDatabases& databases, const GeoCounts& counts, std::string& out);
/// That geographic rules have no database to ask; nothing when they have, or when there are none.
void append_geo_off(const GeoDatabases& databases, const RuleSet& rules, std::string& out);
/// What the pipeline refused, alerts by rule, and what was held back.
void append_alert_summary(const PipelineCounts& counts, const RuleSet& rules, std::string& out);
/// "budget    2 a day: unusual_logon from score 52, rare_user from 61"; nothing without one.
void append_budget_summary(const AlertBudget& budget, const RuleSet& rules, std::string& out);
/// "excepted  12: vpn-egress 10 (it-network), build-hosts 2 (ci)"; nothing when there are none.
void append_exception_summary(const PipelineCounts& counts, const ExceptionSet& exceptions,
                              std::string& out);
/// "baseline  8.0 MiB, 3.1 % full, 1,234 pairs, a new pair reads as seen with p = 1e-07"
void append_baseline_summary(const Baseline& baseline, std::string& out);

}  // namespace doorward
