#include "plugins/policy/validate.h"

#include <algorithm>

#include "plugins/exceptions/exception_review.h"
#include "plugins/set_files.h"

namespace doorward {
namespace {

/// The files of the policy and no others: what an agent would find elsewhere on its disk is not
/// known here.
class PolicyLoader final : public FileLoader {
 public:
  explicit PolicyLoader(const PolicyTexts& texts) : texts_(texts) {}

  Result<FileVersion> version(const std::string& path) override {
    const PolicyText* file = find(path);
    if (file == nullptr) return missing(path);
    return FileVersion{0, file->text.size(), 0};
  }
  Result<std::string> read(const std::string& path, std::size_t /*bytes_max*/) override {
    const PolicyText* file = find(path);
    if (file == nullptr) return missing(path);
    return file->text;
  }

 private:
  static Error missing(const std::string& path) {
    return {path,
            "no such file in the policy; a set is named from the file that names it, such as "
            "\"@../sets/NAME.txt\""};
  }
  [[nodiscard]] const PolicyText* find(const std::string& path) const {
    const auto found = std::find_if(texts_.begin(), texts_.end(),
                                    [&](const PolicyText& file) { return file.name == path; });
    // Only sets: a policy's other files are no lists of values.
    return found == texts_.end() || !path.starts_with("sets/") ? nullptr : &*found;
  }
  const PolicyTexts& texts_;
};

void play_examples(const Policy& policy, const std::vector<RuleText>& texts, const RuleSet& rules,
                   SetFiles& set_files, PolicyFindings& out) {
  std::size_t events = 0;
  std::vector<const Rule*> own;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(i);
    const bool brought = std::any_of(policy.rules.begin(), policy.rules.end(),
                                     [&](const RuleText& text) { return text.file == rule.file; });
    if (!brought) continue;
    own.push_back(&rule);
    if (rule.tests.empty()) {
      out.warnings.push_back({rule.file, "rule " + rule.id + " has no [[test]]"});
    }
    for (const RuleTest& test : rule.tests) {
      ++events;
      for (const ExampleRun& run : test.history) events += static_cast<std::size_t>(run.count);
    }
  }
  if (events > kPolicyExampleEventsMax) {
    out.mistakes.push_back({own.front()->file, "the examples of the policy's rules have " +
                                                   std::to_string(events) +
                                                   " events together; at most " +
                                                   std::to_string(kPolicyExampleEventsMax)});
    return;
  }
  for (const Rule* rule : own) {
    for (Error& failed : run_rule_tests(texts, *rule, &set_files)) {
      out.mistakes.push_back(std::move(failed));
    }
  }
}

/// One message once, and no more than can be read.
void tidy(std::vector<Error>& errors) {
  std::vector<Error> once;
  std::size_t more = 0;
  for (Error& error : errors) {
    const bool told = std::any_of(once.begin(), once.end(), [&](const Error& other) {
      return other.where == error.where && other.what == error.what;
    });
    if (told) continue;
    if (once.size() == kPolicyMistakesMax) {
      ++more;
      continue;
    }
    once.push_back(std::move(error));
  }
  if (more > 0) once.push_back({"", "and " + std::to_string(more) + " more"});
  errors = std::move(once);
}

}  // namespace

std::unique_ptr<FileLoader> policy_set_loader(const PolicyTexts& texts) {
  return std::make_unique<PolicyLoader>(texts);
}

PolicyFindings review_policy(const PolicyTexts& texts, TimeUs now, PolicyExamples examples) {
  PolicyFindings out;
  const Policy policy = parse_policy(texts, out.mistakes);
  // Beyond a limit, or not text: nothing of it is looked at any further.
  if (!out.mistakes.empty()) {
    tidy(out.mistakes);
    return out;
  }
  for (const PolicyText& file : texts) {
    if (!file.name.starts_with("sets/")) continue;
    ValueList values(ValueKind::text);
    read_set(file.text, file.name, values, out.mistakes);
  }
  std::vector<RuleText> rule_texts(builtin_rules().begin(), builtin_rules().end());
  rule_texts.insert(rule_texts.end(), policy.rules.begin(), policy.rules.end());
  PolicyLoader loader(texts);
  SetFiles set_files(loader);
  const RuleSet rules(rule_texts, HashKey{}, out.mistakes, &set_files, policy.overrides);
  ExceptionSet exceptions(policy.exceptions, &set_files, out.mistakes);
  exceptions.bind(rules, out.mistakes);
  if (out.mistakes.empty()) {
    out.warnings = review_exceptions(exceptions, rules, now);
    if (examples == PolicyExamples::play && !policy.rules.empty()) {
      // As their files have them, so that examples are held against what they were written for.
      const RuleSet written(rule_texts, HashKey{}, out.mistakes, &set_files);
      play_examples(policy, rule_texts, written, set_files, out);
    }
  }
  tidy(out.mistakes);
  tidy(out.warnings);
  return out;
}

std::vector<Error> validate_policy(const PolicyTexts& texts) {
  return review_policy(texts, 0).mistakes;
}

}  // namespace doorward
