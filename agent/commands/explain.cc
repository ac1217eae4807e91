// doorward-agent explain: how unusual a logon would be, asked of the running agent or of a
// baseline.
#include "plugins/explain.h"

#include <cstdio>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/daemon/control.h"
#include "agent/options.h"
#include "plugins/example_event.h"
#include "plugins/set_files.h"
#include "proto/agent_state_file.h"

namespace doorward {
namespace {

struct ExplainOptions {
  CommonOptions common;
  std::string rule = "unusual_logon";
  std::string baseline;
  std::vector<std::string> pairs;
};

int print(const Result<std::string>& answer, int status) {
  if (!answer) {
    print_errors({answer.error()});
    return status;
  }
  std::fputs(answer.value().c_str(), stdout);
  return kExitDone;
}

int ask_running_agent(const ExplainOptions& options, const Settings& settings) {
  ExplainQuestion question;
  question.rule = options.rule;
  question.text = options.common.format == "text";
  question.pairs = options.pairs;
  return print(ask_agent(settings.daemon.socket(), explain_question(question)), kExitUsage);
}

int ask_baseline(const ExplainOptions& options, const Settings& settings,
                 std::vector<Error>& mistakes) {
  const std::vector<RuleText> texts = rule_texts(options.common, settings, mistakes);
  DiskLoader loader;
  SetFiles set_files(loader);
  const HashKey key = hash_key(options.common, mistakes);
  const RuleSet rules(texts, key, mistakes, &set_files, settings.overrides());
  GeoDatabases databases = open_geo(options.common, settings, mistakes);
  const Result<std::vector<FieldValue>> fields = example_fields_of(options.pairs, clock_now());
  if (!fields) {
    mistakes.push_back(fields.error());
  } else if (const Result<Event> event = example_event(fields.value()); !event) {
    mistakes.push_back(event.error());
  }
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  const Result<Baseline> baseline = read_any_baseline(options.baseline, key);
  if (!baseline) {
    print_errors({baseline.error()});
    return kExitUnreadable;
  }
  const LiveState state = rules.make_state();
  const ExplainContext context{rules, baseline.value(), state, databases, nullptr};
  return print(explain(context, options.rule, fields.value(), options.common.format == "text"),
               kExitUsage);
}

int run_explain(const ExplainOptions& options) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options.common, mistakes);
  if (!options.baseline.empty()) return ask_baseline(options, settings, mistakes);
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  return ask_running_agent(options, settings);
}

}  // namespace

void add_explain(CLI::App& app, Run& run) {
  auto typed = std::make_shared<ExplainOptions>();
  typed->common.format = "text";
  CLI::App* command = app.add_subcommand(
      "explain", "How unusual a logon would be to the running agent, with the numbers");
  command->footer(
      "Examples:\n"
      "  doorward-agent explain user.name=alice source.ip=203.0.113.9 host.name=db-04\n"
      "  doorward-agent replay --baseline-out b.dwbl /var/log/auth.log\n"
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
                   "Ask this baseline (replay --baseline-out, or an agent's state) instead of the "
                   "running agent")
      ->type_name("FILE");
  add_key_option(*command, typed->common.key);
  add_format_option(*command, typed->common);
  add_rule_options(*command, typed->common);
  add_policy_option(*command, typed->common);
  add_geo_option(*command, typed->common);
  command->callback([typed, &run] { run = [typed] { return run_explain(*typed); }; });
}

}  // namespace doorward
