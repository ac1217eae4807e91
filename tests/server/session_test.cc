// Sessions of agents: who is let in, what is taken, what goes out.
#include <gtest/gtest.h>

#include "tests/server/session_world.h"

namespace doorward {
namespace {

TEST(Session, AnAgentIsGreeted) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  const auto welcomes = agent.heard<wire::Welcome>(wire::Message::Welcome);
  ASSERT_EQ(welcomes.size(), 1U);
  const wire::Welcome& welcome = *welcomes.front();
  EXPECT_EQ(welcome.protocol(), kProtocolVersion);
  EXPECT_EQ(welcome.server()->str(), "server-of-tests");
  EXPECT_EQ(welcome.group()->str(), "default");
  EXPECT_EQ(welcome.key()->size(), 16U);
  const HashKey key = world.fleet_key();
  EXPECT_TRUE(std::equal(key.bytes.begin(), key.bytes.end(), welcome.key()->begin()));
  EXPECT_EQ(welcome.sequence(), 0U);
  EXPECT_EQ(welcome.delta_interval_ms(), 60'000U);
  EXPECT_EQ(welcome.heartbeat_ms(), 30'000U);
  EXPECT_EQ(welcome.certificate_days(), 30U);
  EXPECT_EQ(welcome.baseline_bytes(), 8U << 20U);
  EXPECT_EQ(welcome.fleet_rules()->size(), 1U);
  const LiveAgent live = world.live(kAgentA);
  EXPECT_TRUE(live.connected);
  EXPECT_EQ(live.host, "host-a");
  EXPECT_EQ(live.address, "192.0.2.1");
  agent.end();
  EXPECT_FALSE(world.live(kAgentA).connected);
}

TEST(Session, WhoMayNotComeIsToldWhy) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer unknown = world.agent(kAgentB);
  EXPECT_EQ(unknown.refusal(), wire::RefusalCode::unknown_agent);

  NotedPeer expired = world.peer();
  expired.open(kAgentA, "192.0.2.1", clock_now() - 1).tell(hello_frame());
  EXPECT_EQ(expired.refusal(), wire::RefusalCode::expired);

  HelloToSay old;
  old.protocol = old.protocol_min = 0;
  EXPECT_EQ(world.agent(kAgentA, old).refusal(), wire::RefusalCode::version);
  HelloToSay young;
  young.protocol = young.protocol_min = kProtocolVersion + 1;
  NotedPeer newer = world.agent(kAgentA, young);
  EXPECT_EQ(newer.refusal(), wire::RefusalCode::version);
  EXPECT_EQ(newer.refused()->reason()->str(),
            "the server speaks versions 1 of the protocol, this agent 2");
  HelloToSay both;
  both.protocol = kProtocolVersion + 1;
  EXPECT_EQ(world.agent(kAgentA, both).refusal(), wire::RefusalCode::none);

  log::RevocationT table;
  table.reason = "stolen";
  world.append(entry_of(EntryKind::revocation, kAgentA, 0, table));
  NotedPeer revoked = world.agent(kAgentA);
  EXPECT_EQ(revoked.refusal(), wire::RefusalCode::revoked);
  EXPECT_EQ(revoked.refused()->reason()->str(), "this agent was revoked: stolen");
  EXPECT_EQ(revoked.refused()->retry_after_ms(), 0U);
}

TEST(Session, ARevocationEndsTheSessionAtOnce) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  log::RevocationT table;
  table.reason = "stolen";
  world.append(entry_of(EntryKind::revocation, kAgentA, 0, table));
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::revoked);
  EXPECT_TRUE(agent.link().finished);
}

TEST(Session, AMoveBringsTheAgentBack) {
  SessionWorld world;
  world.enrol(kAgentA);
  world.append(entry_of(EntryKind::group, "web", 1, log::GroupT()));
  NotedPeer agent = world.agent(kAgentA);
  log::MoveT table;
  table.group = "web";
  world.append(entry_of(EntryKind::move, kAgentA, 1, table));
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::busy);
  EXPECT_EQ(agent.refused()->retry_after_ms(), 1000U);
  agent.end();
  NotedPeer again = world.agent(kAgentA);
  EXPECT_EQ(again.heard<wire::Welcome>(wire::Message::Welcome).front()->group()->str(), "web");
}

TEST(Session, AnotherMachineWithTheIdentityIsAClone) {
  SessionWorld world;
  world.enrol(kAgentA, 7);
  NotedPeer right = world.agent(kAgentA);
  HelloToSay elsewhere;
  elsewhere.machine = 8;
  NotedPeer clone = world.agent(kAgentA, elsewhere, "198.51.100.9");
  EXPECT_EQ(clone.refusal(), wire::RefusalCode::clone);
  EXPECT_EQ(right.refusal(), wire::RefusalCode::none);
  const LiveAgent live = world.live(kAgentA);
  EXPECT_TRUE(live.connected);
  EXPECT_EQ(live.clones, 1U);
  EXPECT_EQ(live.clone_from, "198.51.100.9");
  const std::vector<LogEntry> audits = world.all(EntryKind::audit);
  ASSERT_EQ(audits.size(), 1U);
  EXPECT_EQ(text_of(entry_table<log::Audit>(audits.front())->action()), "agent.clone");
}

TEST(Session, ANewConnectionTakesThePlaceOfTheOld) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer old = world.agent(kAgentA);
  HelloToSay restarted;
  restarted.instance = 2;
  NotedPeer now = world.agent(kAgentA, restarted);
  EXPECT_TRUE(old.link().closed);
  EXPECT_EQ(now.refusal(), wire::RefusalCode::none);
  EXPECT_TRUE(world.live(kAgentA).connected);
  EXPECT_EQ(world.live(kAgentA).clones, 0U);
}

TEST(Session, TwoOfOneDiskImageAreNoticed) {
  SessionWorld world;
  world.enrol(kAgentA);
  HelloToSay one, two;
  one.instance = 1;
  two.instance = 2;
  NotedPeer first = world.agent(kAgentA, one, "192.0.2.1");
  NotedPeer second = world.agent(kAgentA, two, "192.0.2.2");
  NotedPeer back = world.agent(kAgentA, one, "192.0.2.1");
  EXPECT_EQ(back.refusal(), wire::RefusalCode::clone);
  EXPECT_EQ(second.refusal(), wire::RefusalCode::none);
  EXPECT_EQ(world.live(kAgentA).clones, 1U);
  // When the other has gone it may come back.
  second.end();
  EXPECT_EQ(world.agent(kAgentA, one).refusal(), wire::RefusalCode::none);
}

TEST(Session, DeltasAreAppliedOnce) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  const Frame frame = deltas_frame({world.good_delta(1), world.good_delta(2)});
  agent.tell(frame);
  ASSERT_NE(agent.last_ack(), nullptr);
  EXPECT_EQ(agent.last_ack()->deltas(), 2U);
  agent.tell(frame);
  EXPECT_EQ(agent.last_ack()->deltas(), 2U);
  // Twice in one turn of the core.
  agent.say(deltas_frame({world.good_delta(3)}));
  agent.say(deltas_frame({world.good_delta(3)}));
  world.core->run_pending();
  EXPECT_EQ(agent.last_ack()->deltas(), 3U);
  EXPECT_EQ(world.all(EntryKind::delta).size(), 3U);
  agent.end();
  NotedPeer again = world.agent(kAgentA);
  EXPECT_EQ(again.heard<wire::Welcome>(wire::Message::Welcome).front()->sequence(), 3U);
}

TEST(Session, ADeltaThatCannotBeTakenIsRefusedAndTheOthersAreNot) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  DeltaToSay garbage = world.good_delta(2);
  garbage.additions = {1, 2, 3};
  agent.tell(deltas_frame({world.good_delta(1), garbage, world.good_delta(3)}));
  const wire::Ack* ack = agent.last_ack();
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->deltas(), 3U);
  ASSERT_NE(ack->refused_deltas(), nullptr);
  ASSERT_EQ(ack->refused_deltas()->size(), 1U);
  EXPECT_EQ(ack->refused_deltas()->Get(0)->sequence(), 2U);
  EXPECT_FALSE(ack->refused_deltas()->Get(0)->reason()->str().empty());
  EXPECT_EQ(world.all(EntryKind::delta).size(), 2U);
}

TEST(Session, SequencesThatDoNotAscendEndIt) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  agent.tell(deltas_frame({world.good_delta(2), world.good_delta(1)}));
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::malformed);
  EXPECT_EQ(world.all(EntryKind::delta).size(), 0U);
}

TEST(Session, AlertsAreStoredOnceAndBadOnesRefused) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  AlertToSay update{5, "alert-1", R"({"x":1})", 2, 60, 4};
  std::vector<AlertToSay> alerts = {{1},
                                    {2, "alert-2", "[1]"},
                                    {3, "has a space"},
                                    {4, "alert-4", "{\"a\":"},
                                    update,
                                    {6, "alert-6", std::string(70'000, ' ') + "{}"},
                                    {7, "alert-7", "{}", 9},
                                    {8, "alert-8", "{}", 1, 101},
                                    {9, "alert-9", "{}"}};
  agent.tell(alerts_frame(alerts));
  const wire::Ack* ack = agent.last_ack();
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->alerts(), 9U);
  std::vector<std::uint64_t> refused;
  for (const wire::AckItem* item : *ack->refused_alerts()) refused.push_back(item->sequence());
  EXPECT_EQ(refused, (std::vector<std::uint64_t>{2, 3, 4, 6, 7, 8}));
  agent.tell(alerts_frame({{10}}));
  const std::vector<LogEntry> stored = world.all(EntryKind::alert);
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[0].subject, "alert-1");
  EXPECT_EQ(stored[0].number, 0U);
  EXPECT_EQ(stored[1].number, 4U);
  EXPECT_EQ(stored[2].subject, "alert-9");
  world.look([](FleetView& view) {
    const auto row = view.alerts.get("alert-1");
    ASSERT_TRUE(row);
    ASSERT_TRUE(row.value());
    EXPECT_EQ(row.value()->agent, kAgentA);
    EXPECT_EQ(row.value()->occurrences, 4U);
  });
}

TEST(Session, NothingIsAcknowledgedThatTheDiskDidNotTake) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  const Frame frame = deltas_frame({world.good_delta(1)});
  world.disk.full = true;
  agent.tell(frame);
  EXPECT_EQ(agent.last_ack(), nullptr);
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::busy);
  EXPECT_GE(agent.refused()->retry_after_ms(), 30'000U);
  EXPECT_LE(agent.refused()->retry_after_ms(), 90'000U);
  agent.end();
  world.disk.full = false;
  NotedPeer again = world.agent(kAgentA);
  EXPECT_EQ(again.heard<wire::Welcome>(wire::Message::Welcome).front()->sequence(), 0U);
  again.tell(frame);
  EXPECT_EQ(again.last_ack()->deltas(), 1U);
}

TEST(Session, AHeartbeatIsAnsweredAndNoted) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  agent.tell(heartbeat_frame(123, 456));
  ASSERT_NE(agent.last_ack(), nullptr);
  EXPECT_EQ(agent.last_ack()->heartbeat(), 123);
  EXPECT_EQ(world.live(kAgentA).report.lines, 456U);
}

log::PolicyT policy(const std::string& text) {
  log::PolicyT out;
  auto file = std::make_unique<log::PolicyFileT>();
  file->name = "policy.toml";
  file->text = text;
  out.files.push_back(std::move(file));
  return out;
}

TEST(Session, APolicyGoesToThoseWhoDoNotHaveIt) {
  SessionWorld world;
  world.enrol(kAgentA);
  world.enrol(kAgentB);
  world.append(entry_of(EntryKind::policy, "default", 1, policy("x = 1")));
  NotedPeer has_none = world.agent(kAgentA);
  const auto first = has_none.heard<wire::Policy>(wire::Message::Policy);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first.front()->version(), 1U);
  ASSERT_EQ(first.front()->files()->size(), 1U);
  EXPECT_EQ(first.front()->files()->Get(0)->name()->str(), "policy.toml");
  EXPECT_EQ(first.front()->files()->Get(0)->text()->str(), "x = 1");
  HelloToSay has_it;
  has_it.policy = 1;
  NotedPeer has = world.agent(kAgentB, has_it);
  EXPECT_EQ(has.heard<wire::Policy>(wire::Message::Policy).size(), 0U);
  // A new version goes to both.
  world.append(entry_of(EntryKind::policy, "default", 2, policy("x = 2")));
  EXPECT_EQ(has_none.heard<wire::Policy>(wire::Message::Policy).back()->version(), 2U);
  EXPECT_EQ(has.heard<wire::Policy>(wire::Message::Policy).back()->version(), 2U);
  has.end();
  // Who could not take it is not sent it again.
  HelloToSay could_not;
  could_not.policy = 1;
  could_not.policy_refused = 2;
  NotedPeer refused = world.agent(kAgentB, could_not);
  EXPECT_EQ(refused.heard<wire::Policy>(wire::Message::Policy).size(), 0U);
  refused.end();
  // The same number of another group's policy is another policy.
  HelloToSay moved;
  moved.policy = 2;
  moved.group = "web";
  EXPECT_EQ(world.agent(kAgentB, moved).heard<wire::Policy>(wire::Message::Policy).size(), 1U);
}

TEST(Session, AVerdictGoesToTheAgentOfTheAlert) {
  SessionWorld world;
  world.enrol(kAgentA);
  world.enrol(kAgentB);
  NotedPeer agent = world.agent(kAgentA);
  NotedPeer other = world.agent(kAgentB);
  agent.tell(alerts_frame({{}}));
  log::VerdictT table;
  table.verdict = 2;
  const std::uint64_t place = world.append(entry_of(EntryKind::verdict, "alert-1", 1, table));
  const auto verdicts = agent.heard<wire::Verdicts>(wire::Message::Verdicts);
  ASSERT_EQ(verdicts.size(), 1U);
  ASSERT_EQ(verdicts.front()->items()->size(), 1U);
  const wire::Verdict* verdict = verdicts.front()->items()->Get(0);
  EXPECT_EQ(verdict->id()->str(), "alert-1");
  EXPECT_EQ(verdict->place(), place);
  EXPECT_TRUE(verdict->learn());
  EXPECT_EQ(other.heard<wire::Verdicts>(wire::Message::Verdicts).size(), 0U);
  // Who was away hears of it when it comes back, unless it knows.
  agent.end();
  EXPECT_EQ(world.agent(kAgentA).heard<wire::Verdicts>(wire::Message::Verdicts).size(), 1U);
  HelloToSay knows;
  knows.verdicts = place;
  EXPECT_EQ(world.agent(kAgentA, knows).heard<wire::Verdicts>(wire::Message::Verdicts).size(), 0U);
}

TEST(Session, ARoundGoesToAllOfTheGroup) {
  SessionWorld world;
  world.enrol(kAgentA);
  world.enrol(kAgentB);
  NotedPeer one = world.agent(kAgentA);
  NotedPeer two = world.agent(kAgentB);
  one.tell(deltas_frame({world.good_delta(1)}));
  EXPECT_EQ(two.heard<wire::BaselinePatch>(wire::Message::BaselinePatch).size(), 0U);
  std::optional<LogEntry> round;
  world.look([&](FleetView& view) { round = view.baselines.close_round("default", view.now); });
  ASSERT_TRUE(round);
  world.append(*round);
  for (const NotedPeer* peer : {&one, &two}) {
    const auto patches = peer->heard<wire::BaselinePatch>(wire::Message::BaselinePatch);
    ASSERT_EQ(patches.size(), 1U);
    EXPECT_EQ(patches.front()->generation(), 1U);
  }
  EXPECT_EQ(one.heard<wire::BaselinePatch>(wire::Message::BaselinePatch).front()->includes(), 1U);
  EXPECT_EQ(two.heard<wire::BaselinePatch>(wire::Message::BaselinePatch).front()->includes(), 0U);
  // Who comes later gets it too.
  two.end();
  NotedPeer late = world.agent(kAgentB);
  EXPECT_EQ(late.heard<wire::BaselinePatch>(wire::Message::BaselinePatch).size(), 1U);
}

TEST(Session, ANewKeyBringsAllBack) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  LogEntry key;
  key.kind = EntryKind::fleet_key;
  key.number = 2;
  key.data.assign(16, 9);
  world.append(key);
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::busy);
  agent.end();
  NotedPeer again = world.agent(kAgentA);
  EXPECT_EQ(again.heard<wire::Welcome>(wire::Message::Welcome).front()->key()->Get(0), 9U);
}

TEST(Session, MessagesOutOfTurnEndIt) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer early = world.peer();
  early.open(kAgentA).tell(heartbeat_frame(1));
  EXPECT_EQ(early.refusal(), wire::RefusalCode::malformed);
  NotedPeer hasty = world.peer();
  hasty.open(kAgentA).say(hello_frame());
  hasty.say(heartbeat_frame(1));
  world.core->run_pending();
  EXPECT_EQ(hasty.refusal(), wire::RefusalCode::malformed);
  NotedPeer twice = world.agent(kAgentA);
  twice.tell(hello_frame());
  EXPECT_EQ(twice.refusal(), wire::RefusalCode::malformed);
}

TEST(Session, AFloodIsSlowedThenEnded) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  std::size_t said = 0;
  while (!agent.link().finished && said < 5000) {
    agent.tell(heartbeat_frame(1));
    ++said;
  }
  EXPECT_GE(said, 900U);
  EXPECT_LT(said, 5000U);
  EXPECT_EQ(agent.heard<wire::RetryAfter>(wire::Message::RetryAfter).size(), 1U);
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::busy);
}

TEST(Session, AllAreToldWhenTheServerStops) {
  SessionWorld world;
  world.enrol(kAgentA);
  NotedPeer agent = world.agent(kAgentA);
  world.sessions->close();
  world.core->run_pending();
  EXPECT_EQ(agent.refusal(), wire::RefusalCode::busy);
  EXPECT_GE(agent.refused()->retry_after_ms(), 1000U);
  EXPECT_LE(agent.refused()->retry_after_ms(), 15'000U);
  NotedPeer late = world.peer();
  late.open(kAgentA);
  EXPECT_EQ(late.refusal(), wire::RefusalCode::busy);
}

}  // namespace
}  // namespace doorward
