// The auditd source: lines without logons against `wc -l` on the same bytes, and nothing but
// logons.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "bench/sources/auditd_lines.h"
#include "bench/support/items.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceAuditd;

namespace {

class Counter final : public EventSink {
 public:
  void on_event(const Event& event) override {
    ++events;
    benchmark::DoNotOptimize(event.time);
  }
  std::uint64_t events = 0;
};

const std::string& quiet() {
  static const std::string kText = bench::non_logon_lines(150'000);
  return kText;
}
const std::string& dense() {
  static const std::string kText = bench::logon_lines(100'000);
  return kText;
}

/// Calls `take` for every line and gives their number.
template <class Take>
std::size_t each_line(std::string_view text, Take take) {
  std::size_t lines = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const auto* newline =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    take(std::string_view(at, static_cast<std::size_t>(newline - at)));
    at = newline + 1;
    ++lines;
  }
  return lines;
}

void report(benchmark::State& state, std::size_t lines, std::size_t bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(lines));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void feed(benchmark::State& state, const std::string& text) {
  std::uint64_t events = 0;
  {
    bench::Items items(state);
    for (auto _ : state) {
      items.pause();
      // New each time, since the lines' time begins again; warm, since what it holds is asked for
      // once.
      const std::unique_ptr<Source> source = kSourceAuditd.make({});
      Counter sink;
      InputState input;
      const std::string_view warm = std::string_view(text).substr(0, text.find('\n', 1 << 20) + 1);
      const auto feed_line = [&](std::string_view line) {
        source->feed(line, source->stamp(line, input), sink);
      };
      each_line(warm, feed_line);
      sink.events = 0;
      items.resume();
      items.add(each_line(std::string_view(text).substr(warm.size()), feed_line));
      events += sink.events;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["events"] = static_cast<double>(events) / static_cast<double>(state.iterations());
}

void split_only(benchmark::State& state) {
  std::size_t lines = 0;
  for (auto _ : state) {
    lines +=
        each_line(quiet(), [](std::string_view line) { benchmark::DoNotOptimize(line.data()); });
  }
  report(state, lines, quiet().size() * static_cast<std::size_t>(state.iterations()));
}
BENCHMARK(split_only)->Unit(benchmark::kMillisecond);

void stamp_only(benchmark::State& state) {
  const std::unique_ptr<Source> source = kSourceAuditd.make({});
  InputState input;
  std::size_t lines = 0;
  for (auto _ : state) {
    lines += each_line(quiet(), [&](std::string_view line) {
      benchmark::DoNotOptimize(source->stamp(line, input).time);
    });
  }
  report(state, lines, quiet().size() * static_cast<std::size_t>(state.iterations()));
}
BENCHMARK(stamp_only)->Unit(benchmark::kMillisecond);

void lines_without_logons(benchmark::State& state) {
  feed(state, quiet());
}
BENCHMARK(lines_without_logons)->Unit(benchmark::kMillisecond);

void lines_of_logons(benchmark::State& state) {
  feed(state, dense());
}
BENCHMARK(lines_of_logons)->Unit(benchmark::kMillisecond);

/// The same bytes, in the page cache, through wc.
void wc_l(benchmark::State& state) {
  char name[] = "/tmp/auditd_bench.XXXXXX";
  const int file = mkstemp(name);
  if (file < 0) {
    state.SkipWithError("cannot make a temporary file");
    return;
  }
  // Several times over, so that starting wc weighs little.
  constexpr std::size_t kTimes = 8;
  {
    std::ofstream out(name, std::ios::binary);
    for (std::size_t i = 0; i < kTimes; ++i) out << quiet();
  }
  const std::string command = std::string("wc -l ") + name + " >/dev/null";
  const std::size_t lines = kTimes * each_line(quiet(), [](std::string_view) {});
  std::size_t total = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (std::system(command.c_str()) != 0) state.SkipWithError("wc failed");
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    total += lines;
  }
  std::remove(name);
  state.SetItemsProcessed(static_cast<std::int64_t>(total));
}
BENCHMARK(wc_l)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
}  // namespace doorward

BENCHMARK_MAIN();
