// A policy as a folder on disk.
#pragma once

#include <string>

#include "plugins/policy/policy.h"

namespace doorward {

/// Reads the files of a policy, in order of name. Passed over are hidden files and folders (.git)
/// and *.md. Anything else that is no file of a policy is an Error, since a mistyped name must not
/// be left out silently; as are symbolic links that lead out of the folder, what is not a plain
/// file, and more or larger files than plugins/policy/limits.h allows.
Result<PolicyTexts> read_policy_folder(const std::string& path);

}  // namespace doorward
