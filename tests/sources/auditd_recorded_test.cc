// Real audit logs with the truth beside them: what audit saw of what was done comes out, each
// attempt once and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "tests/sources/auditd_support.h"
#include "tests/sources/recorded_truth.h"

namespace doorward::auditd_test {
namespace {

/// The kernel's audit clock ticks every few milliseconds.
constexpr recorded::Clock kClock{.early = 20'000, .late = 20'000};

class Recorded : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    lines = read_lines(recorded::kFolder + "audit" + GetParam() + ".log");
    truth =
        recorded::read_truth(std::string("truth") + GetParam() + ".ndjson", recorded::Logs::auditd);
  }
  std::vector<std::string> lines;
  std::vector<recorded::Attempt> truth;
};

TEST_P(Recorded, EveryAttemptOnce) {
  const Outcomes told = run(lines, recorded::kHost);
  recorded::expect_exactly(truth, told.events, kClock);
  EXPECT_EQ(told.counters.lines, lines.size());
  EXPECT_EQ(told.counters.malformed, 0U);
  EXPECT_EQ(told.counters.no_stamp, 0U);
  for (const Told& event : told.events) {
    EXPECT_EQ(event.dataset, "auditd.log");
    EXPECT_NE(event.pid, 0U);
    EXPECT_NE(std::find(lines.begin(), lines.end(), event.original), lines.end()) << event.original;
  }
}

TEST_P(Recorded, EveryAttemptOnceWithoutEnrichment) {
  for (std::string& line : lines) line = raw(line);
  recorded::expect_exactly(truth, run(lines, recorded::kHost).events, kClock);
}

TEST_P(Recorded, NodesAreHosts) {
  for (std::string& line : lines) line = "node=web-7.example.com " + line;
  const Outcomes told = run(lines, recorded::kHost);
  EXPECT_EQ(told.events.size(), truth.size());
  for (const Told& event : told.events) EXPECT_EQ(event.host, "web-7.example.com");
}

/// The same log of two hosts, line by line in turn: pids and sessions of one are not those of the
/// other.
TEST_P(Recorded, HostsInOneFileDoNotMix) {
  std::vector<std::string> both;
  for (const std::string& line : lines) {
    both.push_back("node=a " + line);
    both.push_back("node=b " + line);
  }
  const Outcomes told = run(both);
  EXPECT_EQ(told.events.size(), 2 * truth.size());
  EXPECT_EQ(std::count_if(told.events.begin(), told.events.end(),
                          [](const Told& event) { return event.host == "a"; }),
            static_cast<std::ptrdiff_t>(truth.size()));
}

/// Records that come late, by up to two seconds: the same attempts. Not always under the same pid:
/// root's session child says as much as its parent, and the first that is read counts. Beyond one
/// second, sshd's word on a name that it does not say can be taken for that on a guess of another
/// connection from the same address, if the two ran at the same time and its own guess is not yet
/// read: then that one is told twice.
TEST_P(Recorded, OrderHardlyMatters) {
  InputState input;
  const std::unique_ptr<Source> source = kSourceAuditd.make({});
  std::vector<std::string> straight = run(lines).briefs(false);
  std::sort(straight.begin(), straight.end());
  for (unsigned seed = 1; seed <= 80; ++seed) {
    const bool far = seed % 2 == 0;
    std::mt19937 random(seed);
    std::uniform_int_distribution<TimeUs> delay(0, (far ? 2 : 1) * kSecondUs);
    std::vector<std::pair<TimeUs, std::string>> late;
    for (const std::string& line : lines) {
      late.emplace_back(source->stamp(line, input).time + delay(random), line);
    }
    std::stable_sort(late.begin(), late.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> shuffled;
    for (auto& [time, line] : late) shuffled.push_back(line);
    std::vector<std::string> told = run(shuffled).briefs(false);
    std::sort(told.begin(), told.end());
    std::vector<std::string> missing, extra;
    std::set_difference(straight.begin(), straight.end(), told.begin(), told.end(),
                        std::back_inserter(missing));
    std::set_difference(told.begin(), told.end(), straight.begin(), straight.end(),
                        std::back_inserter(extra));
    EXPECT_EQ(missing, std::vector<std::string>()) << "seed " << seed;
    if (far && extra.size() == 1) continue;
    EXPECT_EQ(extra, std::vector<std::string>()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Logs, Recorded, testing::Values("", "-repeated"),
                         [](const auto& one) { return *one.param == 0 ? "main" : "repeated"; });

}  // namespace
}  // namespace doorward::auditd_test
