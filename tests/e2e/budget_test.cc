// An alert budget from outside: typed, configured, carried on by a baseline file.
#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
const std::string kDemo = std::string(DOORWARD_SOURCE_DIR) + "/examples/fleet-auth.log.gz";

class Budget : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(Budget, MoreMoneyMoreAlerts) {
  std::size_t before = 0;
  for (const char* budget : {"0.1", "1", "10"}) {
    const Ran ran = replay_demo({"--budget", budget});
    ASSERT_EQ(ran.status, 0) << ran.err;
    const std::size_t alerts = lines_of(ran.out).size();
    EXPECT_GT(alerts, before) << budget;
    before = alerts;
    EXPECT_NE(ran.err.find("\nbudget    " + std::string(budget) + " a day: "), std::string::npos)
        << ran.err;
    EXPECT_NE(ran.err.find("unusual_logon from score "), std::string::npos) << ran.err;
  }
}

TEST_F(Budget, TheConfigurationSetsItAndTheCommandLineGoesFirst) {
  const std::string config = folder_.write("agent.toml", "[alerts]\nbudget_per_day = 0.5\n");
  EXPECT_NE(replay_demo({"-c", config}).err.find("budget    0.5 a day: "), std::string::npos);
  EXPECT_NE(replay_demo({"-c", config, "--budget", "3"}).err.find("budget    3 a day: "),
            std::string::npos);
  EXPECT_EQ(replay_demo({}).err.find("budget"), std::string::npos);
  folder_.write("agent.toml", "[alerts]\nbudget_per_day = 0\nbudget = 1\n");
  const Ran bad = run(kAgent, {"check", "-c", config});
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.err.find(":2: budget_per_day: expected a number from 0.01 to 10000"),
            std::string::npos)
      << bad.err;
  EXPECT_NE(bad.err.find(":3: budget: no such setting here"), std::string::npos) << bad.err;
  EXPECT_EQ(replay_demo({"--budget", "0"}).status, 1);
}

TEST_F(Budget, ABaselineFileCarriesWhatWasCounted) {
  const std::string baseline = folder_.path("b.dwbl");
  ASSERT_EQ(run(kAgent, {"replay", "-q", "--timezone", "UTC", "--alerts-from", "2027-01-01",
                         "--baseline-out", baseline, kDemo})
                .status,
            0);
  const std::string line =
      "2026-02-09T08:00:00+00:00 web-01 sshd[42]: Accepted password for x from 192.0.2.7 port 1 "
      "ssh2\n";
  const std::string log = folder_.write("auth.log", line);
  const Ran with = run(kAgent, {"replay", "--budget", "1", "--baseline-in", baseline, log});
  EXPECT_NE(with.err.find("unusual_logon from score "), std::string::npos) << with.err;
  const Ran without = run(kAgent, {"replay", "--budget", "1", log});
  EXPECT_NE(without.err.find("budget    1 a day: 7 days of events are needed first; rules fired "
                             "at their own thresholds\n"),
            std::string::npos)
      << without.err;
}

}  // namespace
}  // namespace doorward
