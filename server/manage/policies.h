// Policies: what every agent of a group has to do, as numbered versions of a folder of TOML files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/fleet/fleet_state.h"
#include "server/manage/managed.h"

namespace doorward {

struct PolicyWanted {
  PolicyFiles files;  ///< in order of name, without mistakes
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

}  // namespace doorward
