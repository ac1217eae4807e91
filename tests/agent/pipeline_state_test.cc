// A pipeline that is saved and read back at any moment goes on as if nothing had been.
#include <filesystem>

#include "tests/agent/office.h"
#include "tests/agent/restarts.h"
#include "tests/support/rules_changed.h"

namespace doorward {
namespace {

const std::string kSource = DOORWARD_SOURCE_DIR;

std::vector<std::string> demo_logs() {
  return {kSource + "/examples/fleet-auth.log.gz"};
}

/// All logs on which a rule fires, with the ordinary weeks.
std::vector<std::string> rule_logs() {
  std::vector<std::string> logs;
  for (const auto& entry : std::filesystem::directory_iterator(kSource + "/tests/data/rules")) {
    const std::string name = entry.path().filename().string();
    const bool fires = name.find(".fires.") != std::string::npos;
    if (fires || name.starts_with("ordinary-")) logs.push_back(entry.path().string());
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

class PipelineState : public testing::Test {
 protected:
  PipelineState() : rules_(builtin_rules(), HashKey{}, mistakes_) {}

  /// Plays `logs` in one go and with restarts. All that is said must be the same.
  void expect_same(const std::vector<std::string>& logs, const PipelineOptions& options, int every,
                   unsigned seed, std::size_t rules_least) {
    Restarts whole(rules_, options, 0, 0);
    read_logs(logs, whole);
    const std::vector<std::uint8_t> expected = whole.finish();
    Restarts parts(rules_, options, every, seed);
    read_logs(logs, parts);
    const std::vector<std::uint8_t> baseline = parts.finish();
    EXPECT_GE(parts.restarts, 40);
    EXPECT_GE(whole.said.rules.size(), rules_least) << "the logs say too little to compare";
    EXPECT_GT(whole.said.updates, 0);
    quarantined_most_ = std::max(quarantined_most_, parts.quarantined_most);
    EXPECT_EQ(baseline, expected);
    ASSERT_EQ(parts.said.all.size(), whole.said.all.size());
    for (std::size_t i = 0; i < whole.said.all.size(); ++i) {
      ASSERT_EQ(parts.said.all[i], whole.said.all[i]) << i;
    }
    const PipelineCounts& a = whole.pipeline().counts();
    const PipelineCounts& b = parts.pipeline().counts();
    EXPECT_EQ(a.scored, b.scored);
    EXPECT_EQ(a.held_back, b.held_back);
    EXPECT_EQ(a.updates, b.updates);
    EXPECT_EQ(a.summed_up, b.summed_up);
    EXPECT_EQ(a.by_rule, b.by_rule);
    std::printf(
        "%d restarts, %zu documents (%d alerts of %zu rules, %d updates, %d summaries), "
        "at most %zu in quarantine and %zu bytes of state\n",
        parts.restarts, whole.said.all.size(), whole.said.alerts, whole.said.rules.size(),
        whole.said.updates, whole.said.summaries, parts.quarantined_most, parts.bytes_most);
  }

  std::vector<Error> mistakes_;
  RuleSet rules_;
  std::size_t quarantined_most_ = 0;
};

TEST_F(PipelineState, RestartsChangeNothingInTheDemo) {
  for (unsigned seed = 1; seed <= 3; ++seed) expect_same(demo_logs(), {}, 200, seed, 3);
  EXPECT_GT(quarantined_most_, 0U);
}

TEST_F(PipelineState, RestartsChangeNothingUnderABudget) {
  PipelineOptions options;
  options.budget_per_day = 2;
  expect_same(demo_logs(), options, 200, 7, 3);
}

TEST_F(PipelineState, RestartsChangeNothingInLogsOnWhichEveryRuleFires) {
  expect_same(rule_logs(), {}, 400, 4, 10);
}

TEST_F(PipelineState, BeforeEveryEventOfACampaign) {
  // Guessing that gets in at last; one restart before each event.
  expect_same({kSource + "/tests/data/rules/brute_force_success.fires.log"}, {}, 1, 5, 1);
}

}  // namespace
}  // namespace doorward
