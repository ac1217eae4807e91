// The main job from outside: a recorded log in, explained alerts out.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
const std::string kDemo = std::string(DOORWARD_SOURCE_DIR) + "/examples/fleet-auth.log.gz";
const std::vector<std::string> kReplay = {"replay", "--timezone", "UTC", "--alerts-from",
                                          "2026-01-26"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Replay, FindsTheIntrusionOfTheDemoAndIsQuietBefore) {
  const Ran ran = run(kAgent, with(kReplay, {kDemo}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::vector<std::string> alerts = lines_of(ran.out);
  int intruder = 0;
  int ordinary = 0;
  for (const std::string& alert : alerts) {
    const bool last_days = alert.find("\"@timestamp\":\"2026-02-07") != std::string::npos ||
                           alert.find("\"@timestamp\":\"2026-02-08") != std::string::npos;
    (last_days ? intruder : ordinary) += 1;
    EXPECT_NE(alert.find("\"kind\":\"alert\""), std::string::npos);
    EXPECT_NE(alert.find("\"message\":\""), std::string::npos);
    if (alert.find("\"update\":true") != std::string::npos) continue;  // of an alert that is told
    EXPECT_NE(alert.find("\"evidence\":["), std::string::npos);
    EXPECT_NE(alert.find("\"threat\":{\"framework\":\"MITRE ATT&CK\""), std::string::npos);
  }
  EXPECT_GE(intruder, 6);
  EXPECT_LE(ordinary, 5) << "in twelve ordinary days";
  // Stolen credentials at night, with a password where a key was the habit.
  EXPECT_NE(ran.out.find("meera.evans logged on to app03 from 201.48.198.126: a new address for "
                         "meera.evans (1 in "),
            std::string::npos)
      << ran.out;
}

TEST(Replay, IsTheSameEveryTime) {
  const Ran first = run(kAgent, with(kReplay, {kDemo}));
  const Ran second = run(kAgent, with(kReplay, {kDemo}));
  EXPECT_EQ(first.out, second.out);
}

TEST(Replay, GoesOnFromABaselineFile) {
  const TemporaryFolder folder;
  const std::string baseline = folder.path("b.dwbl");
  const Ran learned = run(kAgent, {"replay", "-q", "--timezone", "UTC", "--alerts-from",
                                   "2027-01-01", "--baseline-out", baseline, kDemo});
  ASSERT_EQ(learned.status, 0) << learned.err;
  EXPECT_TRUE(learned.out.empty());
  // What is asked of it is answered with its numbers.
  const Ran told = run(
      kAgent, {"explain", "--baseline", baseline, "user.name=meera.evans", "source.ip=198.51.100.1",
               "host.name=vault01", "doorward.method=password", "@timestamp=2026-02-09T03:12:00Z"});
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_NE(told.out.find("meera.evans logged on to vault01 from 198.51.100.1: "),
            std::string::npos)
      << told.out;
  EXPECT_NE(told.out.find("source.ip 198.51.100.1"), std::string::npos);
  EXPECT_NE(told.out.find("never seen among"), std::string::npos);
}

TEST(Replay, MergedBaselinesOfTwoHalvesAreTheWhole) {
  // Split by host, as agents see it; every rule of the built-in set is learned.
  const TemporaryFolder folder;
  std::string odd;
  std::string even;
  std::string both;
  for (int i = 0; i < 4000; ++i) {
    const std::string line = "2026-03-" + std::string(i / 400 < 9 ? "0" : "") +
                             std::to_string(1 + i / 400) + "T" + (i % 24 < 10 ? "0" : "") +
                             std::to_string(i % 24) + ":00:00+00:00 web-" + std::to_string(i % 2) +
                             " sshd[" + std::to_string(1000 + i) + "]: Accepted password for u" +
                             std::to_string(i * 31 % 60) + " from 10.1." + std::to_string(i % 7) +
                             "." + std::to_string(i * 13 % 250) + " port 4711 ssh2\n";
    (i % 2 == 0 ? even : odd) += line;
    both += line;
  }
  const auto learn = [&](const std::string& name, const std::string& text) {
    const std::string out = folder.path(name + ".dwbl");
    EXPECT_EQ(run(kAgent, {"replay", "-q", "--alerts-from", "2027-01-01", "--baseline-out", out,
                           folder.write(name + ".log", text)})
                  .status,
              0);
    return out;
  };
  const std::string merged = folder.path("merged.dwbl");
  const Ran merge =
      run(kAgent, {"baseline", "merge", "-o", merged, learn("even", even), learn("odd", odd)});
  ASSERT_EQ(merge.status, 0) << merge.err;
  const std::string whole = learn("both", both);
  const std::vector<std::string> question = {"--rule",          "rare_source_ip_for_user",
                                             "user.name=u7",    "source.ip=203.0.113.9",
                                             "host.name=web-1", "@timestamp=2026-03-12T03:00:00Z"};
  const Ran of_merged = run(kAgent, with({"explain", "--baseline", merged}, question));
  const Ran of_whole = run(kAgent, with({"explain", "--baseline", whole}, question));
  ASSERT_EQ(of_whole.status, 0) << of_whole.err;
  EXPECT_EQ(of_merged.out, of_whole.out);
}

TEST(Program, TellsItsVersionsAndTeachesItsUse) {
  const Ran versions = run(kAgent, {"--version"});
  EXPECT_EQ(versions.status, 0);
  for (const char* name : {"Boost 1.", "FlatBuffers ", "mimalloc ", "libsodium 1."}) {
    EXPECT_NE(versions.out.find(name), std::string::npos) << name;
  }
  const Ran help = run(kAgent, {"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("doorward-agent replay --format text /var/log/auth.log"),
            std::string::npos);
}

TEST(Program, RunsTheExamplesOfItsRules) {
  const Ran ran = run(kAgent, {"rules", "test"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find(" 0 failed"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace doorward
