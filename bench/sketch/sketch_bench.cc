// Times of single operations on a baseline of the default size that holds 100,000 pairs of 5,000
// partitions, in random order: what the cache does not hold has to come from memory, as in life.
#include <benchmark/benchmark.h>

#include <bit>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/sketch/workload.h"
#include "bench/support/items.h"
#include "proto/baseline_codec.h"

namespace doorward {
namespace {

constexpr std::size_t kTexts = 1 << 14;
constexpr std::size_t kPairs = 100'000;

// Walks over a list for ever.
template <class T>
class Cycle {
 public:
  explicit Cycle(const std::vector<T>& list) : list_(list) {}
  const T& next() {
    if (++at_ == list_.size()) at_ = 0;
    return list_[at_];
  }

 private:
  const std::vector<T>& list_;
  std::size_t at_ = 0;
};

const std::vector<bench::Pair>& known_pairs() {
  static const auto list = bench::pairs(kPairs);
  return list;
}

const std::vector<bench::Pair>& unknown_pairs() {
  static const auto list = bench::pairs(kPairs, 1);
  return list;
}

Baseline filled() {
  Baseline baseline = bench::default_baseline();
  for (const auto& pair : known_pairs()) {
    baseline.pairs(Space::successes).add(pair.joined, bench::kEpoch);
    baseline.totals(Space::successes).add(pair.partition, bench::kEpoch);
    baseline.distinct(Space::successes).add(pair.partition, pair.value, bench::kEpoch);
  }
  return baseline;
}

void hash_25_bytes(benchmark::State& state) {
  const auto list = bench::texts(kTexts);
  Cycle texts(list);
  bench::Items items(state);
  for (auto _ : state) benchmark::DoNotOptimize(hash_text({}, texts.next()));
}
BENCHMARK(hash_25_bytes);

void join_two(benchmark::State& state) {
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    const auto& pair = pairs.next();
    benchmark::DoNotOptimize(join(pair.partition, pair.value, 3));
  }
}
BENCHMARK(join_two);

void pair_add(benchmark::State& state) {
  Baseline baseline = filled();
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) baseline.pairs(Space::successes).add(pairs.next().joined, bench::kEpoch);
}
BENCHMARK(pair_add);

void pair_read_known(benchmark::State& state) {
  const Baseline baseline = filled();
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(baseline.pairs(Space::successes).read(pairs.next().joined));
  }
}
BENCHMARK(pair_read_known);

void pair_read_unknown(benchmark::State& state) {
  const Baseline baseline = filled();
  Cycle pairs(unknown_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(baseline.pairs(Space::successes).read(pairs.next().joined));
  }
}
BENCHMARK(pair_read_unknown);

void totals_add(benchmark::State& state) {
  Baseline baseline = filled();
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) baseline.totals(Space::successes).add(pairs.next().partition, bench::kEpoch);
}
BENCHMARK(totals_add);

void totals_read(benchmark::State& state) {
  const Baseline baseline = filled();
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(baseline.totals(Space::successes).read(pairs.next().partition));
  }
}
BENCHMARK(totals_read);

void distinct_add_known(benchmark::State& state) {
  Baseline baseline = filled();
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    const auto& pair = pairs.next();
    baseline.distinct(Space::successes).add(pair.partition, pair.value, bench::kEpoch);
  }
}
BENCHMARK(distinct_add_known);

// Every addition is a new value of one partition: after the first 120 it is a HyperLogLog.
void distinct_add_dense(benchmark::State& state) {
  Baseline baseline = filled();
  Cycle pairs(unknown_pairs());
  const Hash128 fleet = hash_text({}, "fleet");
  bench::Items items(state);
  for (auto _ : state) {
    baseline.distinct(Space::successes).add(fleet, pairs.next().joined, bench::kEpoch);
  }
}
BENCHMARK(distinct_add_dense);

// Forged user names: every addition is a new partition.
void distinct_add_flood(benchmark::State& state) {
  Baseline baseline = filled();
  Cycle pairs(unknown_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    const auto& pair = pairs.next();
    baseline.distinct(Space::failures).add(pair.joined, pair.value, bench::kEpoch);
  }
}
BENCHMARK(distinct_add_flood);

void distinct_estimate(benchmark::State& state) {
  const Baseline baseline = filled();
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(baseline.distinct(Space::successes).estimate(pairs.next().partition));
  }
}
BENCHMARK(distinct_estimate);

// From text to count-min, and from text to HyperLogLog: the figures that compare with other
// libraries.
void hash_and_pair_add(benchmark::State& state) {
  Baseline baseline = filled();
  const auto list = bench::texts(kTexts);
  Cycle texts(list);
  bench::Items items(state);
  for (auto _ : state) {
    baseline.pairs(Space::successes).add(hash_text({}, texts.next()), bench::kEpoch);
  }
}
BENCHMARK(hash_and_pair_add);

void hash_and_distinct_add(benchmark::State& state) {
  Baseline baseline = filled();
  const auto list = bench::texts(kTexts);
  Cycle texts(list);
  const Hash128 fleet = hash_text({}, "fleet");
  bench::Items items(state);
  for (auto _ : state) {
    baseline.distinct(Space::successes).add(fleet, hash_text({}, texts.next()), bench::kEpoch);
  }
}
BENCHMARK(hash_and_distinct_add);

// A partition that the table gave up: two unions over all epochs.
void distinct_estimate_overflowed(benchmark::State& state) {
  Baseline baseline = filled();
  for (const auto& pair : unknown_pairs()) {
    baseline.distinct(Space::failures).add(pair.partition, pair.value, bench::kEpoch);
  }
  Cycle pairs(unknown_pairs());
  bench::Items items(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(baseline.distinct(Space::failures).estimate(pairs.next().partition));
  }
}
BENCHMARK(distinct_estimate_overflowed);

// What one rule does with one event, from the two texts on: score (three reads), then learn.
void hash_score_learn(benchmark::State& state) {
  Baseline baseline = filled();
  // Side by side, as in a read buffer: the texts themselves are not what is measured.
  std::string buffer;
  buffer.reserve(kPairs * 24);
  std::vector<std::pair<std::string_view, std::string_view>> list;
  const auto put = [&](const std::string& text) {
    buffer += text;
    return std::string_view(buffer).substr(buffer.size() - text.size());
  };
  for (std::size_t i = 0; i < kPairs; ++i) {
    const std::size_t n = i * 7919 % kPairs;
    const auto user = put("user" + std::to_string(n / 20));
    list.emplace_back(user, put("address" + std::to_string(n % 9973)));
  }
  Cycle texts(list);
  const HashKey key;
  bench::Items items(state);
  for (auto _ : state) {
    const auto& [user, address] = texts.next();
    const Hash128 partition = hash_text(key, user);
    const Hash128 value = hash_text(key, address);
    const Hash128 pair = join(partition, value, 1);
    baseline.pairs(Space::successes).prefetch(pair);
    baseline.totals(Space::successes).prefetch(partition);
    benchmark::DoNotOptimize(baseline.distinct(Space::successes).estimate(partition));
    benchmark::DoNotOptimize(baseline.totals(Space::successes).read(partition));
    benchmark::DoNotOptimize(baseline.pairs(Space::successes).read(pair));
    baseline.distinct(Space::successes).add(partition, value, bench::kEpoch);
    baseline.totals(Space::successes).add(partition, bench::kEpoch);
    baseline.pairs(Space::successes).add(pair, bench::kEpoch);
  }
}
BENCHMARK(hash_score_learn);

// The exact memory a baseline stands for, without bound: for comparison.
void exact_map_add(benchmark::State& state) {
  const auto hasher = [](const Hash128& hash) { return hash.low; };
  std::unordered_map<Hash128, std::uint64_t, decltype(hasher)> map(kPairs, hasher);
  for (const auto& pair : known_pairs()) ++map[pair.joined];
  Cycle pairs(known_pairs());
  bench::Items items(state);
  for (auto _ : state) benchmark::DoNotOptimize(++map[pairs.next().joined]);
}
BENCHMARK(exact_map_add);

void advance_one_epoch(benchmark::State& state) {
  Baseline baseline = filled();
  std::int64_t epoch = bench::kEpoch;
  bench::Items items(state);
  for (auto _ : state) baseline.advance(++epoch);
}
BENCHMARK(advance_one_epoch)->Unit(benchmark::kMillisecond);

void merge_two(benchmark::State& state) {
  Baseline baseline = filled();
  const Baseline other = filled();
  bench::Items items(state);
  for (auto _ : state) benchmark::DoNotOptimize(baseline.merge(other));
}
BENCHMARK(merge_two)->Unit(benchmark::kMillisecond);

void encode(benchmark::State& state) {
  const Baseline baseline = filled();
  bench::Items items(state);
  for (auto _ : state) {
    const auto bytes = encode_baseline(baseline);
    state.counters["bytes"] = static_cast<double>(bytes.size());
  }
}
BENCHMARK(encode)->Unit(benchmark::kMillisecond);

void decode(benchmark::State& state) {
  const auto bytes = encode_baseline(filled());
  bench::Items items(state);
  for (auto _ : state) benchmark::DoNotOptimize(decode_baseline(bytes, HashKey{}));
}
BENCHMARK(decode)->Unit(benchmark::kMillisecond);

void fill(benchmark::State& state) {
  const Baseline baseline = filled();
  bench::Items items(state);
  for (auto _ : state) benchmark::DoNotOptimize(baseline.fill());
}
BENCHMARK(fill)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace doorward
