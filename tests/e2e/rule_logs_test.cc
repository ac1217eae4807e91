// Each rule on whole logs: one on which it fires and one on which it must not, after four ordinary
// weeks (tests/data/rules, written by write.py there), through the real program.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/e2e/program.h"
#include "tests/support/builtin_ids.h"
#include "tests/support/rule_log_places.h"

namespace doorward {
namespace {

const std::string kLogs = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/rules/";
const std::string kRecorded = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/recorded/";

/// The ordinary weeks, and the rule's own log.
std::vector<std::string> logs_of(const std::string& rule, const std::string& verdict) {
  if (rule == "forged_logon_record" && verdict == "fires") {
    return {kRecorded + "auth.log", kRecorded + "audit.log"};
  }
  std::vector<std::string> own;
  for (const auto& entry : std::filesystem::directory_iterator(kLogs)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(rule + "." + verdict + ".")) own.push_back(entry.path().string());
  }
  std::sort(own.begin(), own.end());
  EXPECT_FALSE(own.empty()) << "no log for " << rule << " " << verdict;
  for (const char* name :
       {"ordinary-ssh.log.gz", "ordinary-cloudtrail.json.gz", "ordinary-sign-ins.json.gz"}) {
    own.push_back(kLogs + name);
  }
  return own;
}

/// How many of the alerts say that the rule fired.
int fired(const std::string& alerts, const std::string& rule) {
  int count = 0;
  for (const std::string& alert : lines_of(alerts)) {
    const std::size_t at = alert.find("{\"rule\":\"" + rule + "\",");
    if (at == std::string::npos) continue;
    const std::string part = alert.substr(at, alert.find('}', at) - at);
    count += part.find("\"fired\":true") != std::string::npos ? 1 : 0;
  }
  return count;
}

class RuleLogs : public testing::TestWithParam<std::string> {
 protected:
  static int fired_on(const std::string& verdict) {
    const TemporaryFolder folder;
    std::ofstream(folder.path("places.mmdb"), std::ios::binary) << rule_log_places();
    std::vector<std::string> arguments = {"replay", "-q",      "--timezone",
                                          "UTC",    "--geoip", folder.path("places.mmdb")};
    if (GetParam() != "forged_logon_record" || verdict != "fires") {
      arguments.insert(arguments.end(), {"--alerts-from", "2026-03-02"});
    }
    for (const std::string& log : logs_of(GetParam(), verdict)) arguments.push_back(log);
    const Ran ran = run(DOORWARD_AGENT, arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return fired(ran.out, GetParam());
  }
};

TEST_P(RuleLogs, FiresOnItsLog) {
  EXPECT_GE(fired_on("fires"), 1);
}

TEST_P(RuleLogs, IsQuietOnTheOther) {
  EXPECT_EQ(fired_on("quiet"), 0);
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, RuleLogs, testing::ValuesIn(builtin_ids()),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace doorward
