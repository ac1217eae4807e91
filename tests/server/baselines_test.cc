// The fleet's baseline: every delta once, whatever way agents and server come by it.
#include "server/fleet/baselines.h"

#include "tests/server/baselines_world.h"

namespace doorward {
namespace {

TEST_F(BaselinesTest, FleetIsTheSumOfAllLogsOnEveryHost) {
  std::vector<SmallAgent> agents;
  for (const char* name : {"a", "b", "c"}) agents.emplace_back(name, key_);
  for (std::uint64_t round = 0; round < 6; ++round) {
    for (std::size_t i = 0; i < agents.size(); ++i) {
      hear(agents[i], round * 10 + i);
      if ((round + i) % 2 == 0) send(agents[i]);
    }
    close_round();
    sync(agents[round % 3]);
  }
  for (SmallAgent& agent : agents) send(agent);
  close_round();
  for (SmallAgent& agent : agents) {
    sync(agent);
    expect_all(agent.baseline);
    EXPECT_TRUE(agent.sealed.empty());
  }
  expect_all(*server_->baseline("g"));
}

TEST_F(BaselinesTest, WhoComesLateGetsTheWhole) {
  SmallAgent early("a", key_);
  SmallAgent late("b", key_);
  hear(late, 500);
  for (std::uint64_t i = 0; i < 80; ++i) {
    hear(early, i);
    send(early);
    close_round();
  }
  const auto patch = server_->patch("g", "b", 0, key_name(key_));
  ASSERT_TRUE(patch.has_value());
  EXPECT_TRUE(patch->whole);
  sync(late);
  EXPECT_EQ(late.generation, 80U);
  expect_all(late.baseline);
  send(late);
  close_round();
  sync(late);
  sync(early);
  expect_all(early.baseline);
}

TEST_F(BaselinesTest, DeltasOfWhileARoundWasMadeStayOpen) {
  SmallAgent a("a", key_);
  SmallAgent b("b", key_);
  hear(a, 1);
  send(a);
  const std::optional<LogEntry> round = server_->close_round("g", kNow);
  ASSERT_TRUE(round.has_value());
  hear(a, 2);
  send(a);
  hear(b, 3);
  send(b);
  append(*round);
  sync(a);
  EXPECT_EQ(a.sealed.size(), 1U);
  close_round();
  sync(a);
  sync(b);
  expect_all(a.baseline);
  expect_all(b.baseline);
  expect_all(*server_->baseline("g"));
}

TEST_F(BaselinesTest, GoesOnFromASnapshot) {
  SmallAgent a("a", key_);
  SmallAgent b("b", key_);
  for (std::uint64_t i = 0; i < 5; ++i) {
    hear(a, i);
    send(a);
    if (i == 3) close_round();
  }
  const std::vector<std::uint8_t> bytes = server_->save();
  server_ = std::make_unique<Baselines>(options());
  ASSERT_TRUE(server_->load(bytes).ok());
  EXPECT_EQ(server_->save(), bytes);
  hear(b, 77);
  send(b);
  close_round();
  sync(a);
  sync(b);
  expect_all(a.baseline);
  expect_all(b.baseline);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 997) {
    EXPECT_FALSE(Baselines(options()).load(std::span(bytes).first(cut)).ok());
  }
}

TEST_F(BaselinesTest, OldDeltasBecomeOneAndCountTheSame) {
  SmallAgent a("a", key_);
  for (std::uint64_t i = 0; i < 200; ++i) {
    hear(a, i);
    send(a);
    if (i % 10 == 9) close_round();
    Result<std::optional<Baselines::Compaction>> done = server_->compact(log_);
    ASSERT_TRUE(done.ok());
    if (done.value()) {
      ASSERT_TRUE(log_.replace(done.value()->places, done.value()->entry).ok());
    }
  }
  close_round();
  std::size_t deltas = 0;
  for (const LogEntry& entry : log_.kept) deltas += entry.kind == EntryKind::delta ? 1 : 0;
  EXPECT_LT(deltas, 80U);
  ASSERT_TRUE(server_->refold(log_, nullptr).ok());
  expect_all(*server_->baseline("g"));
  // The rounds before lead nowhere now; the agent gets the whole and has everything.
  const auto patch = server_->patch("g", "a", a.generation, key_name(key_));
  ASSERT_TRUE(patch.has_value());
  EXPECT_TRUE(patch->whole);
  sync(a);
  expect_all(a.baseline);
  // And it goes on from there.
  hear(a, 1000);
  send(a);
  close_round();
  sync(a);
  expect_all(a.baseline);
}

TEST_F(BaselinesTest, WhatOneAgentTaughtCanBeTakenOut) {
  SmallAgent good("good", key_);
  SmallAgent bad("bad", key_);
  hear(good, 1);
  bad.hear(log_of(2));
  send(good);
  send(bad);
  close_round();
  hear(good, 3);
  bad.hear(log_of(4));
  send(good);
  send(bad);
  log::DropT drop;
  drop.group = "g";
  drop.epoch = kNoEpoch;
  drop.through = bad.sequence;
  append({.kind = EntryKind::drop, .subject = "bad", .number = 1, .data = entry_bytes(drop)});
  ASSERT_TRUE(server_->refold(log_, nullptr).ok());
  close_round();
  expect_all(*server_->baseline("g"));
  sync(good);
  expect_all(good.baseline);
  // What it teaches from now on counts again.
  hear(bad, 5);
  send(bad);
  close_round();
  expect_all(*server_->baseline("g"));
}

TEST_F(BaselinesTest, OneEpochOfOneAgentCanBeTakenOut) {
  SmallAgent bad("bad", key_);
  bad.hear(log_of(2));
  for (const testing::Addition& one : log_of(2)) {
    all_.advance(one.epoch);
    if (one.epoch == 102) learn({one}, all_);
  }
  send(bad);
  close_round();
  log::DropT drop;
  drop.group = "g";
  drop.epoch = 101;
  drop.through = 1;
  append({.kind = EntryKind::drop, .subject = "bad", .number = 1, .data = entry_bytes(drop)});
  ASSERT_TRUE(server_->refold(log_, nullptr).ok());
  expect_all(*server_->baseline("g"));
}

TEST_F(BaselinesTest, ANewKeyBeginsAnew) {
  SmallAgent a("a", key_);
  hear(a, 1);
  send(a);
  close_round();
  const HashKey next = key_of(2);
  append({.kind = EntryKind::fleet_key,
          .subject = "",
          .number = 2,
          .data = {next.bytes.begin(), next.bytes.end()}});
  const Status old = server_->check("a", encode_additions(Additions()), key_name(key_), kNow);
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().message(), "it is of another hash key than the fleet's");
  EXPECT_EQ(encode_baseline(*server_->baseline("g")), encode_baseline(empty(next)));
  const auto patch = server_->patch("g", "a", 1, key_name(next));
  ASSERT_TRUE(patch.has_value());
  EXPECT_TRUE(patch->whole);
}

TEST_F(BaselinesTest, AfterARestoreEveryAgentAsksForTheWhole) {
  SmallAgent a("a", key_);
  SmallAgent b("b", key_);
  hear(a, 1);
  send(a);
  close_round();
  sync(a);
  sync(b);
  EXPECT_EQ(b.generation, 1U);
  const std::uint64_t before = log_.kept.back().place;
  ASSERT_TRUE(leap_generations(log_, kNow).ok());
  ASSERT_TRUE(log_.read(before, std::nullopt,
                        [&](const LogEntry& entry) {
                          server_->fold(entry);
                          return true;
                        })
                  .ok());
  const auto patch = server_->patch("g", "b", 1, key_name(key_));
  ASSERT_TRUE(patch.has_value());
  EXPECT_TRUE(patch->whole);
  EXPECT_EQ(patch->generation, 1 + kGenerationLeap);
  hear(a, 2);
  send(a);
  close_round();
  sync(a);
  sync(b);
  expect_all(a.baseline);
  expect_all(b.baseline);
}

}  // namespace
}  // namespace doorward
