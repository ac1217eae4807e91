// Lines a second through the authlog source alone: stamp() and feed(), events thrown away.
//   authlog_bench [--file=auth.log]      without a file, lines of an attack and a quiet host are
//   made
// Allocations are counted: there have to be none after the first passes.
#include <benchmark/benchmark.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sources/source.h"
#include "tests/support/allocations.h"

namespace doorward {

extern const SourcePlugin kSourceAuthlog;

namespace {

class Counter : public EventSink {
 public:
  void on_event(const Event& event) override {
    ++events;
    benchmark::DoNotOptimize(event);
  }
  std::uint64_t events = 0;
};

std::string file_name;

std::string made_lines() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    const std::string pid = std::to_string(1000 + i % 30'000);
    const std::string head = "Feb  9 21:" + std::to_string(10 + i / 400 % 50) + ":" +
                             std::to_string(10 + i % 50) + " bastion-01 ";
    const std::string sshd = head + "sshd[" + pid + "]: ";
    const std::string from =
        " from 203.0.113." + std::to_string(i % 250) + " port " + pid + " ssh2";
    switch (i % 5) {
      case 0:
        text += sshd + "Accepted password for alice" + from + "\n";
        text +=
            sshd + "pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)\n";
        break;
      case 1:
        text +=
            head + "sudo:    alice : TTY=pts/1 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls\n";
        text += head + "CRON[" + pid + "]: pam_unix(cron:session): session closed for user root\n";
        break;
      case 2:
        text += sshd + "Failed password for root" + from + "\n";
        text += sshd + "Connection closed by authenticating user root 203.0.113.7 port " + pid +
                " [preauth]\n";
        break;
      default:
        text += sshd + "Invalid user oracle" + from.substr(0, from.size() - 5) + "\n";
        text += sshd + "Failed password for invalid user oracle" + from + "\n";
        text += sshd + "Connection closed by invalid user oracle 203.0.113.7 port " + pid +
                " [preauth]\n";
        break;
    }
  }
  return text;
}

std::string read_input() {
  if (file_name.empty()) return made_lines();
  std::ifstream file(file_name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void authlog(benchmark::State& state, bool feed) {
  const std::string text = read_input();
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::unique_ptr<Source> source = kSourceAuthlog.make({});
  Counter counter;
  const auto pass = [&] {
    InputState input;
    input.year = 2026;
    for (const std::string_view line : lines) {
      const Stamp stamp = source->stamp(line, input);
      if (feed) {
        source->feed(line, stamp, counter);
      } else {
        benchmark::DoNotOptimize(stamp);
      }
    }
  };
  for (int i = 0; i < 3; ++i) pass();
  counter.events = 0;
  std::uint64_t allocated = 0;
  for (auto _ : state) {
    const std::uint64_t before = allocations();
    pass();
    allocated += allocations() - before;
  }
  const auto passed = static_cast<double>(lines.size()) * static_cast<double>(state.iterations());
  state.counters["lines/s"] = benchmark::Counter(passed, benchmark::Counter::kIsRate);
  state.counters["ns/line"] =
      benchmark::Counter(passed / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["allocs"] = static_cast<double>(allocated);
  state.counters["events/line"] = static_cast<double>(counter.events) / passed;
}

}  // namespace
}  // namespace doorward

int main(int argc, char** argv) {
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--file=")) {
      doorward::file_name = word.substr(7);
    } else {
      rest.push_back(argv[i]);
    }
  }
  int count = static_cast<int>(rest.size());
  benchmark::RegisterBenchmark("authlog/stamp", doorward::authlog, false);
  benchmark::RegisterBenchmark("authlog/stamp_and_feed", doorward::authlog, true);
  benchmark::Initialize(&count, rest.data());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
