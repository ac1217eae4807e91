#include "server/fleet/group_policy.h"

#include <utility>

namespace doorward {

PolicyTexts policy_texts(const PolicyFiles& files) {
  PolicyTexts out;
  out.reserve(files.size());
  for (const PolicyFileText& file : files) out.push_back({file.name, file.text});
  return sorted_policy(std::move(out));
}

GroupIntervals group_intervals(const GroupRecord& group) {
  const PolicyVersion* last = group.policy();
  if (last == nullptr || last->files == nullptr) return {};
  std::vector<Error> aside;
  const Policy policy = parse_policy(policy_texts(*last->files), aside);
  return {policy.delta_s, policy.heartbeat_s};
}

GroupRules group_rules(const PolicyFiles* files) {
  const std::span<const RuleText> builtin = builtin_rules();
  GroupRules out{{builtin.begin(), builtin.end()}, {}};
  if (files == nullptr) return out;
  std::vector<Error> aside;
  Policy policy = parse_policy(policy_texts(*files), aside);
  out.texts.insert(out.texts.end(), policy.rules.begin(), policy.rules.end());
  out.overrides = std::move(policy.overrides);
  return out;
}

}  // namespace doorward
