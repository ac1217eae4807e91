// The fleet's policy within a host's settings.
#pragma once

#include <vector>

#include "agent/options.h"

namespace doorward {

/// Tables that a host's agent.toml has itself: there the policy has no say.
struct OwnTables {
  bool inputs = false;
  bool input = false;
  bool geo = false;
};

/// Takes the policy into the settings: that of --policy, else the one in force in the folder of the
/// state (agent/fleet/policy_store.h). The policy wins for rules, exceptions, the alerts budget and
/// the baseline's size; the host's own agent.toml for [inputs], [[input]] and [geo] where it has
/// such a table, and for all else. Mistakes of --policy are appended; a policy of the server that
/// cannot be used is left out, and settings.fleet_trouble says why: a host must not stand without
/// its agent because of it.
void take_fleet_policy(const CommonOptions& options, const OwnTables& own, Settings& settings,
                       std::vector<Error>& mistakes);

/// For `check`: which policy is in force, or as a warning why none is.
void print_fleet_policy(const Settings& settings);

}  // namespace doorward
