// Versions of a group's policy as entries of the log: numbered, never changed, rolled back.
#include "server/policy/policy_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/store/entry_data.h"
#include "tests/policy/policy_files.h"

namespace doorward {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimeUs kNow = std::int64_t{1'780'000'000} * 1'000'000;

PolicyTexts budget(const std::string& per_day) {
  return {{"policy.toml", "[alerts]\nbudget_per_day = " + per_day + "\n"}};
}

/// What a fold makes of an entry.
PolicyVersion folded(const LogEntry& entry) {
  PolicyVersion out;
  const auto* table = entry_table<log::Policy>(entry);
  EXPECT_NE(table, nullptr);
  out.version = entry.number;
  out.at = entry.at;
  out.by = text_of(table->by());
  out.comment = text_of(table->comment());
  out.from = table->from();
  PolicyFiles files;
  if (table->files() != nullptr) {
    for (const log::PolicyFile* file : *table->files()) {
      files.push_back({text_of(file->name()), text_of(file->text())});
    }
  }
  out.files = std::make_shared<const PolicyFiles>(std::move(files));
  return out;
}

class PolicyLog : public testing::Test {
 protected:
  PolicyLog() { group_.name = "web"; }

  void take(const Result<std::vector<LogEntry>>& change) {
    ASSERT_TRUE(change.ok()) << change.error().message();
    ASSERT_EQ(change.value().size(), 1U);
    const LogEntry& entry = change.value()[0];
    EXPECT_EQ(entry.kind, EntryKind::policy);
    EXPECT_EQ(entry.subject, "web");
    EXPECT_EQ(entry.at, kNow);
    group_.policies.push_back(folded(entry));
  }

  GroupRecord group_;
};

TEST_F(PolicyLog, EachChangeIsTheNextVersion) {
  take(policy_change(group_, office_policy(), "alice", "first", kNow));
  take(policy_change(group_, budget("3"), "bob", "second", kNow));
  ASSERT_EQ(group_.policies.size(), 2U);
  EXPECT_EQ(group_.policies[0].version, 1U);
  EXPECT_EQ(policy_texts(*group_.policies[0].files), office_policy());
  EXPECT_EQ(group_.policies[1].version, 2U);
  EXPECT_EQ(group_.policies[1].by, "bob");
  EXPECT_EQ(group_.policies[1].comment, "second");
  EXPECT_EQ(group_.policies[1].from, 0U);
  EXPECT_EQ(find_policy(group_, 2), &group_.policies[1]);
  EXPECT_EQ(find_policy(group_, 3), nullptr);
}

TEST_F(PolicyLog, WhatIsInForceAlreadyIsNoChange) {
  const Result<std::vector<LogEntry>> empty = policy_change(group_, {}, "a", "", kNow);
  ASSERT_TRUE(empty.ok());
  EXPECT_THAT(empty.value(), IsEmpty());
  take(policy_change(group_, office_policy(), "a", "", kNow));
  PolicyTexts shuffled = office_policy();
  std::reverse(shuffled.begin(), shuffled.end());
  const Result<std::vector<LogEntry>> same = policy_change(group_, shuffled, "a", "", kNow);
  ASSERT_TRUE(same.ok());
  EXPECT_THAT(same.value(), IsEmpty());
  // And no policy at all is a change again.
  take(policy_change(group_, {}, "a", "", kNow));
  EXPECT_THAT(*group_.policies.back().files, IsEmpty());
}

TEST_F(PolicyLog, MistakesAreAllTold) {
  PolicyTexts texts = office_policy();
  text_of(texts, "policy.toml") += "[rules.rare_planet]\n[rules.rare_moon]\n";
  const Result<std::vector<LogEntry>> change = policy_change(group_, texts, "a", "", kNow);
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().message(),
            "policy.toml:15: rules: no rule \"rare_planet\"\n"
            "policy.toml:16: rules: no rule \"rare_moon\"");
  EXPECT_FALSE(policy_change(group_, budget("1"), std::string(129, 'a'), "", kNow).ok());
  EXPECT_FALSE(policy_change(group_, budget("1"), "a", std::string(1001, 'c'), kNow).ok());
}

TEST_F(PolicyLog, RollingBackIsANewVersionWithTheOldFiles) {
  take(policy_change(group_, budget("1"), "a", "", kNow));
  take(policy_change(group_, budget("2"), "a", "", kNow));
  take(policy_rollback(group_, 1, "b", "too loud", kNow));
  EXPECT_EQ(group_.policies.back().version, 3U);
  EXPECT_EQ(group_.policies.back().from, 1U);
  EXPECT_EQ(policy_texts(*group_.policies.back().files), budget("1"));
  EXPECT_EQ(policy_texts(*group_.policies[1].files), budget("2"));
  const Result<std::vector<LogEntry>> none = policy_rollback(group_, 9, "b", "", kNow);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message(), "policy: group web has no version 9; the last is 3");
  const Result<std::vector<LogEntry>> same = policy_rollback(group_, 1, "b", "", kNow);
  ASSERT_TRUE(same.ok());
  EXPECT_THAT(same.value(), IsEmpty());
  GroupRecord fresh;
  fresh.name = "db";
  EXPECT_EQ(policy_rollback(fresh, 1, "b", "", kNow).error().message(),
            "policy: group db has no version 1; it has no policy yet");
}

TEST_F(PolicyLog, DifferencesBetweenAnyTwo) {
  take(policy_change(group_, budget("1"), "a", "", kNow));
  take(policy_change(group_, budget("2"), "a", "", kNow));
  EXPECT_THAT(policy_diff(group_, 1, 2).value().summary,
              ElementsAre("alerts budget_per_day 1 -> 2"));
  EXPECT_THAT(policy_diff(group_, 0, 1).value().summary,
              ElementsAre("alerts budget_per_day none -> 1"));
  EXPECT_THAT(policy_diff(group_, budget("0.5")).summary,
              ElementsAre("alerts budget_per_day 2 -> 0.5"));
  EXPECT_FALSE(policy_diff(group_, 1, 5).ok());
}

TEST_F(PolicyLog, TellsTheServerItsPart) {
  EXPECT_FALSE(group_settings(group_).delta_s.has_value());
  PolicyTexts texts = office_policy();
  text_of(texts, "policy.toml") += "[baseline]\nmemory_mib = 16\n";
  take(policy_change(group_, texts, "a", "", kNow));
  const GroupSettings settings = group_settings(group_);
  EXPECT_EQ(settings.delta_s, 30);
  EXPECT_EQ(settings.heartbeat_s, 15);
  EXPECT_EQ(settings.memory_mib, 16);
}

}  // namespace
}  // namespace doorward
