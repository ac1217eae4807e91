// doorward-agent explain: how unusual a logon would be, with the numbers.
#include <cmath>
#include <cstdio>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "plugins/alert.h"
#include "plugins/ecs_document.h"
#include "plugins/example_event.h"
#include "plugins/printable.h"
#include "plugins/set_files.h"
#include "plugins/time_text.h"
#include "proto/agent_state_file.h"

namespace doorward {
namespace {

struct ExplainOptions {
  CommonOptions common;
  std::string rule = "unusual_logon";
  std::string baseline;
  std::vector<std::string> pairs;
};

Result<std::vector<FieldValue>> split_pairs(const std::vector<std::string>& pairs) {
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
  if (!has_time) fields.push_back({"@timestamp", format_time(clock_now())});
  return fields;
}

void print_levels(const Evidence& evidence, const Event& event) {
  std::printf("  %-26s p = %.2g\n", evidence.rule->id.c_str(), evidence.p_value);
  for (std::size_t i = 0; i < evidence.levels; ++i) {
    const LevelEvidence& level = evidence.level[i];
    const std::string name = (level.fleet ? "fleet: " : "") + level.by.name() + " " +
                             printable(view_text(level.by, event));
    const char* of_what = level.fleet ? "pairs of the fleet"
                          : i == 0    ? "logons"
                                      : "values of the level below";
    std::printf("    %-44s", name.c_str());
    std::printf(level.count > 0 ? " seen %.1f times" : " never seen", level.count);
    std::printf(" among %.0f %s, %.0f different", level.customers, of_what, level.distinct);
    if (level.factor < 1) std::printf(": x %.3g", level.factor);
    std::printf("\n");
  }
}

void print_rate(const Evidence& evidence, const Event& event) {
  const RateEvidence& rate = evidence.rate;
  const std::string of = rate.distinct ? "different " + rate.by.name() : "events";
  std::printf("  %s %s: %s in %u s\n", rate.partition.name().c_str(),
              printable(view_text(rate.partition, event)).c_str(), of.c_str(), rate.window_s);
  std::printf("    usual when busy is %.1f%s, give or take %.1f, over %.0f past windows\n",
              rate.expected, rate.at_this_hour ? " at this hour" : "", std::sqrt(rate.variance),
              rate.buckets);
  if (rate.fires_from > 0) {
    std::printf("    fires from %u\n", rate.fires_from);
  } else {
    std::printf("    never fires by itself\n");
  }
}

void print_text(const Alert& alert) {
  const Rule& rule = *alert.primary.rule;
  if (alert.primary.rate.window_s > 0) {
    std::printf("%s\n", rule.name.c_str());
    print_rate(alert.primary, alert.event);
    return;
  }
  std::printf("%s\n", printable(alert_sentence(alert)).c_str());
  std::printf("rule %s %s: score %.0f, threshold %.0f\n", rule.id.c_str(),
              alert.score >= rule.threshold ? "would fire" : "would stay quiet", alert.score,
              rule.threshold);
  for (const Evidence& evidence : alert.evidence) {
    const bool part = &evidence == &alert.primary || alert.primary.levels == 0;
    if (part && evidence.applies && evidence.levels > 0) print_levels(evidence, alert.event);
  }
}

int run_explain(const ExplainOptions& options) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options.common, mistakes);
  const std::vector<RuleText> texts = rule_texts(options.common, settings, mistakes);
  DiskLoader loader;
  SetFiles set_files(loader);
  const HashKey key = hash_key(options.common, mistakes);
  const RuleSet rules(texts, key, mistakes, &set_files);
  const std::size_t index = rules.find(options.rule);
  if (index == rules.size() && mistakes.empty()) {
    mistakes.push_back(
        {"--rule", "no rule \"" + options.rule + "\"; see doorward-agent rules list"});
  }
  GeoDatabases databases = open_geo(options.common, settings, mistakes);
  const Result<std::vector<FieldValue>> fields = split_pairs(options.pairs);
  if (!fields) mistakes.push_back(fields.error());
  Result<Event> event = fields ? example_event(fields.value()) : Result<Event>(Event{});
  if (!event) mistakes.push_back(event.error());
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  Result<Baseline> baseline = read_any_baseline(options.baseline, key);
  if (!baseline) {
    print_errors({baseline.error()});
    return kExitUnreadable;
  }
  databases.fill_in(event.value());
  EventKeys keys;
  std::vector<Evidence> evidence(rules.size());
  LiveState state = rules.make_state();
  const RuleMask mask = rules.prepare(event.value(), keys);
  if ((mask >> index & 1U) == 0) {
    print_errors(
        {{options.rule, "this rule does not look at such an event (see its [when] table)"}});
    return kExitUsage;
  }
  rules.score(event.value(), keys, mask, baseline.value(), state, evidence);
  const Alert alert{event.value(), evidence[index], evidence, score_of(evidence[index].p_value), 1};
  if (options.common.format == "text") {
    print_text(alert);
  } else {
    std::string out;
    append_alert_document(alert, out);
    std::printf("%s\n", out.c_str());
  }
  return kExitDone;
}

}  // namespace

void add_explain(CLI::App& app, Run& run) {
  auto typed = std::make_shared<ExplainOptions>();
  typed->common.format = "text";
  CLI::App* command = app.add_subcommand(
      "explain", "How unusual a logon would be against a baseline, with the numbers");
  command->footer(
      "Example:\n  doorward-agent replay --baseline-out b.dwbl /var/log/auth.log\n"
      "  doorward-agent explain --baseline b.dwbl user.name=alice source.ip=203.0.113.9 "
      "host.name=db-04 @timestamp=2026-11-20T03:12:00Z");
  command->add_option("FIELD=VALUE", typed->pairs, "The logon; fields are " + example_fields())
      ->required()
      ->type_name("");
  command->add_option("--rule", typed->rule, "Rule to ask")
      ->default_str("unusual_logon")
      ->type_name("ID");
  command
      ->add_option("--baseline,--baseline-in", typed->baseline,
                   "Baseline to ask (replay --baseline-out, or an agent's state)")
      ->required()
      ->type_name("FILE");
  add_format_option(*command, typed->common);
  add_rule_options(*command, typed->common);
  add_geo_option(*command, typed->common);
  add_key_option(*command, typed->common.key);
  command->callback([typed, &run] { run = [typed] { return run_explain(*typed); }; });
}

}  // namespace doorward
