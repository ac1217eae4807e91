// Policies: what every agent of a group has to do, as numbered versions of a folder of TOML files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/fleet/fleet_state.h"
#include "server/manage/managed.h"

namespace doorward {

/// Sorts the files by name and gives what is wrong with them, each with file (and line): names,
/// sizes, and what is in them as an agent would judge it. Takes milliseconds: not for the core's
/// thread. Empty: an agent can take it.
std::vector<Error> policy_mistakes(PolicyFiles& files);

struct PolicyWanted {
  PolicyFiles files;        ///< in order of name, without mistakes
  std::string comment;
  std::uint64_t after = 0;  ///< refused when the version in force is another; 0: any
};
/// A new version; none when it says what is in force already.
Managed apply_policy(const FleetState& state, const Asker& asker, const std::string& group,
                     const PolicyWanted& wanted);
/// A new version with the files of an old one.
Managed roll_back_policy(const FleetState& state, const Asker& asker, const std::string& group,
                         std::uint64_t version, const std::string& comment);

/// Null when there is none. Version 0: the one in force.
const PolicyVersion* policy_version(const GroupRecord& group, std::uint64_t version);

/// What has to change to come from one to the other, as `diff -u` writes it; empty: nothing.
std::string policy_diff(const PolicyFiles& from, const PolicyFiles& to);

/// The same for one text. Texts in which more than kDiffCellsMax pairs of lines would have to be
/// compared are shown as replaced from the first to the last line that differs.
inline constexpr std::size_t kDiffCellsMax = 1'000'000;
std::string text_diff(std::string_view name, std::string_view from, std::string_view to);

}  // namespace doorward
