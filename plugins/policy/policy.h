// A group's policy: a folder of text files, fit for git.
//
//   policy.toml             alerts budget, overrides of rules, intervals, inputs
//   rules/*.toml            rules that are added, or take the place of those of the same id
//   exceptions/*.toml       [[exception]] tables
//   sets/*.txt              value lists that conditions name: "@../sets/vpn.txt"
//
//   # policy.toml
//   [alerts]
//   budget_per_day = 2
//   [rules.rare_hour_for_user]      # overrides, without copying the rule's file
//   enabled = false
//   [rules.rare_host_for_user]
//   threshold = 70
//   strength = 2                    # theta and d of detector rare
//   discount = 0.4
//   [intervals]
//   delta_s = 60                    # how often agents tell what they learned
//   heartbeat_s = 30
//   [inputs], [[input]], [geo]      # as in agent.toml; hold where a host's own file has no such
//   table [agent]                         # reserved: must be empty
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/exceptions/exceptions.h"
#include "plugins/policy/host_inputs.h"
#include "plugins/policy/limits.h"
#include "plugins/rule_override.h"
#include "plugins/rule_set.h"
#include "sketch/result.h"

namespace doorward {

/// A file under its name in the folder: "policy.toml", "rules/x.toml".
struct PolicyText {
  std::string name;
  std::string text;
  friend bool operator==(const PolicyText&, const PolicyText&) = default;
};
using PolicyTexts = std::vector<PolicyText>;  ///< in order of name: sorted_policy()

struct Policy {
  std::optional<double> budget_per_day;
  std::vector<RuleOverride> overrides;
  std::vector<RuleText> rules;
  std::vector<std::string> rule_ids;  ///< of rules[i]; empty: its file cannot be read
  std::vector<ExceptionText> exceptions;
  std::optional<std::int64_t> delta_s;      ///< seconds
  std::optional<std::int64_t> heartbeat_s;  ///< seconds
  bool has_inputs = false;                  ///< there is [inputs]
  bool has_input = false;                   ///< there are [[input]] tables
  bool has_geo = false;                     ///< there is [geo]
  HostInputs inputs;
  std::vector<std::string> geo_databases;
};

inline constexpr std::string_view kPolicyFile = "policy.toml";

/// Whether a file may have this name in a policy: policy.toml, or one of [a-z0-9_.-] in one of the
/// three folders with its ending, at most kPolicyNameBytesMax. The Error says what is expected.
Status check_policy_name(std::string_view name);

/// In order of name.
PolicyTexts sorted_policy(PolicyTexts texts);

/// Reads policy.toml, and finds the other files their places; the rules and exceptions themselves
/// are read by RuleSet and ExceptionSet (validate.h does all of it). Mistakes are appended with
/// file and line, the file as named in the folder, with `folder` and a slash before it if that is
/// not empty: the same is then in Policy::rules, exceptions and overrides. What has mistakes is
/// left out. Trusts nothing of the texts.
Policy parse_policy(const PolicyTexts& texts, std::vector<Error>& mistakes,
                    const std::string& folder = "");

}  // namespace doorward
