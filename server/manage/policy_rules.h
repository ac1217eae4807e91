// What is in a policy's files, judged and compared as agents would (plugins/policy).
#pragma once

#include <string>
#include <vector>

#include "server/fleet/fleet_state.h"
#include "sketch/result.h"

namespace doorward {

struct PolicyReview {
  std::vector<Error> mistakes;  ///< with file and line; with any, no agent could take it
  std::vector<Error> warnings;
};
/// Sorts the files by name and reads all of them. Takes up to a second: not for the core's thread.
/// `now`: wall time, for exceptions that end.
PolicyReview review_files(PolicyFiles& files, TimeUs now);

struct PolicyChanges {
  std::vector<std::string> summary;  ///< a sentence for each setting, rule, exception and set
  std::string text;                  ///< as `diff -u` writes it; empty: the files are the same
};
PolicyChanges compare_files(const PolicyFiles& from, const PolicyFiles& to);

/// The files of a folder, in order of name (without hidden ones and *.md).
Result<PolicyFiles> read_policy_files(const std::string& folder);

}  // namespace doorward
