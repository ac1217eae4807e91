#include "agent/fleet/learning.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <random>

#include "tests/fleet/fleet_world.h"

namespace doorward {
namespace {

using testing::empty_baseline;
using testing::fleet_options;
using testing::kFleetNow;
using testing::learn_line;
using testing::SimulatedAgent;
using testing::SummingServer;

/// The baseline and the additions of all logs, one after the other, on one host.
struct Concatenated {
  Baseline baseline = empty_baseline();
  Additions sum{std::size_t{1} << 20};

  void read(const SimulatedAgent& agent) {
    baseline.note_into(&sum);
    for (std::uint64_t i = 0; i < agent.lines(); ++i) learn_line(agent.first() + i, baseline);
  }
};

void bring_home(SimulatedAgent& agent, SummingServer& server) {
  ASSERT_TRUE(agent.welcome(server));
  for (int i = 0; i < 10; ++i) {
    agent.seal();
    agent.save();
    agent.send(server, SIZE_MAX);
    server.close_round();
    while (agent.patch(server)) {
    }
  }
}

void expect_equal_sums(const Additions& a, const Additions& b) {
  // The order of epochs may differ; the bytes do not depend on it.
  EXPECT_EQ(encode_additions(a), encode_additions(b));
}

TEST(FleetLearning, WhatIsSentIsWhatWasLearned) {
  SummingServer server;
  SimulatedAgent agent("a", 0);
  agent.read(5000);
  agent.seal();
  agent.save();
  agent.send(server, SIZE_MAX);
  Concatenated all;
  all.read(agent);
  expect_equal_sums(server.sum(), all.sum);
  EXPECT_EQ(server.lines_bytes(), 5000U);
  // The round brings nothing that the agent does not have.
  server.close_round();
  const auto before = agent.bytes();
  ASSERT_TRUE(agent.patch(server));
  EXPECT_EQ(agent.bytes(), before);
  EXPECT_EQ(agent.learning().status().numbered, 0U);
  EXPECT_EQ(agent.learning().generation(), 1U);
}

TEST(FleetLearning, ANewAgentHasTheFleetsBaselineAndItsOwn) {
  SummingServer server;
  SimulatedAgent old("a", 0);
  old.read(3000);
  bring_home(old, server);
  SimulatedAgent young("b", 2'000'000);
  young.read(500);
  young.seal();
  young.read(100);       // open
  young.seal_offline();  // waiting
  young.read(50);        // open
  ASSERT_TRUE(young.patch(server));
  Concatenated all;
  all.read(old);
  all.read(young);
  EXPECT_EQ(young.bytes(), encode_baseline(all.baseline));
}

TEST(FleetLearning, WhatIsLearnedWhileAPatchIsMadeIsThereOnce) {
  SummingServer server;
  SimulatedAgent old("a", 0);
  old.read(3000);
  bring_home(old, server);
  SimulatedAgent young("b", 2'000'000);
  young.set_between([&] {
    young.read(200);
    young.seal();  // numbers what was waiting when the patch was made
    young.read(30);
    for (int i = 0; i < 30; ++i) {
      young.read(3);
      young.seal_offline();
    }
    young.read(10);
  });
  young.read(500);
  young.seal_offline();
  ASSERT_TRUE(young.patch(server));
  Concatenated all;
  all.read(old);
  all.read(young);
  EXPECT_EQ(young.bytes(), encode_baseline(all.baseline));
}

/// Three agents and a server; whatever happens in whatever order, with kills anywhere.
void run_schedule(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  SummingServer server;
  std::vector<std::unique_ptr<SimulatedAgent>> agents;
  for (std::uint64_t i = 0; i < 3; ++i) {
    agents.push_back(std::make_unique<SimulatedAgent>("agent " + std::to_string(i), i * 1'000'037));
  }
  for (int step = 0; step < 400; ++step) {
    SimulatedAgent& agent = *agents[random() % agents.size()];
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
        agent.read(random() % 40);
        break;
      case 3:
        agent.seal();
        break;
      case 4:
        agent.seal_offline();
        break;
      case 5:
        agent.snapshot();
        if (random() % 2 == 0) agent.kill();
        break;
      case 6:
        agent.save();
        break;
      case 7:
        agent.send(server, random() % 4);
        break;
      case 8:
        server.close_round();
        break;
      case 9:
        agent.patch(server);
        break;
      case 10:
        agent.kill();
        ASSERT_TRUE(agent.welcome(server));
        break;
      default:
        agent.seal();
        agent.save();
        agent.send(server, SIZE_MAX);
        break;
    }
  }
  for (const auto& agent : agents) bring_home(*agent, server);
  for (const auto& agent : agents) {
    while (agent->patch(server)) {
    }
  }
  Concatenated all;
  for (const auto& agent : agents) all.read(*agent);
  expect_equal_sums(server.sum(), all.sum);
  const auto wanted = encode_baseline(all.baseline);
  EXPECT_EQ(server.fleet(), wanted);
  for (const auto& agent : agents) EXPECT_EQ(agent->bytes(), wanted);
}

TEST(FleetLearning, EveryAdditionCountsOnceWhoeverIsKilledWhen) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    run_schedule(seed);
    if (HasFailure()) return;
  }
}

TEST(FleetLearning, AWeekWithoutAServerIsBoundedAndComplete) {
  SummingServer server;
  SimulatedAgent agent("a", 0);
  for (int i = 0; i < 7 * 24; ++i) {
    agent.read(100);
    agent.seal_offline();
    ASSERT_LE(agent.learning().status().waiting, kWaitingDeltas);
    if (i % 10 == 0) {
      agent.save();
      agent.kill();
    }
  }
  EXPECT_EQ(agent.learning().status().dropped, 0U);
  EXPECT_EQ(agent.learning().next_sequence(), 1U);
  bring_home(agent, server);
  Concatenated all;
  all.read(agent);
  expect_equal_sums(server.sum(), all.sum);
  EXPECT_LE(server.applied("a"), kWaitingDeltas + 1);
}

TEST(FleetLearning, AServerOfAnEarlierDayGetsWhatIsStillThere) {
  SummingServer server;
  SimulatedAgent agent("a", 0);
  agent.read(300);
  bring_home(agent, server);
  const SummingServer backup(server);
  agent.read(200);
  agent.seal();
  agent.save();
  agent.send(server, SIZE_MAX);
  server.restore(backup);
  // No round has it: it is sent again, and nothing else changes.
  EXPECT_TRUE(agent.welcome(server));
  bring_home(agent, server);
  Concatenated all;
  all.read(agent);
  expect_equal_sums(server.sum(), all.sum);
  EXPECT_EQ(agent.bytes(), encode_baseline(all.baseline));
}

TEST(FleetLearning, AServerThatLostRoundsGivesTheWhole) {
  SummingServer server;
  SimulatedAgent agent("a", 0);
  agent.read(300);
  bring_home(agent, server);
  const SummingServer backup(server);
  agent.read(200);
  bring_home(agent, server);
  server.restore(backup);
  agent.read(100);  // open
  EXPECT_FALSE(agent.welcome(server));
  EXPECT_EQ(agent.learning().generation(), 0U);
  EXPECT_TRUE(agent.welcome(server));
  while (agent.patch(server)) {
  }
  // The fleet's as it is now, and what was not told yet.
  Baseline wanted = server.fleet_copy();
  for (std::uint64_t i = 500; i < 600; ++i) learn_line(i, wanted);
  EXPECT_EQ(agent.bytes(), encode_baseline(wanted));
  const std::uint64_t next = agent.learning().next_sequence();
  agent.seal();
  EXPECT_EQ(agent.learning().next_sequence(), next + 1);
}

TEST(FleetLearning, NumbersGoOnBehindWhatTheServerHas) {
  FleetLearning fresh("a");
  EXPECT_TRUE(fresh.welcome(57));
  EXPECT_EQ(fresh.next_sequence(), 58U);
}

TEST(FleetLearning, AnotherIdentityBeginsItsNumbersAnew) {
  SimulatedAgent agent("a", 0);
  agent.read(100);
  agent.seal();
  agent.read(100);
  agent.seal_offline();
  const auto bytes = agent.learning().image().encode();
  auto loaded = FleetLearning::load(bytes, "b");
  ASSERT_TRUE(loaded);
  const FleetLearningStatus status = loaded.value()->status();
  EXPECT_EQ(status.next_sequence, 1U);
  EXPECT_EQ(status.generation, 0U);
  EXPECT_EQ(status.numbered, 0U);
  EXPECT_EQ(status.waiting, 1U);
}

TEST(FleetLearning, ASectionThatIsCutOrChangedIsRefusedOrReadAndNeverMore) {
  SimulatedAgent agent("a", 0);
  agent.read(100);
  agent.seal();
  agent.read(20);
  const auto bytes = agent.learning().image().encode();
  ASSERT_TRUE(FleetLearning::load(bytes, "a"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(FleetLearning::load(std::span(bytes).first(size), "a"));
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    auto damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    (void)FleetLearning::load(damaged, "a");
  }
}

TEST(FleetLearning, DamagedPatchesChangeNothing) {
  SummingServer server;
  SimulatedAgent agent("a", 0);
  agent.read(100);
  FleetPatch patch;
  patch.generation = 1;
  patch.additions = {1, 2, 3};
  EXPECT_FALSE(prepare_patch(patch, agent.learning().own(), fleet_options(), kFleetNow));
  patch.whole = {1, 2, 3};
  EXPECT_FALSE(prepare_patch(patch, agent.learning().own(), fleet_options(), kFleetNow));
  Additions future;
  future.pair(Space::successes, 5, empty_baseline().epoch_of(kFleetNow) + 2);
  patch.whole.clear();
  patch.additions = encode_additions(future);
  EXPECT_FALSE(prepare_patch(patch, agent.learning().own(), fleet_options(), kFleetNow));
  // A round that does not follow.
  Additions now;
  now.pair(Space::successes, 5, empty_baseline().epoch_of(kFleetNow));
  patch.additions = encode_additions(now);
  patch.previous = 8;
  patch.generation = 9;
  auto prepared = prepare_patch(patch, agent.learning().own(), fleet_options(), kFleetNow);
  ASSERT_TRUE(prepared);
  const auto before = agent.bytes();
  Baseline copy = empty_baseline();
  EXPECT_FALSE(agent.learning().apply(std::move(prepared).value(), copy));
  EXPECT_EQ(agent.bytes(), before);
  EXPECT_EQ(agent.learning().generation(), 0U);
}

TEST(FleetLearning, MoreThanOneDeltaTakesBecomesSeveral) {
  Baseline baseline = empty_baseline();
  FleetLearning learning("a");
  learning.attach(baseline);
  const std::int64_t epoch = baseline.epoch_of(kFleetNow);
  baseline.advance(epoch);
  const std::uint64_t entries = kDeltaEntriesMax + 5000;
  for (std::uint64_t i = 0; i < entries; ++i) {
    const Hash128 text = hash_text(fleet_options().key, std::to_string(i));
    baseline.pairs(Space::successes).add(join(text, text, 1), epoch);
  }
  EXPECT_TRUE(learning.full());
  learning.seal({}, 1000);
  EXPECT_FALSE(learning.full());
  std::size_t sum = 0;
  for (const auto& delta : learning.own()) {
    EXPECT_LE(delta->entries, kDeltaEntriesMax);
    sum += delta->entries;
  }
  EXPECT_EQ(sum, entries);
  EXPECT_EQ(learning.status().lost, 0U);
}

double milliseconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

TEST(FleetLearning, PatchesTakeMillisecondsOfThePipelinesThread) {
  BaselineOptions options = fleet_options();
  options.bytes = std::size_t{8} << 20;
  Result<Baseline> made = Baseline::make(options);
  ASSERT_TRUE(made);
  Baseline baseline = std::move(made).value();
  const std::int64_t epoch = baseline.epoch_of(kFleetNow);
  baseline.advance(epoch);
  Additions round(std::size_t{1} << 18);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const Hash128 text = hash_text(options.key, std::to_string(i));
    round.pair(Space::successes, join(text, text, 1).low, epoch);
  }
  FleetLearning learning("a");
  learning.attach(baseline);
  FleetPatch patch;
  patch.generation = 1;
  patch.additions = encode_additions(round);
  std::optional<Result<PreparedPatch>> prepared;
  const double prepare_round =
      milliseconds_of([&] { prepared.emplace(prepare_patch(patch, {}, options, kFleetNow)); });
  ASSERT_TRUE(*prepared);
  const double apply_round =
      milliseconds_of([&] { ASSERT_TRUE(learning.apply(std::move(*prepared).value(), baseline)); });
  FleetPatch all;
  all.generation = 2;
  all.whole = encode_baseline(baseline);
  const double prepare_whole =
      milliseconds_of([&] { prepared.emplace(prepare_patch(all, {}, options, kFleetNow)); });
  ASSERT_TRUE(*prepared);
  const double apply_whole =
      milliseconds_of([&] { ASSERT_TRUE(learning.apply(std::move(*prepared).value(), baseline)); });
  std::printf(
      "round of 100,000: %zu bytes, prepared in %.1f ms, applied in %.1f ms; whole of 8 MiB: %zu "
      "bytes, prepared in %.1f ms, applied in %.1f ms\n",
      patch.additions.size(), prepare_round, apply_round, all.whole.size(), prepare_whole,
      apply_whole);
  EXPECT_LT(apply_round, 500);
  EXPECT_LT(apply_whole, 500);
}

}  // namespace
}  // namespace doorward
