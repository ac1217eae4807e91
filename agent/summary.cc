#include "agent/summary.h"

#include <array>
#include <cstdio>

#include "agent/limits.h"
#include "plugins/alert_notes.h"
#include "plugins/limits.h"
#include "plugins/printable.h"

namespace doorward {
namespace {

template <class... Values>
void append(std::string& out, const char* form, Values... values) {
  std::array<char, 512> line{};
  std::snprintf(line.data(), line.size(), form, values...);
  out += line.data();
}

/// ", 3 words" when there are any.
void append_some(std::string& out, bool& first, std::uint64_t count, const char* words) {
  if (count == 0) return;
  out += first ? "" : ", ";
  out += with_commas(count) + " " + words;
  first = false;
}

}  // namespace

void append_input_summary(const InputSet& inputs, double seconds, std::string& out) {
  const auto lines = static_cast<double>(inputs.lines());
  const char* what = inputs.all_records() ? "records" : "lines";
  append(out, "%-9s %s in %zu file%s, %.2f s, %.2f M %s/s\n", what,
         with_commas(inputs.lines()).c_str(), inputs.files(), inputs.files() == 1 ? "" : "s",
         seconds, seconds > 0 ? lines / seconds / 1e6 : 0.0, what);
}

void append_event_summary(std::uint64_t success, std::uint64_t failure, std::uint64_t unknown,
                          std::uint64_t twins, std::string& out) {
  append(out, "events    %s success, %s failure", with_commas(success).c_str(),
         with_commas(failure).c_str());
  if (unknown > 0) append(out, ", %s unknown", with_commas(unknown).c_str());
  if (twins > 0) append(out, "; %s told by two logs", with_commas(twins).c_str());
  out += '\n';
}

void append_skip_summary(const InputSet& inputs, std::string& out) {
  const SourceCounters counters = inputs.counters();
  const InputFaults& faults = inputs.faults();
  bool first = true;
  out += "skipped   ";
  append_some(out, first, counters.other,
              inputs.all_records() ? "records of no interest" : "lines of no logon");
  append_some(out, first, counters.no_stamp, "without a readable time");
  append_some(out, first, counters.malformed + faults.malformed, "malformed");
  append_some(out, first, counters.untrusted, "forged or of an unknown sender");
  append_some(out, first, faults.long_lines, "longer than 64 KiB");
  append_some(out, first, faults.long_records, "longer than 1 MiB");
  append_some(out, first, counters.cut_fields, "fields cut");
  append_some(out, first, counters.closed_early, "attempts closed early");
  append_some(out, first, counters.repeats_capped, "repetitions capped");
  out += first ? "nothing\n" : "\n";
  for (const std::string& fault : faults.named) out += "          " + fault + "\n";
  if (faults.unnamed > 0) {
    out += "          and " + with_commas(faults.unnamed) + " more lines like these\n";
  }
}

void append_geo_summary(const GeoDatabases& databases, const GeoCounts& counts, std::string& out) {
  if (databases.empty()) return;
  append(out, "places    %s of %s events from public addresses, %zu database%s\n",
         with_commas(counts.filled).c_str(), with_commas(counts.open).c_str(), databases.size(),
         databases.size() == 1 ? "" : "s");
}

void append_geo_off(const GeoDatabases& databases, const RuleSet& rules, std::string& out) {
  if (!databases.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules.rule(i).needs_place) continue;
    names += (names.empty() ? "" : ", ") + rules.rule(i).id;
  }
  if (names.empty()) return;
  out += "geography off: no --geoip database; rules " + names +
         " judge only events that bring their own place\n";
}

void append_alert_summary(const PipelineCounts& counts, const RuleSet& rules, std::string& out) {
  bool first = true;
  std::string refused;
  append_some(refused, first, counts.future,
              "dated more than a day ahead of the clock (is --year right?)");
  append_some(refused, first, counts.too_old, "older than the baseline's whole ring");
  append_some(refused, first, counts.no_time, "without a time");
  if (!refused.empty()) out += "refused   " + refused + "\n";
  out += "alerts    " + with_commas(counts.alerts);
  first = true;
  std::string by_rule;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    append_some(by_rule, first, counts.by_rule[i], rules.rule(i).id.c_str());
  }
  if (!by_rule.empty()) out += ": " + by_rule;
  if (counts.held_back > 0) {
    out += "; " + with_commas(counts.held_back) + " alike held back, told in " +
           with_commas(counts.updates) + (counts.updates == 1 ? " update" : " updates");
  }
  if (counts.summed_up > 0) {
    out += "; " + with_commas(counts.summed_up) + " beyond " + std::to_string(kAlertsPerPeriodMax) +
           " in a quarter of an hour, summed up in " + with_commas(counts.summaries);
  }
  if (counts.below_min_score > 0) {
    out += "; " + with_commas(counts.below_min_score) + " below --min-score";
  }
  if (counts.quarantine_full > 0) {
    out += "; " + with_commas(counts.quarantine_full) + " not learned (quarantine full)";
  }
  out += '\n';
}

void append_budget_summary(const AlertBudget& budget, const RuleSet& rules, std::string& out) {
  if (budget.per_day() <= 0) return;
  append(out, "budget    %.4g a day", budget.per_day());
  const char* before = ": ";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!budget.is_set(i)) continue;
    append(out, "%s%s from score %.1f", before, rules.rule(i).id.c_str(), budget.threshold(i));
    before = ", ";
  }
  if (*before == ':') {
    append(out, ": %.0f days of events are needed first; rules fired at their own thresholds",
           kBudgetDaysMin);
  }
  out += '\n';
}

void append_exception_summary(const PipelineCounts& counts, const ExceptionSet& exceptions,
                              std::string& out) {
  if (exceptions.size() == 0) return;
  out += "excepted  " + with_commas(counts.excepted);
  std::string each;
  std::string late;
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    const ExceptionCount& count = exceptions.count(i);
    const std::string owner = " (" + printable(exceptions[i].owner) + ")";
    const std::string name = printable(exceptions[i].name);
    if (count.silenced > 0) {
      each += (each.empty() ? ": " : ", ") + name + " " + with_commas(count.silenced) + owner;
    }
    if (count.too_late > 0) {
      late += "          " + with_commas(count.too_late) + " alerted since " + name + owner +
              " has expired\n";
    }
  }
  out += each + "\n" + late;
}

void append_baseline_summary(const Baseline& baseline, std::string& out) {
  const BaselineFill fill = baseline.fill();
  append(out,
         "baseline  %.1f MiB, %.1f %% full, %s pairs, a new pair reads as seen with p = %.1g\n",
         static_cast<double>(baseline.options().bytes) / (1024 * 1024), fill.pairs.counters * 100,
         with_commas(static_cast<std::uint64_t>(fill.pairs.distinct_pairs)).c_str(),
         fill.pairs.false_seen);
}

}  // namespace doorward
