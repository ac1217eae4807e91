// Keys for the sketch benchmarks: what logons look like, made beforehand so that making is not
// timed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "sketch/baseline.h"

namespace doorward::bench {

inline constexpr std::int64_t kEpoch = 2900;

/// Texts of exactly 25 bytes: user and address.
inline std::vector<std::string> texts(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "user" + std::to_string(random() % 100'000) + "|203.0." +
                       std::to_string(random() % 256) + "." + std::to_string(random() % 256);
    text.resize(25, '.');
    out.push_back(std::move(text));
  }
  return out;
}

struct Pair {
  Hash128 partition;
  Hash128 value;
  Hash128 joined;
};

/// `pairs` distinct pairs, 20 values a partition, in random order.
inline std::vector<Pair> pairs(std::size_t count, std::uint64_t seed = 0) {
  std::vector<Pair> out;
  for (std::size_t i = 0; i < count; ++i) {
    const Hash128 partition = hash_text({}, "user" + std::to_string(seed * 1'000'000'000 + i / 20));
    const Hash128 value =
        hash_text({}, "address" + std::to_string(seed * 1'000'000'000 + i % 9973));
    out.push_back({partition, value, join(partition, value, 1)});
  }
  std::shuffle(out.begin(), out.end(), std::mt19937_64(2));
  return out;
}

inline Baseline default_baseline() {
  Baseline baseline = Baseline::make({}).value();
  baseline.advance(kEpoch);
  return baseline;
}

}  // namespace doorward::bench
