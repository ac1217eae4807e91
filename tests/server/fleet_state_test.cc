#include "server/fleet/fleet_state.h"

#include <gtest/gtest.h>

#include "tests/server/store_entries.h"

namespace doorward {
namespace {

class FleetStateTest : public testing::Test {
 protected:
  void fold(LogEntry entry) {
    entry.place = ++place_;
    state_.fold(entry);
  }
  void enrol(const std::string& id, const std::string& group = "default") {
    log::EnrolmentT table;
    table.host = "web-01";
    table.machine = 77;
    table.group = group;
    table.serial = "5e1";
    table.ends = 9000;
    table.token = "abcdef01";
    table.address = "192.0.2.1";
    fold(log_entry(EntryKind::enrolment, id, 1, packed(table), 500));
  }
  FleetState state_;
  std::uint64_t place_ = 0;
};

const std::vector<std::uint8_t> kGarbage = {0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3};

TEST_F(FleetStateTest, TheNewestKeyHolds) {
  EXPECT_EQ(state_.key_number(), 0U);
  fold(log_entry(EntryKind::fleet_key, "", 1, std::vector<std::uint8_t>(16, 1), 10));
  fold(log_entry(EntryKind::fleet_key, "", 2, std::vector<std::uint8_t>(16, 2), 20));
  fold(log_entry(EntryKind::fleet_key, "", 3, std::vector<std::uint8_t>(15, 3), 30));
  EXPECT_EQ(state_.key_number(), 2U);
  EXPECT_EQ(state_.key_made(), 20);
  EXPECT_EQ(state_.key().bytes[15], 2);
  EXPECT_EQ(state_.damaged(), 1U);
}

TEST_F(FleetStateTest, AnAgentFromEnrolmentToRevocation) {
  enrol("agent-1");
  const AgentRecord* agent = state_.agent("agent-1");
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->id, "agent-1");
  EXPECT_EQ(agent->host, "web-01");
  EXPECT_EQ(agent->machine, 77U);
  EXPECT_EQ(agent->group, "default");
  EXPECT_EQ(agent->serial, "5e1");
  EXPECT_EQ(agent->ends, 9000);
  EXPECT_EQ(agent->enrolled, 500);
  EXPECT_EQ(agent->token, "abcdef01");
  EXPECT_EQ(agent->address, "192.0.2.1");
  EXPECT_FALSE(agent->revoked);

  log::RenewalT renewal;
  renewal.serial = "5e2";
  renewal.ends = 19000;
  fold(log_entry(EntryKind::renewal, "agent-1", 2, packed(renewal)));
  EXPECT_EQ(agent->renewals, 1U);
  EXPECT_EQ(agent->serial, "5e2");
  EXPECT_EQ(agent->ends, 19000);

  log::MoveT move;
  move.group = "db";
  fold(log_entry(EntryKind::move, "agent-1", 1, packed(move)));
  EXPECT_EQ(agent->group, "db");
  EXPECT_EQ(agent->moves, 1U);

  fold(log_entry(EntryKind::delta, "agent-1", 1, {}, 600));
  fold(log_entry(EntryKind::delta, "agent-1", 2, {}, 700));
  EXPECT_EQ(agent->last_delta, 2U);
  EXPECT_EQ(agent->last_delta_at, 700);
  fold(log_entry(EntryKind::contribution, "agent-1", 9, {}, 800));
  EXPECT_EQ(agent->last_delta, 9U);
  fold(log_entry(EntryKind::drop, "agent-1", 1));
  EXPECT_EQ(agent->drops, 1U);

  log::RevocationT revocation;
  revocation.by = "ann";
  revocation.reason = "stolen";
  fold(log_entry(EntryKind::revocation, "agent-1", 0, packed(revocation), 900));
  EXPECT_TRUE(agent->revoked);
  EXPECT_EQ(agent->revoked_by, "ann");
  EXPECT_EQ(agent->revoked_reason, "stolen");
  EXPECT_EQ(agent->revoked_at, 900);
  EXPECT_EQ(state_.agents().size(), 1U);
  EXPECT_EQ(state_.damaged(), 0U);
  EXPECT_EQ(state_.folded(), place_);
}

TEST_F(FleetStateTest, OfAnAgentNobodyKnowsNothingIsMade) {
  fold(log_entry(EntryKind::delta, "ghost", 1));
  fold(log_entry(EntryKind::drop, "ghost", 1));
  fold(log_entry(EntryKind::revocation, "ghost", 0));
  fold(log_entry(EntryKind::token_used, "ghost", 1));
  EXPECT_TRUE(state_.agents().empty());
  EXPECT_TRUE(state_.tokens().empty());
  EXPECT_EQ(state_.agent("ghost"), nullptr);
}

TEST_F(FleetStateTest, ATokenIsGoodForItsUsesAndItsTime) {
  log::TokenT table;
  table.group = "db";
  table.ends = 5000;
  table.uses = 2;
  table.by = "ann";
  const std::string digest = "0123456789abcdef";
  fold(log_entry(EntryKind::token, digest, 0, packed(table), 100));
  const TokenRecord& token = state_.tokens().at(digest);
  EXPECT_EQ(token.name(), "01234567");
  EXPECT_EQ(token.group, "db");
  EXPECT_EQ(token.made, 100);
  EXPECT_EQ(token.by, "ann");
  EXPECT_TRUE(token.good(4999));
  EXPECT_FALSE(token.good(5000));
  log::TokenUsedT used;
  used.agent = "agent-1";
  fold(log_entry(EntryKind::token_used, digest, 1, packed(used)));
  EXPECT_EQ(token.used, 1U);
  EXPECT_TRUE(token.good(0));
  fold(log_entry(EntryKind::token_used, digest, 2, packed(used)));
  EXPECT_FALSE(token.good(0));

  const std::string other = "fedcba9876543210";
  fold(log_entry(EntryKind::token, other, 0, packed(table)));
  EXPECT_TRUE(state_.tokens().at(other).good(0));
  fold(log_entry(EntryKind::token_revoked, other, 0, kGarbage));
  EXPECT_FALSE(state_.tokens().at(other).good(0));
}

TEST_F(FleetStateTest, PoliciesAreNumberedAndTheLastIsInForce) {
  fold(log_entry(EntryKind::group, "db", 1, {}, 50));
  ASSERT_NE(state_.group("db"), nullptr);
  EXPECT_EQ(state_.group("db")->made, 50);
  EXPECT_EQ(state_.group("db")->policy(), nullptr);
  for (std::uint64_t version = 1; version <= 3; ++version) {
    log::PolicyT table;
    for (const char* name : {"rules/x.toml", "policy.toml"}) {
      auto file = std::make_unique<log::PolicyFileT>();
      file->name = name;
      file->text = "# " + std::to_string(version);
      table.files.push_back(std::move(file));
    }
    table.by = "ann";
    table.comment = "tune";
    table.from = version == 3 ? 1 : 0;
    fold(log_entry(EntryKind::policy, "db", version, packed(table)));
  }
  const GroupRecord* group = state_.group("db");
  ASSERT_EQ(group->policies.size(), 3U);
  EXPECT_EQ(group->policy()->version, 3U);
  EXPECT_EQ(group->policy()->from, 1U);
  EXPECT_EQ(group->policy()->comment, "tune");
  const PolicyFiles files = {{"policy.toml", "# 2"}, {"rules/x.toml", "# 2"}};
  EXPECT_EQ(*group->policies[1].files, files);
  EXPECT_EQ(state_.group("none"), nullptr);
}

TEST_F(FleetStateTest, VerdictsGoToTheAgentOfTheAlert) {
  SampleAlert mine;
  mine.id = "m";
  SampleAlert other;
  other.id = "o";
  other.agent = "agent-2";
  SampleAlert claimed = other;  // another agent says that it is its own
  claimed.agent = "agent-1";
  claimed.kind = 2;
  claimed.occurrences = 7;
  SampleAlert fleet;
  fleet.id = "f";
  fleet.agent = "";
  for (const SampleAlert& alert : {mine, other, claimed, fleet}) fold(alert.entry());
  fold(verdict_entry("m", 1, 2));        // place 5: false positive
  fold(verdict_entry("o", 1, 1));        // 6
  fold(verdict_entry("m", 2, 1));        // 7: true positive after all
  fold(verdict_entry("f", 1, 3));        // 8: nobody to tell
  fold(verdict_entry("unknown", 1, 3));  // 9
  fold(verdict_entry("m", 3, 3));        // 10: benign
  const auto all = state_.verdicts_after("agent-1", 0, 100);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].place, 5U);
  EXPECT_EQ(all[0].id, "m");
  EXPECT_EQ(all[0].agent, "agent-1");
  EXPECT_TRUE(all[0].learn);
  EXPECT_FALSE(all[1].learn);
  EXPECT_TRUE(all[2].learn);
  const auto later = state_.verdicts_after("agent-1", 5, 1);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].place, 7U);
  EXPECT_TRUE(state_.verdicts_after("agent-1", 10, 100).empty());
  EXPECT_EQ(state_.verdicts_after("agent-2", 0, 100).size(), 1U);
  EXPECT_TRUE(state_.verdicts_after("agent-3", 0, 100).empty());
  EXPECT_EQ(state_.verdicts_on("m"), 3U);
  EXPECT_EQ(state_.verdicts_on("f"), 1U);
  EXPECT_EQ(state_.verdicts_on("x"), 0U);
}

TEST_F(FleetStateTest, AlertsAreRememberedInFixedMemory) {
  AlertAgents agents;
  for (std::size_t i = 0; i < kAlertAgentsMax + 2; ++i) agents.add(std::to_string(i), "agent-1");
  EXPECT_EQ(agents.find("0"), "");
  EXPECT_EQ(agents.find("1"), "");
  EXPECT_EQ(agents.find("2"), "agent-1");
  EXPECT_EQ(agents.find(std::to_string(kAlertAgentsMax + 1)), "agent-1");
}

TEST_F(FleetStateTest, ApiTokensComeAndGoAndKeepTheirNumber) {
  log::ApiTokenT table;
  table.role = 2;
  table.digest = "$argon2id$x";
  table.by = "ann";
  table.ends = 70;
  fold(log_entry(EntryKind::api_token, "siem", 1, packed(table), 60));
  const ApiTokenRecord& token = state_.api_tokens().at("siem");
  EXPECT_EQ(token.role, Role::analyst);
  EXPECT_EQ(token.digest, "$argon2id$x");
  EXPECT_EQ(token.made, 60);
  EXPECT_EQ(token.ends, 70);
  EXPECT_EQ(token.by, "ann");
  fold(log_entry(EntryKind::api_token, "siem", 2));
  EXPECT_EQ(token.role, Role::none);
  EXPECT_EQ(token.digest, "");
  EXPECT_EQ(token.number, 2U);
  fold(log_entry(EntryKind::api_token, "siem", 3, packed(table)));
  EXPECT_EQ(token.role, Role::analyst);
  table.role = 9;
  fold(log_entry(EntryKind::api_token, "siem", 4, packed(table)));
  EXPECT_EQ(token.role, Role::none);
  EXPECT_EQ(state_.damaged(), 1U);
}

TEST_F(FleetStateTest, AuditsCountByTheirNumber) {
  fold(log_entry(EntryKind::audit, "", 1));
  fold(log_entry(EntryKind::audit, "", 41));
  EXPECT_EQ(state_.audits(), 41U);
}

TEST_F(FleetStateTest, KindsOfOthersAndOfTheFutureArePassedOver) {
  fold(log_entry(EntryKind::round, "default", 1, kGarbage));
  fold(log_entry(static_cast<EntryKind>(200), "x", 1, kGarbage));
  EXPECT_EQ(state_.damaged(), 0U);
  EXPECT_EQ(state_.folded(), 2U);
}

TEST_F(FleetStateTest, DamagedEntriesAreLeftOutAndCounted) {
  fold(log_entry(EntryKind::group, "db", 1));
  enrol("agent-1");
  for (const EntryKind kind : {EntryKind::token, EntryKind::enrolment}) {
    fold(log_entry(kind, "x", 1, kGarbage));
    fold(log_entry(kind, "x", 1));
  }
  EXPECT_EQ(state_.damaged(), 4U);
  for (const EntryKind kind : {EntryKind::renewal, EntryKind::move}) {
    fold(log_entry(kind, "agent-1", 5, kGarbage));
  }
  EXPECT_EQ(state_.damaged(), 6U);
  fold(log_entry(EntryKind::policy, "db", 1, kGarbage));
  fold(log_entry(EntryKind::alert, "a", 0, kGarbage));
  fold(log_entry(EntryKind::verdict, "a", 1, kGarbage));
  EXPECT_EQ(state_.damaged(), 9U);
  // To err on the safe side: what was meant to close a door closes it.
  fold(log_entry(EntryKind::revocation, "agent-1", 0, kGarbage));
  fold(log_entry(EntryKind::api_token, "siem", 1, kGarbage));
  EXPECT_EQ(state_.damaged(), 11U);
  EXPECT_TRUE(state_.agent("agent-1")->revoked);
  EXPECT_EQ(state_.api_tokens().at("siem").role, Role::none);
  EXPECT_EQ(state_.agents().size(), 1U);
  EXPECT_TRUE(state_.tokens().empty());
  EXPECT_EQ(state_.group("db")->policy(), nullptr);
  EXPECT_EQ(state_.agent("agent-1")->group, "default");
}

}  // namespace
}  // namespace doorward
