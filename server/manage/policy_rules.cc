#include "server/manage/policy_rules.h"

#include <algorithm>

#include "plugins/policy/diff.h"
#include "plugins/policy/folder.h"
#include "plugins/policy/validate.h"
#include "server/fleet/group_policy.h"

namespace doorward {

PolicyReview review_files(PolicyFiles& files, TimeUs now) {
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  PolicyReview out;
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (files[i].name == files[i - 1].name) {
      out.mistakes.push_back({files[i].name.substr(0, kPolicyNameBytesMax), "is there twice"});
    }
  }
  if (!out.mistakes.empty()) return out;
  PolicyFindings found = review_policy(policy_texts(files), now);
  return {std::move(found.mistakes), std::move(found.warnings)};
}

PolicyChanges compare_files(const PolicyFiles& from, const PolicyFiles& to) {
  PolicyDiff diff = diff_policies(policy_texts(from), policy_texts(to));
  return {std::move(diff.summary), std::move(diff.text)};
}

Result<PolicyFiles> read_policy_files(const std::string& folder) {
  Result<PolicyTexts> texts = read_policy_folder(folder);
  if (!texts) return texts.error();
  PolicyFiles files;
  for (PolicyText& text : texts.value()) {
    files.push_back({std::move(text.name), std::move(text.text)});
  }
  return files;
}

}  // namespace doorward
