// doorward-agent rules: list, show, test and document the rules in force.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string_view>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "agent/rules_page.h"
#include "plugins/printable.h"
#include "plugins/set_files.h"

namespace doorward {
namespace {

void print_wrapped(const std::string& text, const std::string& indent) {
  constexpr std::size_t kWidth = 88;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.size(), at + kWidth);
    if (end < text.size()) {
      const std::size_t space = text.rfind(' ', end);
      if (space != std::string::npos && space > at) end = space;
    }
    std::printf("%s%s\n", indent.c_str(), text.substr(at, end - at).c_str());
    at = end + (end < text.size() && text[end] == ' ' ? 1 : 0);
  }
}

void print_list(const char* title, const std::vector<std::string>& items) {
  if (items.empty()) return;
  std::printf("\n%s\n", title);
  for (const std::string& item : items) print_wrapped("- " + item, "  ");
}

void show_overrides(const Rule& rule) {
  if (rule.overridden_at.empty()) return;
  const auto told = [&](const char* name, double value, double written) {
    std::printf("           %s %g instead of %g (%s)\n", name, value, written,
                printable(rule.overridden_at).c_str());
  };
  if (rule.threshold_written) told("threshold", rule.threshold, *rule.threshold_written);
  for (const auto& [name, number] :
       {std::pair("strength", rule.strength), std::pair("discount", rule.discount)}) {
    if (number.overridden) told(name, number.in_force(), number.written);
  }
}

void show(const Rule& rule) {
  std::printf("%s  (version %d, %s)\n%s\n\n", rule.id.c_str(), rule.version, rule.file.c_str(),
              rule.name.c_str());
  print_wrapped(rule.description, "  ");
  std::printf("\ndetector   %s, fires from score %.0f (p <= %.2g)\n", rule.detector.c_str(),
              rule.threshold, p_value_of(rule.threshold));
  show_overrides(rule);
  std::printf("severity   %s, risk %d\n", rule.severity.name.c_str(), rule.severity.risk_score);
  if (rule.escalate_score <= 100) {
    std::printf("           %s, risk %d from score %.0f\n", rule.escalated.name.c_str(),
                rule.escalated.risk_score, rule.escalate_score);
  }
  if (rule.fleet) {
    std::printf("fleet      judged by the server as well, over all agents of a group\n");
  }
  for (const Threat& threat : rule.threats) {
    std::printf("ATT&CK     %s %s / %s %s\n", threat.tactic_id.c_str(), threat.tactic_name.c_str(),
                threat.technique_id.c_str(), threat.technique_name.c_str());
  }
  std::printf("\nSettings\n");
  std::string_view left = rule.settings;
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    if (!line.empty()) {
      std::printf("  %.*s\n", static_cast<int>(line.size()), line.data());
    }
  }
  print_list("False positives", rule.false_positives);
  print_list("Triage", rule.triage);
  print_list("Response", rule.response);
}

int run_tests(const RuleSet& rules, const std::vector<RuleText>& texts, SetFiles& set_files) {
  std::size_t examples = 0;
  std::vector<Error> failures;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    examples += rules.rule(i).tests.size();
    if (rules.rule(i).tests.empty()) {
      failures.push_back({rules.rule(i).file, "rule " + rules.rule(i).id + " has no [[test]]"});
    }
    for (Error& failure : run_rule_tests(texts, rules.rule(i), &set_files))
      failures.push_back(std::move(failure));
  }
  print_errors(failures);
  std::printf("%zu rules, %zu examples, %zu failed\n", rules.size(), examples, failures.size());
  return failures.empty() ? kExitDone : kExitUsage;
}

int run_rules(const CommonOptions& options, const std::string& verb, const std::string& id) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(options, mistakes);
  const std::vector<RuleText> texts = rule_texts(options, settings, mistakes);
  DiskLoader loader;
  SetFiles set_files(loader);
  // Examples are held against rules as their files have them.
  const bool as_written = verb == "test";
  const RuleSet rules(texts, HashKey{}, mistakes, &set_files,
                      as_written ? std::span<const RuleOverride>() : settings.overrides());
  print_errors(mistakes);
  if (verb == "test") {
    const int status = run_tests(rules, texts, set_files);
    return mistakes.empty() ? status : kExitUsage;
  }
  if (verb == "show") {
    const std::size_t index = rules.find(id);
    if (index == rules.size()) {
      print_errors({{id, "no such rule; see doorward-agent rules list"}});
      return kExitUsage;
    }
    show(rules.rule(index));
  } else if (verb == "markdown") {
    std::fputs(rules_page(rules).c_str(), stdout);
  } else {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const Rule& rule = rules.rule(i);
      std::printf("%-34s %-13s %-7s %s\n", rule.id.c_str(), rule.detector.c_str(),
                  rule.severity.name.c_str(), rule.name.c_str());
    }
    for (const std::string& left : rules.left_out()) {
      std::printf("%-34s left out by the fleet's policy\n", left.c_str());
    }
  }
  return mistakes.empty() ? kExitDone : kExitUsage;
}

}  // namespace

void add_rules(CLI::App& app, Run& run) {
  struct Typed {
    CommonOptions common;
    std::string id;
  };
  auto typed = std::make_shared<Typed>();
  CLI::App* command = app.add_subcommand("rules", "Lists, shows and tests the rules in force");
  command->require_subcommand(1);
  const auto add = [&](const char* verb, const char* about) {
    CLI::App* sub = command->add_subcommand(verb, about);
    add_rule_options(*sub, typed->common);
    add_policy_option(*sub, typed->common);
    sub->callback([typed, verb, &run] {
      run = [typed, verb] { return run_rules(typed->common, verb, typed->id); };
    });
    return sub;
  };
  add("list", "A line each: id, detector, severity, name");
  add("show", "One rule whole, with its triage guide")
      ->add_option("ID", typed->id, "Rule id")
      ->required()
      ->type_name("");
  add("test", "Runs the examples that the rules bring");
  add("markdown", "All rules with their guides as a page (docs/rules.md)");
}

}  // namespace doorward
