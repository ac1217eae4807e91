// What it costs to save an agent's memory and to go on with it: how long the pipeline's thread has
// to stand still, what another thread can do meanwhile, and how many bytes it all is.
//
//   state-cost examples/fleet-auth.log.gz
//
// Best of ten, in milliseconds (`first`: save and copy, the first time) with all rules and an 8 MiB
// baseline: new, after the log, and after a million failed logons on top, each under a name and
// from an address of its own.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "agent/input_set.h"
#include "plugins/pipeline/pipeline.h"
#include "proto/agent_state_file.h"

namespace doorward {
namespace {

using Bytes = std::vector<std::uint8_t>;

class Silent final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override {}
};

/// What the first time took, in memory that was never touched, goes into `first`.
double best_ms(const std::function<void()>& work, double* first = nullptr) {
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
    if (i == 0 && first != nullptr) *first = took.count();
  }
  return best;
}

/// So that nobody finds out that a copy is never read.
void keep(const Baseline& baseline) {
  asm volatile("" : : "r"(&baseline) : "memory");
}

/// Remembers the newest time on the way.
class Clock final : public EventSink {
 public:
  explicit Clock(EventSink& next) : next_(next) {}
  void on_event(const Event& event) override {
    newest = std::max(newest, event.time);
    next_.on_event(event);
  }
  TimeUs newest = 0;

 private:
  EventSink& next_;
};

void flood(Pipeline& pipeline, TimeUs from, int names) {
  for (int i = 0; i < names; ++i) {
    Event event;
    event.time = from + i * 400;
    event.outcome = Outcome::failure;
    const std::string name = "forged" + std::to_string(i);
    event[Field::user_name] = name;
    event[Field::host_name] = "gate-01";
    event[Field::event_action] = "ssh_login";
    event[Field::method] = "password";
    event.ip.family = IpAddress::Family::v4;
    event.ip.bytes[0] = 31;
    event.ip.bytes[1] = static_cast<std::uint8_t>(i >> 16);
    event.ip.bytes[2] = static_cast<std::uint8_t>(i >> 8);
    event.ip.bytes[3] = static_cast<std::uint8_t>(i);
    pipeline.on_event(event);
  }
}

void measure(const char* when, const RuleSet& rules, const Pipeline& pipeline,
             const Baseline& baseline, const std::string& path) {
  Bytes state;
  double save_first = 0;
  const double save = best_ms(
      [&] {
        Bytes bytes;
        StateWriter out(bytes);
        pipeline.save(out);
        state = std::move(bytes);
      },
      &save_first);
  double copy_first = 0;
  const double copy = best_ms(
      [&] {
        const Baseline second = baseline.copy();
        keep(second);
      },
      &copy_first);
  Bytes encoded;
  const double encode = best_ms([&] { encoded = encode_baseline(baseline); });
  const std::vector<StatePiece> pieces = {{kBaselineSection, encoded}, {"pipeline", state}};
  Bytes file;
  const double pack = best_ms([&] { file = encode_agent_state(pieces, 0).value(); });
  const double write = best_ms([&] { (void)write_whole_file(path, file); });
  const double read = best_ms([&] { (void)read_state_file(path); });
  const double decode = best_ms([&] { (void)decode_baseline(encoded, HashKey{}); });
  Silent silent;
  Baseline other = std::move(decode_baseline(encoded, HashKey{})).value();
  const double load = best_ms([&] {
    Pipeline second(rules, other, silent, {});
    StateReader in(state);
    second.load(in);
    if (!in.done()) std::printf("cannot be loaded\n");
  });
  const AgentState back = read_state_file(path).state;
  std::printf(
      "%-12s %10zu %10zu %10zu %10zu | %6.2f %6.2f %6.2f | %7.2f %6.2f %6.2f | %6.2f %7.2f %6.2f\n",
      when, state.size(), back.find("pipeline")->stored, encoded.size(), file.size(), save, copy,
      save_first + copy_first, encode, pack, write, read, decode, load);
}

int run(const std::string& log) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  Baseline baseline = std::move(Baseline::make({})).value();
  Silent silent;
  Pipeline pipeline(rules, baseline, silent, {});
  std::string folder = (std::filesystem::temp_directory_path() / "state-cost-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const std::string path = folder + "/agent.state";
  std::printf("live state: %zu bytes of %zu rules\n", rules.make_state().bytes(), rules.size());
  std::printf("%-12s %10s %10s %10s %10s | %6s %6s %6s | %7s %6s %6s | %6s %7s %6s\n", "",
              "pipeline", "packed", "baseline", "file", "save", "copy", "first", "encode", "pack",
              "write", "read", "decode", "load");
  measure("new", rules, pipeline, baseline, path);
  const InputOptions options;
  InputSet inputs({log}, options);
  Clock clock(pipeline);
  inputs.read(clock, {});
  measure("log", rules, pipeline, baseline, path);
  flood(pipeline, clock.newest, 1'000'000);
  measure("flood", rules, pipeline, baseline, path);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace doorward

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: state-cost LOG\n");
    return 1;
  }
  return doorward::run(argv[1]);
}
