#include "plugins/explain.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "plugins/alert.h"
#include "plugins/ecs_document.h"
#include "plugins/example_event.h"
#include "plugins/printable.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

/// printf() to the end of a text.
[[gnu::format(printf, 2, 3)]] void append(std::string& out, const char* format, ...) {
  std::va_list values;
  va_start(values, format);
  std::va_list again;
  va_copy(again, values);
  // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above
  const int size = std::vsnprintf(nullptr, 0, format, values);
  va_end(values);
  if (size > 0) {
    const std::size_t before = out.size();
    out.resize(before + static_cast<std::size_t>(size) + 1);
    std::vsnprintf(out.data() + before, static_cast<std::size_t>(size) + 1, format, again);
    out.pop_back();
  }
  va_end(again);
}

void append_levels(const Evidence& evidence, const Event& event, std::string& out) {
  append(out, "  %-26s p = %.2g\n", evidence.rule->id.c_str(), evidence.p_value);
  for (std::size_t i = 0; i < evidence.levels; ++i) {
    const LevelEvidence& level = evidence.level[i];
    const std::string name = (level.fleet ? "fleet: " : "") + level.by.name() + " " +
                             printable(view_text(level.by, event));
    const char* of_what = level.fleet ? "pairs of the fleet"
                          : i == 0    ? "logons"
                                      : "values of the level below";
    append(out, "    %-44s", name.c_str());
    if (level.count > 0) {
      append(out, " seen %.1f times", level.count);
    } else {
      out += " never seen";
    }
    append(out, " among %.0f %s, %.0f different", level.customers, of_what, level.distinct);
    if (level.factor < 1) append(out, ": x %.3g", level.factor);
    out += "\n";
  }
}

void append_rate(const Evidence& evidence, const Event& event, std::string& out) {
  const RateEvidence& rate = evidence.rate;
  const std::string of = rate.distinct ? "different " + rate.by.name() : "events";
  append(out, "  %s %s: %s in %u s\n", rate.partition.name().c_str(),
         printable(view_text(rate.partition, event)).c_str(), of.c_str(), rate.window_s);
  append(out, "    usual when busy is %.1f%s, give or take %.1f, over %.0f past windows\n",
         rate.expected, rate.at_this_hour ? " at this hour" : "", std::sqrt(rate.variance),
         rate.buckets);
  if (rate.fires_from > 0) {
    append(out, "    fires from %u\n", rate.fires_from);
  } else {
    out += "    never fires by itself\n";
  }
}

void append_text(const Alert& alert, std::string& out) {
  const Rule& rule = *alert.primary.rule;
  if (alert.primary.rate.window_s > 0) {
    append(out, "%s\n", rule.name.c_str());
    append_rate(alert.primary, alert.event, out);
    return;
  }
  append(out, "%s\n", printable(alert_sentence(alert)).c_str());
  append(out, "rule %s %s: score %.0f, threshold %.0f\n", rule.id.c_str(),
         alert.score >= alert.primary.threshold ? "would fire" : "would stay quiet", alert.score,
         alert.primary.threshold);
  for (const Evidence& evidence : alert.evidence) {
    const bool part = &evidence == &alert.primary || alert.primary.levels == 0;
    if (part && evidence.applies && evidence.levels > 0) append_levels(evidence, alert.event, out);
  }
}

}  // namespace

Result<std::vector<FieldValue>> example_fields_of(const std::vector<std::string>& pairs,
                                                  TimeUs now) {
  std::vector<FieldValue> fields;
  bool has_time = false;
  for (const std::string& pair : pairs) {
    const std::size_t at = pair.find('=');
    if (at == std::string::npos || at == 0) {
      return Error{pair, "expected FIELD=VALUE; fields are " + example_fields()};
    }
    fields.push_back({pair.substr(0, at), pair.substr(at + 1)});
    has_time = has_time || fields.back().field == "@timestamp";
  }
  if (!has_time) fields.push_back({"@timestamp", format_time(now)});
  return fields;
}

Result<std::string> explain(const ExplainContext& context, const std::string& rule,
                            const std::vector<FieldValue>& fields, bool text) {
  const RuleSet& rules = context.rules;
  const std::size_t index = rules.find(rule);
  if (index == rules.size()) {
    return Error{"--rule", "no rule \"" + rule + "\"; see doorward-agent rules list"};
  }
  Result<Event> made = example_event(fields);
  if (!made) return made.error();
  Event& event = made.value();
  context.databases.fill_in(event);
  EventKeys keys;
  std::vector<Evidence> evidence(rules.size());
  const RuleMask mask = rules.prepare(event, keys);
  if ((mask >> index & 1U) == 0) {
    return Error{rule, "this rule does not look at such an event (see its [when] table)"};
  }
  rules.score(event, keys, mask, context.baseline, context.state, evidence);
  if (context.budget != nullptr) context.budget->apply(evidence);
  const Alert alert{event, evidence[index], evidence, score_of(evidence[index].p_value), 1};
  std::string out;
  if (text) {
    append_text(alert, out);
  } else {
    append_alert_document(alert, out);
    out += '\n';
  }
  return out;
}

}  // namespace doorward
