// Enrolment and renewal: tokens are good for as many uses as they say, whatever comes when.
#include <gtest/gtest.h>

#include "tests/server/session_world.h"

namespace doorward {
namespace {

std::vector<log::AuditT> audits(SessionWorld& world) {
  std::vector<log::AuditT> out;
  for (const LogEntry& entry : world.all(EntryKind::audit)) {
    entry_table<log::Audit>(entry)->UnPackTo(&out.emplace_back());
  }
  return out;
}

TEST(Enrolment, AGoodTokenGivesACertificate) {
  SessionWorld world;
  const JoinToken token = world.token(1);
  NotedPeer stranger = world.peer();
  stranger.open().tell(enrol_frame(token.text(), 42));
  const auto enrolled = stranger.heard<wire::Enrolled>(wire::Message::Enrolled);
  ASSERT_EQ(enrolled.size(), 1U);
  const std::string id = enrolled.front()->agent()->str();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(
      std::string(enrolled.front()->certificate()->begin(), enrolled.front()->certificate()->end()),
      id);
  EXPECT_EQ(enrolled.front()->authority()->size(), 4U);
  EXPECT_EQ(enrolled.front()->group()->str(), "default");
  EXPECT_TRUE(stranger.link().finished);
  world.look([&](FleetView& view) {
    const AgentRecord* record = view.state.agent(id);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->host, "host-a");
    EXPECT_EQ(record->machine, 42U);
    EXPECT_EQ(record->token, token_name(token));
    EXPECT_EQ(record->address, "192.0.2.1");
    EXPECT_EQ(record->serial, "01");
    EXPECT_EQ(view.state.tokens().begin()->second.used, 1U);
  });
}

TEST(Enrolment, ATokenPastItsUsesIsRefusedAndWrittenDown) {
  SessionWorld world;
  const JoinToken token = world.token(1);
  world.peer().open().tell(enrol_frame(token.text()));
  NotedPeer thief = world.peer();
  thief.open({}, "198.51.100.7").tell(enrol_frame(token.text()));
  EXPECT_EQ(thief.refusal(), wire::RefusalCode::token);
  EXPECT_EQ(thief.refused()->reason()->str(),
            "the token was used 1 time, which is all that it is good for");
  EXPECT_EQ(thief.refused()->retry_after_ms(), 0U);
  EXPECT_TRUE(thief.link().finished);
  EXPECT_EQ(world.issued, 1);
  const std::vector<log::AuditT> written = audits(world);
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written.front().by, "token " + token_name(token));
  EXPECT_EQ(written.front().action, "agent.enrol");
  EXPECT_EQ(written.front().from, "198.51.100.7");
  EXPECT_FALSE(written.front().ok);
}

TEST(Enrolment, TwoAtTheSameTimeCannotShareOneUse) {
  SessionWorld world;
  const JoinToken token = world.token(1);
  NotedPeer first = world.peer();
  NotedPeer second = world.peer();
  first.open().say(enrol_frame(token.text(), 1));
  second.open().say(enrol_frame(token.text(), 2));
  world.core->run_pending();
  EXPECT_EQ(first.heard<wire::Enrolled>(wire::Message::Enrolled).size(), 1U);
  EXPECT_EQ(second.refusal(), wire::RefusalCode::token);
  EXPECT_EQ(world.all(EntryKind::enrolment).size(), 1U);
}

TEST(Enrolment, FiveAtTheSameTimeUseFiveUses) {
  SessionWorld world;
  const JoinToken token = world.token(5);
  std::vector<NotedPeer> peers;
  for (std::uint64_t i = 0; i < 7; ++i) {
    peers.push_back(world.peer());
    peers.back().open().say(enrol_frame(token.text(), i));
  }
  world.core->run_pending();
  std::size_t enrolled = 0, refused = 0;
  for (const NotedPeer& peer : peers) {
    enrolled += peer.heard<wire::Enrolled>(wire::Message::Enrolled).size();
    refused += peer.refusal() == wire::RefusalCode::token ? 1 : 0;
  }
  EXPECT_EQ(enrolled, 5U);
  EXPECT_EQ(refused, 2U);
  EXPECT_EQ(world.all(EntryKind::token_used).size(), 5U);
  EXPECT_EQ(world.all(EntryKind::enrolment).size(), 5U);
}

TEST(Enrolment, AUseThatAnotherServerTookIsNotUsedTwice) {
  SessionWorld world;
  const JoinToken token = world.token(2);
  {
    Result<Store> other = open_store(world.folder.dir(), true);
    ASSERT_TRUE(other);
    log::TokenUsedT table;
    table.agent = kAgentB;
    const std::vector<LogEntry> entries = {
        entry_of(EntryKind::token_used, hex_of(token_digest(token)), 1, table)};
    ASSERT_TRUE(other.value().log->append(entries));
  }
  // This server does not know of it yet: its own use 1 is there already, so it takes use 2.
  NotedPeer peer = world.peer();
  peer.open().tell(enrol_frame(token.text()));
  EXPECT_EQ(peer.heard<wire::Enrolled>(wire::Message::Enrolled).size(), 1U);
  EXPECT_EQ(world.all(EntryKind::token_used).size(), 2U);
  NotedPeer late = world.peer();
  late.open().tell(enrol_frame(token.text()));
  EXPECT_EQ(late.refusal(), wire::RefusalCode::token);
  EXPECT_EQ(world.all(EntryKind::enrolment).size(), 1U);
}

TEST(Enrolment, EndedRevokedUnknownAndBrokenTokens) {
  SessionWorld world;
  const JoinToken ended = world.token(1, clock_now() - 1, 1);
  const JoinToken revoked = world.token(1, clock_now() + 3600 * kSecondUs, 2);
  world.append(
      entry_of(EntryKind::token_revoked, hex_of(token_digest(revoked)), 0, log::TokenRevokedT()));
  JoinToken unknown;
  unknown.secret.fill(3);
  for (const std::string& text :
       {ended.text(), revoked.text(), unknown.text(), std::string("dw1.x")}) {
    NotedPeer peer = world.peer();
    peer.open().tell(enrol_frame(text));
    EXPECT_EQ(peer.refusal(), wire::RefusalCode::token) << text;
    EXPECT_EQ(peer.refused()->retry_after_ms(), 0U);
  }
  EXPECT_EQ(world.issued, 0);
  EXPECT_EQ(world.all(EntryKind::token_used).size(), 0U);
}

TEST(Enrolment, ABadRequestDoesNotCostAUse) {
  SessionWorld world;
  const JoinToken token = world.token(1);
  NotedPeer peer = world.peer();
  peer.open().tell(enrol_frame(token.text(), 7, {1}));
  EXPECT_EQ(peer.refusal(), wire::RefusalCode::malformed);
  EXPECT_EQ(world.all(EntryKind::token_used).size(), 0U);
}

TEST(Enrolment, OneAddressHasToWaitAfterManyTries) {
  SessionWorld world;
  JoinToken unknown;
  std::size_t refused = 0, busy = 0;
  for (int i = 0; i < 150; ++i) {
    NotedPeer peer = world.peer();
    peer.open().tell(enrol_frame(unknown.text()));
    refused += peer.refusal() == wire::RefusalCode::token ? 1 : 0;
    busy += peer.refusal() == wire::RefusalCode::busy ? 1 : 0;
    peer.end();
  }
  EXPECT_GE(refused, 100U);
  EXPECT_LT(refused, 150U);
  EXPECT_EQ(refused + busy, 150U);
  // Another address is not concerned.
  NotedPeer other = world.peer();
  other.open({}, "2001:db8::1").tell(enrol_frame(unknown.text()));
  EXPECT_EQ(other.refusal(), wire::RefusalCode::token);
  // The audit trail does not grow with every try.
  EXPECT_LT(audits(world).size(), 50U);
}

TEST(Enrolment, AStrangerCanDoNothingElse) {
  SessionWorld world;
  NotedPeer hello = world.peer();
  hello.open().tell(hello_frame());
  EXPECT_EQ(hello.refusal(), wire::RefusalCode::not_allowed);
  NotedPeer alerts = world.peer();
  alerts.open().tell(alerts_frame({{}}));
  EXPECT_EQ(alerts.refusal(), wire::RefusalCode::not_allowed);
  EXPECT_EQ(world.all(EntryKind::alert).size(), 0U);
}

TEST(Renewal, GivesANewCertificateAndWritesItDown) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::uint8_t> request = {1, 2, 3};
  const Frame renew =
      make_frame(builder, wire::Message::Renew, wire::CreateRenewDirect(builder, &request).Union());
  agent.tell(renew);
  EXPECT_EQ(agent.heard<wire::Renewed>(wire::Message::Renewed).size(), 1U);
  std::vector<LogEntry> entries = world.all(EntryKind::renewal);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries.front().subject, kAgentA);
  EXPECT_EQ(entries.front().number, 2U);
  world.look([](FleetView& view) { EXPECT_EQ(view.state.agent(kAgentA)->serial, "01"); });
  // Once more at once: not now.
  agent.tell(renew);
  EXPECT_EQ(agent.heard<wire::Renewed>(wire::Message::Renewed).size(), 1U);
  EXPECT_EQ(agent.heard<wire::RetryAfter>(wire::Message::RetryAfter).size(), 1U);
}

}  // namespace
}  // namespace doorward
