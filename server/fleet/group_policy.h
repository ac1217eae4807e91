// What a group's policy says to the server itself; agents read all of it (plugins/policy).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/policy/policy.h"
#include "plugins/rule_set.h"
#include "server/fleet/fleet_state.h"

namespace doorward {

/// As plugins/policy takes them.
PolicyTexts policy_texts(const PolicyFiles& files);

/// In seconds; nothing: as in server.toml.
struct GroupIntervals {
  std::optional<std::int64_t> delta_s;
  std::optional<std::int64_t> heartbeat_s;
};
/// Of the version in force, which was validated when it came.
GroupIntervals group_intervals(const GroupRecord& group);

/// The rules under a policy: the built-in ones, and what it adds, replaces and overrides.
struct GroupRules {
  std::vector<RuleText> texts;
  std::vector<RuleOverride> overrides;
};
/// `files`: null for none.
GroupRules group_rules(const PolicyFiles* files);

}  // namespace doorward
