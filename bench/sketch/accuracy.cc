// Prints what the sketches get wrong: never-seen pairs that read as seen, counts and totals that
// read too high, distinct values, and the size of the encoding. Deterministic.
#include <cmath>
#include <cstdio>
#include <map>

#include "bench/sketch/workload.h"
#include "proto/baseline_codec.h"

namespace doorward {
namespace {

constexpr std::size_t kProbes = 1'000'000;

void pair_table(std::size_t bytes) {
  std::printf("\npairs, baseline of %zu MiB (one epoch; spread over epochs is never worse)\n",
              bytes >> 20);
  std::printf("%10s %12s %12s %12s %12s %12s\n", "pairs", "false seen", "predicted", "est. pairs",
              "count high", "encoded KiB");
  for (const std::size_t count : {10'000U, 30'000U, 100'000U, 200'000U, 400'000U}) {
    BaselineOptions options;
    options.bytes = bytes;
    Baseline baseline = Baseline::make(options).value();
    baseline.advance(bench::kEpoch);
    auto& sketch = baseline.pairs(Space::successes);
    const auto list = bench::pairs(count);
    for (const auto& pair : list) sketch.add(pair.joined, bench::kEpoch);
    std::size_t high = 0;
    for (const auto& pair : list) high += sketch.read(pair.joined)[0] > 1;
    std::size_t seen = 0;
    std::mt19937_64 random(5);
    for (std::size_t i = 0; i < kProbes; ++i) {
      const Hash128 never{random(), random() | 1};
      seen += sketch.read(never)[0] != 0;
    }
    const PairFill fill = sketch.fill();
    std::printf("%10zu %11.4f%% %11.4f%% %12.0f %11.2f%% %12zu\n", count,
                100.0 * static_cast<double>(seen) / kProbes, 100 * fill.false_seen,
                fill.distinct_pairs, 100.0 * static_cast<double>(high) / static_cast<double>(count),
                encode_baseline(baseline).size() >> 10);
  }
}

void totals_table() {
  std::printf("\ntotals, 8 MiB, 20 events a partition\n%10s %12s %14s\n", "partitions", "too high",
              "mean excess");
  for (const std::uint64_t count : {1000U, 3000U, 6000U, 10'000U, 30'000U}) {
    Baseline baseline = bench::default_baseline();
    auto& totals = baseline.totals(Space::successes);
    const auto name = [](std::uint64_t i) {
      return hash_text({}, "partition" + std::to_string(i));
    };
    for (std::uint64_t i = 0; i < count; ++i) totals.add(name(i), bench::kEpoch, 20);
    double high = 0;
    double excess = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto read = totals.read(name(i))[0];
      high += read > 20;
      excess += read - 20.0;
    }
    const auto n = static_cast<double>(count);
    std::printf("%10.0f %11.2f%% %13.2f%%\n", n, 100 * high / n, 100 * excess / n / 20);
  }
}

void distinct_table() {
  std::printf("\ndistinct values of one partition: table, and overflow with nothing else in it\n");
  std::printf("%10s %12s %12s %14s %14s\n", "values", "bias", "rms error", "overflow bias",
              "overflow rms");
  for (const std::uint64_t values :
       {10U, 50U, 100U, 120U, 121U, 200U, 500U, 1000U, 10'000U, 100'000U}) {
    const int trials = values >= 10'000 ? 60 : 500;
    double sum[2] = {};
    double squares[2] = {};
    std::mt19937_64 random(values);
    for (int trial = 0; trial < trials; ++trial) {
      DistinctTable table({1024, 4096, 2048});
      DistinctOverflow overflow(2048);
      table.set_ring({0, 8});
      const Hash128 partition{random(), random() | 1};
      for (std::uint64_t v = 0; v < values; ++v) {
        const Hash128 value{random(), random()};
        table.add(partition, value, 0);
        overflow.add(partition, hll::fingerprint(value), 0);
      }
      const double errors[2] = {
          table.estimate(partition) / static_cast<double>(values) - 1,
          overflow.estimate(partition, kAllSlots) / static_cast<double>(values) - 1};
      for (int i = 0; i < 2; ++i) {
        sum[i] += errors[i];
        squares[i] += errors[i] * errors[i];
      }
    }
    std::printf("%10.0f %11.2f%% %11.2f%% %13.2f%% %13.2f%%\n", static_cast<double>(values),
                100 * sum[0] / trials, 100 * std::sqrt(squares[0] / trials), 100 * sum[1] / trials,
                100 * std::sqrt(squares[1] / trials));
  }
}

void crowd_table() {
  std::printf("\na crowded distinct table, 8 MiB, 12 values a partition\n%12s %8s %14s %16s\n",
              "partitions", "held", "given up, est.", "overflow reads");
  for (const std::uint64_t count : {2000U, 6000U, 10'000U, 100'000U, 1'000'000U}) {
    Baseline baseline = bench::default_baseline();
    auto& table = baseline.distinct(Space::successes);
    std::mt19937_64 random(count);
    double sum = 0;
    double over = 0;
    std::vector<Hash128> some;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Hash128 partition{random(), random() | 1};
      for (int v = 0; v < 12; ++v) table.add(partition, {random(), random()}, bench::kEpoch);
      if (i < 2000) some.push_back(partition);
    }
    for (const Hash128 partition : some) {
      if (!table.overflowed(partition)) continue;
      sum += table.estimate(partition);
      ++over;
    }
    std::printf("%12.0f %8zu %14.0f %16.0f\n", static_cast<double>(count), table.partitions(),
                table.partitions_given_up(), over == 0 ? 0 : sum / over);
  }
}

}  // namespace
}  // namespace doorward

int main() {
  std::printf(
      "false seen: share of %zu never-seen pairs that read as seen (target at 8 MiB and 100,000 "
      "pairs: 0.2%%)\n",
      doorward::kProbes);
  doorward::pair_table(std::size_t{8} << 20);
  doorward::pair_table(std::size_t{32} << 20);
  doorward::totals_table();
  doorward::distinct_table();
  doorward::crowd_table();
}
