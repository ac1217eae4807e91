// The fleet's baseline: every delta once, whatever way agents and server come by it.
#include "server/fleet/baselines.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"
#include "server/store/entry_data.h"
#include "tests/server/memory_log.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

constexpr std::int64_t kEpochUs = 1'000'000;
constexpr TimeUs kNow = 103 * kEpochUs;

HashKey key_of(std::uint8_t number) {
  HashKey key;
  key.bytes.fill(number);
  return key;
}

Baseline empty(const HashKey& key) {
  return Baseline::make({.bytes = kBaselineBytesMin, .epochs = 8, .epoch_us = kEpochUs, .key = key})
      .value();
}

void learn(const testing::Log& log, Baseline& baseline) {
  for (const testing::Addition& one : log) {
    baseline.advance(one.epoch);
    if (!baseline.holds(one.epoch)) continue;
    const Hash128 partition = join(one.partition_hash(), Hash128{}, 1);
    baseline.pairs(one.space).add(one.pair_hash(), one.epoch);
    baseline.totals(one.space).add(partition, one.epoch, 1 + one.value % 3);
    baseline.distinct(one.space).add(partition, one.value_hash(), one.epoch);
    baseline.histograms().add(testing::hash_number(one.partition % 5, 9), one.value % 128,
                              one.epoch);
  }
}

testing::Log log_of(std::uint64_t seed) {
  return testing::random_log(
      {.additions = 300, .partitions = 30, .values = 20, .first_epoch = 101, .last_epoch = 102},
      seed);
}

/// The least that is an agent: what it has learned, and what the server has not told back yet.
struct SmallAgent {
  explicit SmallAgent(std::string name, const HashKey& key)
      : id(std::move(name)), baseline(empty(key)) {}

  void hear(const testing::Log& log) {
    baseline.note_into(&open);
    learn(log, baseline);
    baseline.note_into(nullptr);
  }
  void take(const Patch& patch, const HashKey& key) {
    if (patch.whole) {
      Result<Baseline> whole = decode_baseline(*patch.bytes, key);
      ASSERT_TRUE(whole.ok()) << whole.error().message();
      baseline = std::move(whole).value();
      for (const auto& [number, delta] : sealed) {
        if (number > patch.includes) delta.apply_to(baseline);
      }
      open.apply_to(baseline);
    } else {
      ASSERT_EQ(patch.previous, generation);
      Result<Additions> round = decode_additions(*patch.bytes);
      ASSERT_TRUE(round.ok()) << round.error().message();
      for (const auto& [number, delta] : sealed) {
        if (number <= patch.includes) round.value().subtract(delta);
      }
      round.value().apply_to(baseline);
    }
    generation = patch.generation;
    sealed.erase(sealed.begin(), sealed.upper_bound(patch.includes));
  }

  std::string id;
  Baseline baseline;
  Additions open;
  std::map<std::uint64_t, Additions> sealed;
  std::uint64_t sequence = 0;
  std::uint64_t generation = 0;
};

class BaselinesTest : public ::testing::Test {
 protected:
  BaselinesTest() {
    log::GroupT group;
    append({.kind = EntryKind::fleet_key,
            .subject = "",
            .number = 1,
            .data = {key_.bytes.begin(), key_.bytes.end()}});
    append({.kind = EntryKind::group, .subject = "g", .number = 1, .data = entry_bytes(group)});
  }

  static Baselines::Options options() {
    Baselines::Options options;
    options.bytes = kBaselineBytesMin;
    options.epoch_us = kEpochUs;
    return options;
  }

  void append(LogEntry entry) {
    const auto places = log_.append(std::span(&entry, 1));
    ASSERT_TRUE(places.ok());
    if (!places.value()[0]) return;
    entry.place = *places.value()[0];
    server_->fold(entry);
  }

  /// The agent seals what it has and the server takes it.
  void send(SmallAgent& agent) {
    log::DeltaT delta;
    delta.group = "g";
    delta.key_name = key_name(key_);
    delta.additions = encode_additions(agent.open);
    const Status good = server_->check(agent.id, delta.additions, delta.key_name, kNow);
    ASSERT_TRUE(good.ok()) << good.error().message();
    append({.kind = EntryKind::delta,
            .subject = agent.id,
            .number = ++agent.sequence,
            .data = entry_bytes(delta)});
    agent.sealed.emplace(agent.sequence, std::exchange(agent.open, Additions()));
  }

  void close_round() {
    std::optional<LogEntry> round = server_->close_round("g", kNow);
    if (round) append(*round);
  }

  void sync(SmallAgent& agent) {
    while (const auto patch = server_->patch("g", agent.id, agent.generation, key_name(key_))) {
      agent.take(*patch, key_);
    }
  }

  void hear(SmallAgent& agent, std::uint64_t seed) {
    agent.hear(log_of(seed));
    learn(log_of(seed), all_);
  }

  void expect_all(const Baseline& baseline) {
    EXPECT_EQ(encode_baseline(baseline), encode_baseline(all_));
  }

  HashKey key_ = key_of(1);
  testing::MemoryLog log_;
  std::unique_ptr<Baselines> server_ = std::make_unique<Baselines>(options());
  Baseline all_ = empty(key_);
};

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

TEST_F(BaselinesTest, RefusesWhatNobodyMayTeach) {
  const auto reason = [&](const Additions& additions) {
    const Status status = server_->check("a", encode_additions(additions), key_name(key_), kNow);
    return status.ok() ? "" : status.error().message();
  };
  Additions future;
  future.pair(Space::successes, 1, kNow / kEpochUs + 100'000);
  EXPECT_EQ(reason(future), "it tells of the future: epoch 100103");
  Additions often;
  often.pair(Space::successes, 1, 102, 1'000'001);
  EXPECT_EQ(reason(often), "it tells of one thing more than 1000000 times");
  Additions fine;
  fine.pair(Space::successes, 1, 102, 1'000'000);
  EXPECT_EQ(reason(fine), "");
  EXPECT_FALSE(server_->check("a", std::vector<std::uint8_t>{7, 7}, key_name(key_), kNow).ok());
}

TEST_F(BaselinesTest, AnAgentTeachesNoMoreThanItsShareOfAnEpoch) {
  Baselines::Options small = options();
  small.limits.entries_an_epoch = 1000;
  server_ = std::make_unique<Baselines>(small);
  for (const LogEntry& entry : log_.kept) server_->fold(entry);
  SmallAgent a("a", key_);
  Additions much;
  for (std::uint64_t i = 1; i <= 600; ++i) much.pair(Space::successes, i, 102);
  a.open = much;
  send(a);
  EXPECT_EQ(server_->check("a", encode_additions(much), key_name(key_), kNow).error().message(),
            "the agent has taught all that one may teach in an epoch (1000 entries)");
  EXPECT_TRUE(server_->check("b", encode_additions(much), key_name(key_), kNow).ok());
}

TEST_F(BaselinesTest, ADeltaThatTaughtNothingIsInARoundToo) {
  SmallAgent a("a", key_);
  send(a);
  close_round();
  sync(a);
  EXPECT_EQ(a.generation, 1U);
  EXPECT_TRUE(a.sealed.empty());
  EXPECT_FALSE(server_->close_round("g", kNow).has_value());
}

TEST_F(BaselinesTest, OldEpochsTakeNoPlaces) {
  SmallAgent odd("odd", key_);
  for (std::int64_t epoch = 80; epoch < 88; ++epoch) odd.open.pair(Space::successes, 7, epoch);
  odd.open.bin({1, 2}, 3, 80);
  send(odd);
  SmallAgent good("good", key_);
  hear(good, 1);
  send(good);
  close_round();
  expect_all(*server_->baseline("g"));
  // And from the other side: what is old comes last.
  Additions old;
  old.pair(Space::successes, 7, 20);
  odd.open = old;
  send(odd);
  hear(good, 2);
  send(good);
  close_round();
  sync(good);
  expect_all(*server_->baseline("g"));
  expect_all(good.baseline);
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
