#include "agent/rules_page.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace doorward {
namespace {

std::vector<const Rule*> by_id(const RuleSet& rules) {
  std::vector<const Rule*> out;
  for (std::size_t i = 0; i < rules.size(); ++i) out.push_back(&rules.rule(i));
  std::sort(out.begin(), out.end(), [](const Rule* a, const Rule* b) { return a->id < b->id; });
  return out;
}

std::string rounded(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%g", value);
  return out.data();
}

std::string severity(const Rule& rule) {
  std::string out = rule.severity.name + " " + std::to_string(rule.severity.risk_score);
  if (rule.escalate_score <= 100) {
    out += ", " + rule.escalated.name + " " + std::to_string(rule.escalated.risk_score) +
           " from score " + rounded(rule.escalate_score);
  }
  return out;
}

std::string techniques(const Rule& rule) {
  std::string out;
  std::set<std::string> told;
  for (const Threat& threat : rule.threats) {
    if (told.insert(threat.technique_id).second) {
      out += (out.empty() ? "" : ", ") + threat.technique_id;
    }
  }
  return out;
}

void append_list(std::string& out, const char* title, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out += "\n**" + std::string(title) + "**\n\n";
  for (const std::string& item : items) out += "* " + item + "\n";
}

void append_rule(std::string& out, const Rule& rule) {
  out += "\n## " + rule.id + "\n\n" + rule.name + ": " + severity(rule) + "; fires from score " +
         rounded(rule.threshold) + ". Version " + std::to_string(rule.version) + ".\n\n" +
         rule.description + "\n\n```toml\n" + rule.settings + "```\n\n";
  if (rule.fleet) {
    out +=
        "Judged by the server as well, over all agents of a group ([fleet-rules.md]"
        "(fleet-rules.md)).\n\n";
  }
  for (const Threat& threat : rule.threats) {
    out += "* " + threat.tactic_id + " " + threat.tactic_name + ": " + threat.technique_id + " " +
           threat.technique_name + "\n";
  }
  append_list(out, "False positives", rule.false_positives);
  append_list(out, "Triage", rule.triage);
  append_list(out, "Response", rule.response);
}

}  // namespace

std::string rules_page(const RuleSet& rules) {
  std::string out =
      "# The rules\n\n"
      "Written by `doorward-agent rules markdown`. `doorward-agent rules show ID` prints one of "
      "them,\n`doorward-agent rules test` runs the examples that each brings. writing-rules.md "
      "tells how to add\none, tuning.md how to silence one.\n\n"
      "| rule | detector | severity, risk | ATT&CK | finds |\n| --- | --- | --- | --- | --- |\n";
  const std::vector<const Rule*> all = by_id(rules);
  for (const Rule* rule : all) {
    out += "| [" + rule->id + "](#" + rule->id + ") | " + rule->detector + " | " + severity(*rule) +
           " | " + techniques(*rule) + " | " + rule->name + " |\n";
  }
  for (const Rule* rule : all) append_rule(out, *rule);
  return out;
}

}  // namespace doorward
