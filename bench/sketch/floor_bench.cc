// The floor under the sketches: the same operations as plainly as they can be written, with a fast
// hash without a key, whose collisions anybody can choose. What ours cost above it is the price of
// the key, of eight epochs, and of rows of two widths.
#include <benchmark/benchmark.h>

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bench/sketch/workload.h"
#include "bench/support/items.h"

namespace doorward {
namespace {

constexpr std::size_t kFloorTexts = 100'000;

std::uint64_t eight_bytes(const char* at) {
  std::uint64_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}

/// Multiply and fold, 16 bytes at a step, as fast hashes of today do; for 16 bytes and more.
std::uint64_t unkeyed_hash(std::string_view text) {
  assert(text.size() >= 16);
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ULL;
  std::uint64_t state = text.size() * kOdd;
  const char* at = text.data();
  const char* const last = at + text.size() - 16;
  for (; at < last; at += 16) {
    state = detail::fold_multiply(eight_bytes(at) ^ kOdd, eight_bytes(at + 8) ^ state);
  }
  return detail::fold_multiply(eight_bytes(last) ^ kOdd, eight_bytes(last + 8) ^ state);
}

/// Four rows of 32-bit counters in 8 MiB, no epochs.
class PlainCountMin {
 public:
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t kCells = std::size_t{1} << 19;

  void add(std::uint64_t hash) {
    for (std::size_t row = 0; row < kRows; ++row) ++cells_[row * kCells + place(hash, row)];
  }
  [[nodiscard]] std::uint32_t read(std::uint64_t hash) const {
    std::uint32_t least = UINT32_MAX;
    for (std::size_t row = 0; row < kRows; ++row) {
      least = std::min(least, cells_[row * kCells + place(hash, row)]);
    }
    return least;
  }

 private:
  static std::size_t place(std::uint64_t hash, std::size_t row) {
    return (hash + row * (std::rotl(hash, 32) | 1U)) & (kCells - 1);
  }
  std::vector<std::uint32_t> cells_ = std::vector<std::uint32_t>(kRows * kCells);
};

/// 2^14 registers of a byte, as many as Redis has.
class PlainHyperLogLog {
 public:
  void add(std::uint64_t hash) {
    std::uint8_t& place = registers_[hash >> 50U];
    const auto rank = static_cast<std::uint8_t>(std::countl_zero(hash << 14U | 1U) + 1);
    if (rank > place) place = rank;
  }
  [[nodiscard]] const void* data() const { return registers_.data(); }

 private:
  std::array<std::uint8_t, 1 << 14> registers_{};
};

const std::vector<std::string>& floor_texts() {
  static const auto list = bench::texts(kFloorTexts);
  return list;
}

template <class Work>
void over_texts(benchmark::State& state, Work work) {
  const auto& list = floor_texts();
  std::size_t at = 0;
  bench::Items items(state);
  for (auto _ : state) {
    work(list[at]);
    if (++at == list.size()) at = 0;
  }
}

void floor_hash(benchmark::State& state) {
  over_texts(state, [](const std::string& text) { benchmark::DoNotOptimize(unkeyed_hash(text)); });
}
BENCHMARK(floor_hash);

void floor_count_min_add(benchmark::State& state) {
  PlainCountMin sketch;
  over_texts(state, [&](const std::string& text) {
    sketch.add(unkeyed_hash(text));
    benchmark::ClobberMemory();
  });
}
BENCHMARK(floor_count_min_add);

void floor_count_min_read(benchmark::State& state) {
  PlainCountMin sketch;
  for (const std::string& text : floor_texts()) sketch.add(unkeyed_hash(text));
  over_texts(state, [&](const std::string& text) {
    benchmark::DoNotOptimize(sketch.read(unkeyed_hash(text)));
  });
}
BENCHMARK(floor_count_min_read);

void floor_hyperloglog_add(benchmark::State& state) {
  PlainHyperLogLog sketch;
  over_texts(state, [&](const std::string& text) {
    sketch.add(unkeyed_hash(text));
    benchmark::DoNotOptimize(sketch.data());
  });
}
BENCHMARK(floor_hyperloglog_add);

/// Ours on the same texts, hash included: what stands against the two above.
void ours_count_min_add(benchmark::State& state) {
  Baseline baseline = bench::default_baseline();
  auto& pairs = baseline.pairs(Space::successes);
  over_texts(state,
             [&](const std::string& text) { pairs.add(hash_text({}, text), bench::kEpoch); });
}
BENCHMARK(ours_count_min_add);

void ours_hyperloglog_add(benchmark::State& state) {
  Baseline baseline = bench::default_baseline();
  const Hash128 fleet = hash_text({}, "fleet");
  auto& distinct = baseline.distinct(Space::successes);
  over_texts(state, [&](const std::string& text) {
    distinct.add(fleet, hash_text({}, text), bench::kEpoch);
  });
}
BENCHMARK(ours_hyperloglog_add);

}  // namespace
}  // namespace doorward
