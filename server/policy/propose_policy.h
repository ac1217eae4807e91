// Policies as questions to the core and changes of it: what the API and the command line call, on
// the core's thread.
#pragma once

#include <string>
#include <vector>

#include "server/core/core.h"
#include "server/policy/policy_log.h"

namespace doorward {

/// The group; an Error that names those there are when there is none of that name.
Result<const GroupRecord*> policy_group(const FleetView& view, const std::string& group);

/// See policy_log.h. No entries: these files are in force already (policy_in_force() says as which
/// version), and there is nothing to commit. An entry that comes back without a place was written
/// by somebody else in the meantime: propose again.
Result<std::vector<LogEntry>> propose_policy(const FleetView& view, const std::string& group,
                                             const PolicyTexts& files, const std::string& by,
                                             const std::string& comment);
Result<std::vector<LogEntry>> propose_rollback(const FleetView& view, const std::string& group,
                                               std::uint64_t to, const std::string& by,
                                               const std::string& comment);

/// Number of the version in force; 0: none.
std::uint64_t policy_in_force(const FleetView& view, const std::string& group);

/// Versions, newest first, with their files.
Result<std::vector<PolicyVersion>> policy_history(const FleetView& view, const std::string& group);

}  // namespace doorward
