// Versions of a group's policy: what a change of it is in the log. Pure functions of what the group
// has; propose_policy.h asks them of the core's view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/policy/diff.h"
#include "plugins/policy/policy.h"
#include "plugins/policy/validate.h"
#include "server/fleet/fleet_state.h"
#include "server/store/ordered_log.h"
#include "sketch/result.h"

namespace doorward {

/// Longest name of who changed a policy, and longest comment, in bytes. Beyond it the change is an
/// Error.
inline constexpr std::size_t kPolicyByBytesMax = 128;
inline constexpr std::size_t kPolicyCommentBytesMax = 1'000;
/// Versions of one group. A policy that changed every minute for a month has half as many; beyond
/// it a change is an Error.
inline constexpr std::uint64_t kPolicyVersionsMax = 100'000;

/// The same files, as the fleet's state and as plugins/policy have them; in order of name.
PolicyTexts policy_texts(const PolicyFiles& files);
PolicyFiles policy_files(const PolicyTexts& texts);

/// A change to these files: one entry (EntryKind::policy) with the next version; none when they are
/// those in force. Versions never change once written: whoever loses the race for a number finds
/// its entry left out by the log and has to propose again. Errors: a mistake in the policy (all of
/// them in the message, a line each, as file:line), texts that are too long.
Result<std::vector<LogEntry>> policy_change(const GroupRecord& group, const PolicyTexts& files,
                                            const std::string& by, const std::string& comment,
                                            TimeUs now);

/// A new version with the files of an older one. The files are checked again: this server may be
/// newer than they are. None when they are those in force. Errors: no such version; as above.
Result<std::vector<LogEntry>> policy_rollback(const GroupRecord& group, std::uint64_t to,
                                              const std::string& by, const std::string& comment,
                                              TimeUs now);

/// A version; null when there is none of that number.
const PolicyVersion* find_policy(const GroupRecord& group, std::uint64_t version);

/// From one version to another; 0 is no policy at all. Errors: no such version.
Result<PolicyDiff> policy_diff(const GroupRecord& group, std::uint64_t before, std::uint64_t after);
/// From the version in force to a folder's files.
PolicyDiff policy_diff(const GroupRecord& group, const PolicyTexts& after);

/// What a policy says to the server itself; empty where it says nothing and server.toml holds.
struct GroupSettings {
  std::optional<std::int64_t> delta_s;
  std::optional<std::int64_t> heartbeat_s;
  std::optional<std::int64_t> memory_mib;
};
/// Of the version in force. Parses it: keep the answer until the version changes.
GroupSettings group_settings(const GroupRecord& group);

}  // namespace doorward
