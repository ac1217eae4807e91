#include "server/policy/policy_log.h"

#include <algorithm>

#include "server/store/entry_data.h"

namespace doorward {
namespace {

std::string in_lines(const std::vector<Error>& mistakes) {
  std::string out;
  for (const Error& mistake : mistakes) out += (out.empty() ? "" : "\n") + mistake.message();
  return out;
}

Error no_version(const GroupRecord& group, std::uint64_t version) {
  const PolicyVersion* last = group.policy();
  return {"policy", "group " + group.name + " has no version " + std::to_string(version) +
                        (last == nullptr ? "; it has no policy yet"
                                         : "; the last is " + std::to_string(last->version))};
}

Result<std::vector<LogEntry>> next_version(const GroupRecord& group, const PolicyTexts& files,
                                           const std::string& by, const std::string& comment,
                                           std::uint64_t from, TimeUs now) {
  if (by.size() > kPolicyByBytesMax) return Error{"by", "the name is too long"};
  if (comment.size() > kPolicyCommentBytesMax) {
    return Error{"comment", "longer than " + std::to_string(kPolicyCommentBytesMax) + " bytes"};
  }
  const PolicyFindings findings = review_policy(files, now);
  if (!findings.mistakes.empty()) return Error{"", in_lines(findings.mistakes)};
  const PolicyTexts sorted = sorted_policy(files);
  const PolicyVersion* last = group.policy();
  const PolicyTexts before = last == nullptr ? PolicyTexts{} : policy_texts(*last->files);
  // No policy and an empty one are the same.
  if (before == sorted) return std::vector<LogEntry>{};
  const std::uint64_t version = last == nullptr ? 1 : last->version + 1;
  if (version > kPolicyVersionsMax) {
    return Error{"policy", "group " + group.name + " has had " +
                               std::to_string(kPolicyVersionsMax) +
                               " versions; make another group"};
  }
  log::PolicyT table;
  for (const PolicyText& file : sorted) {
    auto one = std::make_unique<log::PolicyFileT>();
    one->name = file.name;
    one->text = file.text;
    table.files.push_back(std::move(one));
  }
  table.by = by;
  table.comment = comment;
  table.from = from;
  LogEntry entry;
  entry.kind = EntryKind::policy;
  entry.subject = group.name;
  entry.number = version;
  entry.at = now;
  entry.data = entry_bytes(table);
  std::vector<LogEntry> entries;
  entries.push_back(std::move(entry));
  return entries;
}

}  // namespace

PolicyTexts policy_texts(const PolicyFiles& files) {
  PolicyTexts out;
  out.reserve(files.size());
  for (const PolicyFileText& file : files) out.push_back({file.name, file.text});
  return sorted_policy(std::move(out));
}

PolicyFiles policy_files(const PolicyTexts& texts) {
  PolicyFiles out;
  out.reserve(texts.size());
  for (const PolicyText& text : sorted_policy(texts)) out.push_back({text.name, text.text});
  return out;
}

Result<std::vector<LogEntry>> policy_change(const GroupRecord& group, const PolicyTexts& files,
                                            const std::string& by, const std::string& comment,
                                            TimeUs now) {
  return next_version(group, files, by, comment, 0, now);
}

Result<std::vector<LogEntry>> policy_rollback(const GroupRecord& group, std::uint64_t to,
                                              const std::string& by, const std::string& comment,
                                              TimeUs now) {
  const PolicyVersion* version = find_policy(group, to);
  if (version == nullptr) return no_version(group, to);
  return next_version(group, policy_texts(*version->files), by, comment, to, now);
}

const PolicyVersion* find_policy(const GroupRecord& group, std::uint64_t version) {
  const auto found = std::find_if(group.policies.begin(), group.policies.end(),
                                  [&](const PolicyVersion& one) { return one.version == version; });
  return found == group.policies.end() || found->files == nullptr ? nullptr : &*found;
}

Result<PolicyDiff> policy_diff(const GroupRecord& group, std::uint64_t before,
                               std::uint64_t after) {
  PolicyTexts texts[2];
  const std::uint64_t versions[2] = {before, after};
  for (std::size_t i = 0; i < 2; ++i) {
    if (versions[i] == 0) continue;
    const PolicyVersion* version = find_policy(group, versions[i]);
    if (version == nullptr) return no_version(group, versions[i]);
    texts[i] = policy_texts(*version->files);
  }
  return diff_policies(texts[0], texts[1]);
}

PolicyDiff policy_diff(const GroupRecord& group, const PolicyTexts& after) {
  const PolicyVersion* last = group.policy();
  return diff_policies(last == nullptr ? PolicyTexts{} : policy_texts(*last->files),
                       sorted_policy(after));
}

GroupSettings group_settings(const GroupRecord& group) {
  const PolicyVersion* last = group.policy();
  if (last == nullptr || last->files == nullptr) return {};
  std::vector<Error> aside;  // it was validated when it came
  const Policy policy = parse_policy(policy_texts(*last->files), aside);
  return {policy.delta_s, policy.heartbeat_s, policy.memory_mib};
}

}  // namespace doorward
