// Agents that learn, and the fleet's baseline that they teach.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"
#include "server/fleet/baselines.h"
#include "server/store/entry_data.h"
#include "tests/server/memory_log.h"
#include "tests/sketch/additions.h"

namespace doorward {

inline constexpr std::int64_t kEpochUs = 1'000'000;
inline constexpr TimeUs kNow = 103 * kEpochUs;

inline HashKey key_of(std::uint8_t number) {
  HashKey key;
  key.bytes.fill(number);
  return key;
}

inline Baseline empty(const HashKey& key) {
  return Baseline::make({.bytes = kBaselineBytesMin, .epochs = 8, .epoch_us = kEpochUs, .key = key})
      .value();
}

inline void learn(const testing::Log& log, Baseline& baseline) {
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

inline testing::Log log_of(std::uint64_t seed) {
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

}  // namespace doorward
