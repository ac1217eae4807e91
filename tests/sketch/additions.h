// Logs of additions for the property tests, and an exact memory to hold the sketches against.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sketch/baseline.h"

namespace doorward::testing {

/// Hash of a number: what hash_text() is for names, but quick to make by the million. Every seed
/// gives a family of its own.
inline Hash128 hash_number(std::uint64_t number, std::uint64_t seed = 0) {
  const auto mix = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  };
  const std::uint64_t low = mix(number * 2 + 1 + mix(seed + 0x9E3779B97F4A7C15ULL));
  return {low, mix(low + 0xD1B54A32D192ED03ULL)};
}

struct Addition {
  std::uint32_t partition;
  std::uint32_t value;
  std::int64_t epoch;
  Space space = Space::successes;

  [[nodiscard]] Hash128 partition_hash() const { return hash_number(partition, 1); }
  [[nodiscard]] Hash128 value_hash() const { return hash_number(value, 2); }
  [[nodiscard]] Hash128 pair_hash() const { return join(partition_hash(), value_hash(), 7); }
};

using Log = std::vector<Addition>;

/// What a random log looks like.
struct LogShape {
  std::size_t additions = 10'000;
  std::uint32_t partitions = 100;
  std::uint32_t values = 50;  ///< per partition; every 16th partition has 20 times as many
  std::int64_t first_epoch = 100;
  std::int64_t last_epoch = 100;
};

inline Log random_log(const LogShape& shape, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Log log;
  const auto below = [&](std::uint64_t n) { return static_cast<std::uint32_t>(random() % n); };
  const auto epochs = static_cast<std::uint64_t>(shape.last_epoch - shape.first_epoch + 1);
  for (std::size_t i = 0; i < shape.additions; ++i) {
    const std::uint32_t partition = below(shape.partitions);
    const std::uint32_t values = partition % 16 == 0 ? shape.values * 20 : shape.values;
    log.push_back({partition, below(values), shape.first_epoch + below(epochs),
                   below(4) == 0 ? Space::failures : Space::successes});
  }
  return log;
}

/// Adds to every sketch; additions of epochs that have left the ring are dropped, as the pipeline
/// does.
inline void apply(const Addition& addition, Baseline& baseline) {
  baseline.advance(addition.epoch);
  if (!baseline.holds(addition.epoch)) return;
  baseline.pairs(addition.space).add(addition.pair_hash(), addition.epoch);
  baseline.totals(addition.space).add(addition.partition_hash(), addition.epoch);
  baseline.distinct(addition.space)
      .add(addition.partition_hash(), addition.value_hash(), addition.epoch);
  baseline.histograms().add(hash_number(addition.partition % 16, 3), addition.value % 128,
                            addition.epoch);
}

inline void apply(const Log& log, Baseline& baseline) {
  for (const Addition& addition : log) apply(addition, baseline);
}

inline Baseline make_baseline(std::size_t bytes = kBaselineBytesMin, std::uint32_t epochs = 8) {
  BaselineOptions options;
  options.bytes = bytes;
  options.epochs = epochs;
  return Baseline::make(options).value();
}

inline Baseline baseline_of(const Log& log, std::size_t bytes = kBaselineBytesMin,
                            std::uint32_t epochs = 8) {
  Baseline baseline = make_baseline(bytes, epochs);
  apply(log, baseline);
  return baseline;
}

/// The exact counts of a log, per epoch.
struct Exact {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::int64_t, std::uint32_t>> pairs;
  std::map<std::uint32_t, std::map<std::int64_t, std::uint32_t>> totals;
  std::map<std::uint32_t, std::map<std::int64_t, std::set<std::uint32_t>>> values;

  Exact(const Log& log, Space space) {
    for (const Addition& addition : log) {
      if (addition.space != space) continue;
      ++pairs[{addition.partition, addition.value}][addition.epoch];
      ++totals[addition.partition][addition.epoch];
      values[addition.partition][addition.epoch].insert(addition.value);
    }
  }

  /// Distinct values of a partition in the epochs first..last.
  [[nodiscard]] std::size_t distinct(std::uint32_t partition, std::int64_t first,
                                     std::int64_t last) const {
    std::set<std::uint32_t> all;
    const auto found = values.find(partition);
    if (found == values.end()) return 0;
    for (const auto& [epoch, set] : found->second) {
      if (epoch >= first && epoch <= last) all.insert(set.begin(), set.end());
    }
    return all.size();
  }
};

}  // namespace doorward::testing
