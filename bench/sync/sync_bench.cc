// Additions, which agents and server exchange: noted while learning, packed, unpacked, added to a
// baseline, taken out of a round. An item is one addition; the argument is how many are noted for
// one piece, of which some are alike: 60 as in a delta of a second, 20,000 as in a busy hour,
// 200,000 as in a fleet's round.
#include <benchmark/benchmark.h>

#include "bench/sketch/workload.h"
#include "bench/support/items.h"
#include "proto/additions_codec.h"

namespace doorward {
namespace {

/// Two pairs for each total and distinct value, as rules with levels add.
Additions made(std::size_t count, std::uint64_t seed = 0) {
  Additions additions;
  for (const auto& pair : bench::pairs(count / 4 + 1, seed)) {
    const Hash128 coarse = join(pair.partition, pair.value, 2);
    additions.pair(Space::successes, pair.joined.low, bench::kEpoch);
    additions.pair(Space::successes, coarse.low, bench::kEpoch);
    additions.total(Space::successes, join(pair.partition, pair.partition, 1).low, bench::kEpoch);
    additions.distinct(Space::successes, pair.partition.low,
                       static_cast<std::uint32_t>(pair.value.low) & 0xFFFFFFU, bench::kEpoch);
  }
  return additions;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(60)->Arg(20'000)->Arg(200'000)->Unit(benchmark::kMicrosecond);
}

/// What noting adds to learning a pair: compare with pair_add of bench-sketch.
void note_pairs(benchmark::State& state) {
  Baseline baseline = bench::default_baseline();
  Additions additions;
  baseline.note_into(&additions);
  const auto list = bench::pairs(100'000);
  for (const auto& pair : list) baseline.pairs(Space::successes).add(pair.joined, bench::kEpoch);
  std::size_t at = 0;
  bench::Items items(state);
  for (auto _ : state) {
    baseline.pairs(Space::successes).add(list[at].joined, bench::kEpoch);
    if (++at == list.size()) at = 0;
  }
}
BENCHMARK(note_pairs);

void encode_a_delta(benchmark::State& state) {
  const Additions additions = made(static_cast<std::size_t>(state.range(0)));
  std::size_t bytes = 0;
  {
    bench::Items items(state);
    for (auto _ : state) {
      bytes = encode_additions(additions).size();
      items.add(additions.size());
    }
  }
  state.counters["bytes/item"] = static_cast<double>(bytes) / static_cast<double>(additions.size());
}
BENCHMARK(encode_a_delta)->Apply(sizes);

void decode_a_delta(benchmark::State& state) {
  const Additions additions = made(static_cast<std::size_t>(state.range(0)));
  const auto bytes = encode_additions(additions);
  bench::Items items(state);
  for (auto _ : state) {
    const auto back = decode_additions(bytes);
    if (!back) state.SkipWithError("cannot be read");
    items.add(additions.size());
  }
}
BENCHMARK(decode_a_delta)->Apply(sizes);

void apply_a_round(benchmark::State& state) {
  const Additions additions = made(static_cast<std::size_t>(state.range(0)));
  Baseline baseline = bench::default_baseline();
  bench::Items items(state);
  for (auto _ : state) {
    additions.apply_to(baseline);
    items.add(additions.size());
  }
}
BENCHMARK(apply_a_round)->Apply(sizes);

/// The server's side of a delta: added to the open round.
void add_to_a_round(benchmark::State& state) {
  const Additions additions = made(static_cast<std::size_t>(state.range(0)));
  Additions round = made(200'000, 1);
  round.add(additions);
  bench::Items items(state);
  for (auto _ : state) {
    round.add(additions);
    items.add(additions.size());
  }
}
BENCHMARK(add_to_a_round)->Apply(sizes);

/// The agent's side of a round: its own part is taken out.
void take_out_own(benchmark::State& state) {
  const Additions own = made(static_cast<std::size_t>(state.range(0)));
  Additions round = made(200'000, 1);
  round.add(own);
  bench::Items items(state);
  for (auto _ : state) {
    round.subtract(own);
    items.add(own.size());
  }
}
BENCHMARK(take_out_own)->Apply(sizes);

}  // namespace
}  // namespace doorward
