// Baselines to and from an agent's state, under a key, through the real program.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "proto/agent_state_file.h"
#include "tests/e2e/program.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'795'176'900'000'000;  // 2026-11-20T12:15:00Z

class StateCommands : public testing::Test {
 protected:
  StateCommands() {
    fs::create_directory(folder_.path("state"));
    key_ = folder_.write("state/hash.key", "0123456789abcdef");
    ::chmod(key_.c_str(), 0600);
    learned_ = folder_.path("learned.dwbl");
    const Ran ran = replay_demo({"-q", "--key", key_, "--memory", "2", "--baseline-out", learned_});
    EXPECT_EQ(ran.status, 0) << ran.err;
    alerts_ = ran.out;
  }

  Ran baseline(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "baseline");
    return run(DOORWARD_AGENT, arguments);
  }

  [[nodiscard]] std::string state() const { return folder_.path("state/agent.state"); }

  TemporaryFolder folder_;
  std::string key_;
  std::string learned_;
  std::string alerts_;
};

TEST_F(StateCommands, TheKeyDecidesWhatABaselineKnowsAndNotWhatAlerts) {
  const std::string campaign =
      "for meera.evans: distributed_guessing, lateral_fan_out, unusual_logon";
  EXPECT_NE(alerts_.find(campaign), std::string::npos) << alerts_;
  EXPECT_NE(replay_demo({"-q", "--memory", "2"}).out.find(campaign), std::string::npos);
  const std::vector<std::string> logon = {"explain", "--baseline", learned_, "user.name=alice",
                                          "source.ip=10.1.4.20"};
  EXPECT_EQ(run(DOORWARD_AGENT, logon).status, 2);
  std::vector<std::string> with_key = logon;
  with_key.insert(with_key.end(), {"--key", key_});
  EXPECT_EQ(run(DOORWARD_AGENT, with_key).status, 0);
  const Ran other = replay_demo({"-q", "--baseline-in", learned_});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("was made under another fleet key"), std::string::npos) << other.err;
  ::chmod(key_.c_str(), 0644);
  const Ran open = replay_demo({"-q", "--key", key_});
  EXPECT_EQ(open.status, 1);
  EXPECT_NE(open.err.find("chmod 600"), std::string::npos) << open.err;
}

TEST_F(StateCommands, ImportBeginsAStateAndExportGivesItBack) {
  Ran ran = baseline({"import", learned_, "--state", folder_.path("state")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, state() + " has the baseline of " + learned_ + "\n");
  const std::string out = folder_.path("out.dwbl");
  ran = baseline({"export", "--state", folder_.path("state"), "-o", out});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(read_file(out), read_file(learned_));
  ran = baseline({"info", state()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("section   baseline: "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(", 1 section\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("partitions"), std::string::npos) << ran.out;
  EXPECT_EQ(baseline({"info", learned_}).status, 2) << "under another key";
  EXPECT_EQ(baseline({"info", "--key", key_, learned_}).status, 0);
}

TEST_F(StateCommands, ImportKeepsTheOtherSectionsAndTheStateBefore) {
  const std::vector<std::uint8_t> few = {1, 2, 3};
  ASSERT_TRUE(write_state_file(state(), std::vector<StatePiece>{{"pipeline", few}}, kNow).ok());
  const std::string before = read_file(state());
  const Ran ran = baseline({"import", learned_, "--state", state()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::size_t at = ran.out.find("the state before is ");
  ASSERT_NE(at, std::string::npos) << ran.out;
  std::string kept = ran.out.substr(at + 20);
  kept.pop_back();
  EXPECT_TRUE(kept.starts_with(state() + ".before-import-")) << kept;
  EXPECT_EQ(read_file(kept), before);
  const StateFileRead read = read_state_file(state());
  ASSERT_EQ(read.is, StateFileIs::good);
  ASSERT_NE(read.state.find("pipeline"), nullptr);
  EXPECT_EQ(read.state.find("pipeline")->bytes, few);
  EXPECT_NE(read.state.find(kBaselineSection), nullptr);
}

TEST_F(StateCommands, ImportRefusesAnotherKeyShapeOrADamagedState) {
  ASSERT_EQ(baseline({"import", learned_, "--state", state()}).status, 0);
  const std::string before = read_file(state());
  const std::string large = folder_.path("large.dwbl");
  ASSERT_EQ(replay_demo({"-q", "--key", key_, "--baseline-out", large}).status, 0);
  Ran ran = baseline({"import", large, "--state", state()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("the baseline there has 2,097,152 bytes and 8 epochs of 604,800 s, the "
                         "new one 8,388,608"),
            std::string::npos)
      << ran.err;
  const std::string keyless = folder_.path("keyless.dwbl");
  ASSERT_EQ(replay_demo({"-q", "--memory", "2", "--baseline-out", keyless}).status, 0);
  ran = baseline({"import", keyless, "--state", state()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("was made under another fleet key"), std::string::npos) << ran.err;
  EXPECT_EQ(read_file(state()), before) << "nothing has changed";
  folder_.write("state/agent.state", before.substr(0, before.size() / 2));
  ran = baseline({"import", learned_, "--state", state()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("damaged"), std::string::npos) << ran.err;
  EXPECT_EQ(baseline({"info", state()}).status, 2);
  EXPECT_EQ(baseline({"export", "--state", folder_.path("nothing"), "-o", "x"}).status, 2);
}

}  // namespace
}  // namespace doorward
