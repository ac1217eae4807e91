// What a benchmark tells of its items: how many a second, and allocations an item. Link
// doorward_bench_allocations.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

#include "tests/support/allocations.h"

namespace doorward::bench {

/// Counts from its making on; make it after everything that is set up, right before the loop. Tells
/// when it goes. Without add() an iteration is an item.
class Items {
 public:
  explicit Items(benchmark::State& state) : state_(state), before_(allocations()) {}
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;
  ~Items() {
    const std::uint64_t allocated = allocations() - before_ - paused_;
    const std::uint64_t items =
        items_ > 0 ? items_ : static_cast<std::uint64_t>(state_.iterations());
    if (items == 0) return;
    state_.SetItemsProcessed(static_cast<std::int64_t>(items));
    state_.counters["allocs/item"] = static_cast<double>(allocated) / static_cast<double>(items);
  }

  void add(std::uint64_t items) { items_ += items; }

  /// Neither time nor allocations count between these two.
  void pause() {
    state_.PauseTiming();
    pause_began_ = allocations();
  }
  void resume() {
    paused_ += allocations() - pause_began_;
    state_.ResumeTiming();
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
  std::uint64_t paused_ = 0;
  std::uint64_t pause_began_ = 0;
  std::uint64_t items_ = 0;
};

}  // namespace doorward::bench
