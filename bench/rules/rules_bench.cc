// One event through all built-in rules: scored and learned, without an alert. 300 users with three
// addresses and four hosts each, 87 hosts, an event every 10 s of event time, in a default baseline
// that has learned 100,000 of them.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "bench/sources/auditd_lines.h"
#include "bench/support/items.h"
#include "plugins/pipeline/pipeline.h"

namespace doorward {
namespace {

constexpr std::size_t kUsers = 300;
constexpr std::size_t kHosts = 87;
constexpr TimeUs kBegin = 1'767'571'200'000'000;  // 2026-01-05
constexpr int kLearned = 100'000;

class Unheard final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override {}
};

/// A fleet's logons for ever, and the rules that hear of them.
class Office {
 public:
  Office() : rules_(builtin_rules(), HashKey{}, mistakes_), baseline_(Baseline::make({}).value()) {
    for (std::size_t i = 0; i < kUsers; ++i) {
      users_.push_back("user" + std::to_string(i));
      for (std::size_t a = 0; a < 3; ++a) {
        addresses_.push_back("10." + std::to_string(a) + "." + std::to_string(i / 250) + "." +
                             std::to_string(i % 250));
        ips_.push_back(*IpAddress::parse(addresses_.back()));
      }
    }
    for (std::size_t i = 0; i < kHosts; ++i) hosts_.push_back("host" + std::to_string(i));
  }

  [[nodiscard]] const RuleSet& rules() const { return rules_; }
  Baseline& baseline() { return baseline_; }

  const Event& next(Outcome outcome) {
    const std::size_t user = dice_.next(kUsers);
    const std::size_t address = user * 3 + dice_.next(3);
    event_ = Event{};
    event_.time = kBegin + ++count_ * 10 * kSecondUs;
    event_.outcome = outcome;
    event_.pid = static_cast<std::uint32_t>(count_ % 30'000);
    event_.ip = ips_[address];
    event_[Field::user_name] = users_[user];
    event_[Field::host_name] = hosts_[(user * 7 + dice_.next(4) * 11) % kHosts];
    event_[Field::event_action] = "ssh_login";
    event_[Field::method] = "password";
    event_[Field::process_name] = "sshd";
    event_[Field::source_address] = addresses_[address];
    return event_;
  }
  /// One in five fails.
  const Event& next() { return next(count_ % 5 == 0 ? Outcome::failure : Outcome::success); }

 private:
  std::vector<Error> mistakes_;
  RuleSet rules_;
  Baseline baseline_;
  bench::Dice dice_;
  std::vector<std::string> users_, hosts_, addresses_;
  std::vector<IpAddress> ips_;
  Event event_;
  TimeUs count_ = 0;
};

PipelineOptions never_alerting() {
  PipelineOptions options;
  options.alerts_from = INT64_MAX;
  return options;
}

template <class Next>
void through_all_rules(benchmark::State& state, Next next) {
  Office office;
  Unheard sink;
  Pipeline pipeline(office.rules(), office.baseline(), sink, never_alerting());
  for (int i = 0; i < kLearned; ++i) pipeline.on_event(office.next());
  bench::Items items(state);
  for (auto _ : state) pipeline.on_event(next(office));
}

void score_and_learn_success(benchmark::State& state) {
  through_all_rules(state,
                    [](Office& office) -> const Event& { return office.next(Outcome::success); });
}
BENCHMARK(score_and_learn_success);

void score_and_learn_failure(benchmark::State& state) {
  through_all_rules(state,
                    [](Office& office) -> const Event& { return office.next(Outcome::failure); });
}
BENCHMARK(score_and_learn_failure);

/// What making the event itself costs, which is part of the two above.
void make_event(benchmark::State& state) {
  Office office;
  bench::Items items(state);
  for (auto _ : state) benchmark::DoNotOptimize(office.next(Outcome::success).time);
}
BENCHMARK(make_event);

/// Which rules look at it, with all hashes of what it holds.
void filters_and_hashes(benchmark::State& state) {
  Office office;
  EventKeys keys{};
  bench::Items items(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(office.rules().prepare(office.next(Outcome::success), keys));
  }
}
BENCHMARK(filters_and_hashes);

}  // namespace
}  // namespace doorward
