// What changes from one version of a policy to another.
#pragma once

#include <string>
#include <vector>

#include "plugins/policy/policy.h"

namespace doorward {

struct PolicyDiff {
  /// A sentence for each setting, rule, exception and set that changes: "rule rare_hour_for_user:
  /// threshold 50 -> 62". Empty: nothing that has an effect does (comments may).
  std::vector<std::string> summary;
  /// Like a unified diff, file by file. Empty: the files are the same.
  std::string text;
};

/// Both may have mistakes; what cannot be read is compared as text alone. Everything is printable.
PolicyDiff diff_policies(const PolicyTexts& before, const PolicyTexts& after);

}  // namespace doorward
