#include "server/manage/fits.h"

#include <algorithm>
#include <cmath>

#include "plugins/policy/edit.h"
#include "plugins/policy/validate.h"
#include "server/fleet/group_policy.h"

namespace doorward {
namespace {

RuleFit fit_rule(const Rule& rule, const FitCounts& counts) {
  RuleFit out;
  out.id = rule.id;
  out.strength = rule.strength;
  out.discount = rule.discount;
  const FitBins* bins = counts.bins(rule.id);
  out.fit = fit_novelty(bins == nullptr ? FitBins{} : *bins, rule.strength.written,
                        rule.discount.written);
  if (!out.fit.fitted) return out;
  const double before = std::max(rule.strength.in_force(), kFitStrengthMin);
  out.changes = std::abs(std::log(out.fit.strength / before)) > kFitStrengthStep ||
                std::abs(out.fit.discount - rule.discount.in_force()) > kFitDiscountStep;
  return out;
}

/// The policy with the numbers in its policy.toml, which is made if there is none.
Result<PolicyFiles> files_with(const PolicyFiles* files, const std::vector<RuleNumbers>& numbers) {
  PolicyFiles out = files == nullptr ? PolicyFiles() : *files;
  auto main = std::find_if(out.begin(), out.end(),
                           [](const PolicyFileText& file) { return file.name == kPolicyFile; });
  if (main == out.end()) {
    const auto after = std::find_if(
        out.begin(), out.end(), [](const PolicyFileText& file) { return file.name > kPolicyFile; });
    main = out.insert(after, {std::string(kPolicyFile), ""});
  }
  Result<std::string> text = with_rule_numbers(main->text, numbers);
  if (!text) return text.error();
  main->text = std::move(text).value();
  return out;
}

}  // namespace

FitProposal propose_fit(const FitCounts& counts, const PolicyFiles* files) {
  FitProposal out;
  const GroupRules group = group_rules(files);
  const PolicyTexts texts = files == nullptr ? PolicyTexts() : policy_texts(*files);
  const std::unique_ptr<FileLoader> loader = policy_set_loader(texts);
  SetFiles set_files(*loader);
  std::vector<Error> aside;  // the policy was validated when it came
  const RuleSet rules(group.texts, HashKey{}, aside, &set_files, group.overrides);
  const FitCounts counted = rules.make_fit_counts();
  const std::vector<std::string_view> ids = counted.ids();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!ids[i].empty()) out.rules.push_back(fit_rule(rules.rule(i), counts));
  }
  std::sort(out.rules.begin(), out.rules.end(),
            [](const RuleFit& a, const RuleFit& b) { return a.id < b.id; });
  std::vector<RuleNumbers> numbers;
  for (const RuleFit& rule : out.rules) {
    if (rule.changes) numbers.push_back({rule.id, rule.fit.strength, rule.fit.discount});
  }
  if (numbers.empty()) return out;
  out.overrides = rule_numbers_text(numbers);
  Result<PolicyFiles> changed = files_with(files, numbers);
  if (changed) {
    out.files = std::move(changed).value();
  } else {
    out.by_hand = changed.error().message();
  }
  return out;
}

}  // namespace doorward
