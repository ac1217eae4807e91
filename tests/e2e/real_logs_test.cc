// Real logs, where they are at hand: events and alerts of each are those that docs/real-logs.md
// judges one by one. A rule that speaks more, or less, of them than it did shows here.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

std::vector<std::string> rows_of(const std::string& text) {
  std::vector<std::string> rows;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| ")) rows.push_back(line);
  }
  return rows;
}

TEST(RealLogs, EventsAndAlertsAreThoseOfThePage) {
  const std::string corpora = DOORWARD_SHARED_DIR "/corpora";
  if (!std::filesystem::exists(corpora)) {
    GTEST_SKIP() << "the corpora are not in " << corpora << ": nothing replayed";
  }
  const Ran ran =
      run("/bin/bash", {DOORWARD_SOURCE_DIR "/bench/corpora/run.sh", DOORWARD_AGENT, corpora});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::vector<std::string> rows = rows_of(ran.out);
  EXPECT_GE(rows.size(), 30U);
  const std::string page = read_file(DOORWARD_SOURCE_DIR "/docs/real-logs.md");
  for (const std::string& row : rows) {
    EXPECT_NE(page.find(row + "\n"), std::string::npos)
        << "not in docs/real-logs.md:\n"
        << row << "\nJudge the alerts that changed, then renew the table with bench/corpora/run.sh";
  }
}

}  // namespace
}  // namespace doorward
