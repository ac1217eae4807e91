// auth.log and audit.log of the same time, recorded: together they tell every attempt once.
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/twin_merge.h"
#include "tests/sources/auditd_support.h"
#include "tests/sources/recorded_truth.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;

namespace auditd_test {
namespace {

/// auth.log has whole seconds, cut; a client reads its refusal some milliseconds before sshd writes
/// of it, and the kernel's audit clock ticks as slowly.
constexpr recorded::Clock kClock{.early = kSecondUs, .late = 20'000};

struct Input {
  std::unique_ptr<Source> source;
  InputState state;
  std::vector<std::string> lines;
  std::size_t next = 0;
  Stamp stamp;

  void look(TimeUs& order) {
    if (next == lines.size()) {
      order = INT64_MAX;
      return;
    }
    stamp = source->stamp(lines[next], state);
    if (stamp.time != kNoTime) order = stamp.time;
  }
};

/// Both logs, line by line in the order of time, as the agent reads them.
struct Together {
  Collector sink;
  TwinMerge merge{sink};

  Together(const std::string& auth, const std::string& audit, bool enriched) {
    merge.expect(doorward::Told::authlog | doorward::Told::auditd);
    SourceOptions options;
    options.host_name = recorded::kHost;
    Input inputs[2];
    inputs[0].source = kSourceAuthlog.make(options);
    inputs[1].source = kSourceAuditd.make(options);
    inputs[0].lines = read_lines(auth);
    inputs[1].lines = read_lines(audit);
    if (!enriched) {
      for (std::string& line : inputs[1].lines) line = raw(line);
    }
    TimeUs order[2] = {};
    for (int i : {0, 1}) {
      inputs[i].state.year = recorded::kYear;
      inputs[i].look(order[i]);
    }
    while (order[0] != INT64_MAX || order[1] != INT64_MAX) {
      const int i = order[0] <= order[1] ? 0 : 1;
      Input& input = inputs[i];
      input.source->feed(input.lines[input.next], input.stamp, merge);
      merge.advance(order[i]);
      ++input.next;
      input.look(order[i]);
    }
    for (Input& input : inputs) input.source->finish(merge);
    merge.finish();
  }
};

class TwinRecorded : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auth = recorded::kFolder + "auth" + GetParam() + ".log";
    audit = recorded::kFolder + "audit" + GetParam() + ".log";
    truth =
        recorded::read_truth(std::string("truth") + GetParam() + ".ndjson", recorded::kBothLogs);
    clock.repeated = *GetParam() != 0;
  }
  std::string auth, audit;
  std::vector<recorded::Attempt> truth;
  recorded::Clock clock = kClock;
};

/// Once, and named after each log that shows it.
TEST_P(TwinRecorded, EveryAttemptOnce) {
  const Together together(auth, audit, true);
  recorded::expect_exactly(truth, together.sink.events, clock);
  if (!clock.repeated) {
    EXPECT_EQ(together.merge.late(), 0U);
  }
}

TEST_P(TwinRecorded, EveryAttemptOnceWithoutEnrichment) {
  recorded::expect_exactly(truth, Together(auth, audit, false).sink.events, clock);
}

TEST_P(TwinRecorded, InOrderOfTime) {
  const Together together(auth, audit, true);
  EXPECT_TRUE(std::is_sorted(together.sink.events.begin(), together.sink.events.end(),
                             [](const Told& a, const Told& b) { return a.time < b.time; }));
}

INSTANTIATE_TEST_SUITE_P(Logs, TwinRecorded, testing::Values("", "-repeated"),
                         [](const auto& one) { return *one.param == 0 ? "main" : "repeated"; });

}  // namespace
}  // namespace auditd_test
}  // namespace doorward
