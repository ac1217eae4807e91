// theta and d of a group's rules, from what its agents counted: what would be written into its
// policy.
#pragma once

#include <string>
#include <vector>

#include "plugins/detectors/fit.h"
#include "plugins/rule.h"
#include "server/fleet/baselines.h"
#include "server/fleet/fleet_state.h"
#include "sketch/result.h"

namespace doorward {

/// A fit that differs less from what is in force is not worth a new policy: the logarithm of theta,
/// and d.
inline constexpr double kFitStrengthStep = 0.1;
inline constexpr double kFitDiscountStep = 0.02;

struct RuleFit {
  std::string id;
  Tunable strength, discount;  ///< theta and d, of its file and as the policy has them
  NoveltyFit fit;              ///< shrunk towards what its file has
  bool changes = false;        ///< the fit is worth writing
};

struct FitProposal {
  std::vector<RuleFit> rules;  ///< of detector rare, in order of ids
  std::string overrides;       ///< [rules.ID] tables of those that change; empty: none does
  PolicyFiles files;           ///< of the policy with them; empty when none does
  std::string by_hand;         ///< why `files` could not be made; empty: they were
};

/// `files`: of the policy in force; null: there is none. Takes some tenths of a second: not for the
/// core's thread.
FitProposal propose_fit(const FitCounts& counts, const PolicyFiles* files);

}  // namespace doorward
