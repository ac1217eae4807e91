// Any bytes as the files of a policy, and as counts to fit from: mistakes or a policy, never a
// crash; and what a host reports adds without harm.
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/detectors/fit.h"
#include "plugins/policy/diff.h"
#include "plugins/policy/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  PolicyTexts texts;
  // Files one after the other, apart by 0xFF; the first line of each is its name.
  for (std::string_view left = bytes; !left.empty() && texts.size() <= kPolicyFilesMax;) {
    const std::string_view file = left.substr(0, left.find('\xFF'));
    left.remove_prefix(std::min(left.size(), file.size() + 1));
    const std::size_t line = std::min(file.find('\n'), file.size());
    texts.push_back({std::string(file.substr(0, line)),
                     std::string(file.substr(std::min(file.size(), line + 1)))});
  }
  const PolicyFindings findings = review_policy(texts, 0, PolicyExamples::leave);
  if (findings.mistakes.size() > kPolicyMistakesMax + 1) std::abort();
  if (!diff_policies(texts, texts).summary.empty()) std::abort();
  diff_policies({}, texts);

  const Result<FitCounts> counts = FitCounts::decode(std::span(data, size));
  if (!counts) return 0;
  FitCounts sum = counts.value();
  sum.merge(counts.value());
  if (counts.value().encode().size() > size) std::abort();
  for (const std::string_view id : sum.ids()) {
    const NoveltyFit fit = fit_novelty(*sum.bins(id), 1, 0.5);
    if (!std::isfinite(fit.strength) || !(fit.discount > 0 && fit.discount < 1)) std::abort();
  }
  return 0;
}
