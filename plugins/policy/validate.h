// Whether a policy can be put in force: everything in it is read as an agent would.
#pragma once

#include <memory>
#include <vector>

#include "plugins/event.h"
#include "plugins/policy/policy.h"
#include "plugins/set_files.h"

namespace doorward {

enum class PolicyExamples : std::uint8_t {
  play,   ///< the [[test]] examples of rules that the policy brings
  leave,  ///< an agent's way: the server has played them
};

/// The set files of a policy, and no others: what a host has elsewhere on its disk is not known to
/// whoever has only the policy. Reads from `texts`, which outlive it.
std::unique_ptr<FileLoader> policy_set_loader(const PolicyTexts& texts);

struct PolicyFindings {
  std::vector<Error> mistakes;  ///< with any, the policy must not be put in force
  std::vector<Error> warnings;  ///< doubtful exceptions, as `doorward-agent check` has them; rules
                                ///< without an example
};

/// Reads all of it, with the rules that this program brings, and plays the examples of rules that
/// the policy adds or replaces (at the threshold, theta and d of their files: an override is meant
/// to change what fires). Conditions may name set files of the policy only. At most
/// kPolicyMistakesMax of each are told, then how many more. `now`: wall time, for exceptions.
PolicyFindings review_policy(const PolicyTexts& texts, TimeUs now,
                             PolicyExamples examples = PolicyExamples::play);

/// The mistakes alone.
std::vector<Error> validate_policy(const PolicyTexts& texts);

}  // namespace doorward
