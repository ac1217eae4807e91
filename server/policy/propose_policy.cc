#include "server/policy/propose_policy.h"

#include <algorithm>

namespace doorward {

Result<const GroupRecord*> policy_group(const FleetView& view, const std::string& group) {
  if (const GroupRecord* found = view.state.group(group)) return found;
  constexpr std::size_t kNamesMax = 10;
  std::string names;
  std::size_t told = 0;
  for (const auto& [name, record] : view.state.groups()) {
    if (told++ == kNamesMax) {
      names += ", ...";
      break;
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  return Error{"group", "no group \"" + group + "\"; there are: " + names};
}

Result<std::vector<LogEntry>> propose_policy(const FleetView& view, const std::string& group,
                                             const PolicyTexts& files, const std::string& by,
                                             const std::string& comment) {
  const Result<const GroupRecord*> found = policy_group(view, group);
  if (!found) return found.error();
  return policy_change(*found.value(), files, by, comment, view.now);
}

Result<std::vector<LogEntry>> propose_rollback(const FleetView& view, const std::string& group,
                                               std::uint64_t to, const std::string& by,
                                               const std::string& comment) {
  const Result<const GroupRecord*> found = policy_group(view, group);
  if (!found) return found.error();
  return policy_rollback(*found.value(), to, by, comment, view.now);
}

std::uint64_t policy_in_force(const FleetView& view, const std::string& group) {
  const GroupRecord* found = view.state.group(group);
  const PolicyVersion* version = found == nullptr ? nullptr : found->policy();
  return version == nullptr ? 0 : version->version;
}

Result<std::vector<PolicyVersion>> policy_history(const FleetView& view, const std::string& group) {
  const Result<const GroupRecord*> found = policy_group(view, group);
  if (!found) return found.error();
  std::vector<PolicyVersion> out = found.value()->policies;
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace doorward
