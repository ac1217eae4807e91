// Guessing that succeeds, and forged records, from outside: logs in, alerts out.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
const std::string kRecorded = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/recorded/";

std::vector<std::string> alerts_of(std::vector<std::string> files, std::string_view rule) {
  std::vector<std::string> arguments = {"replay", "-q", "--timezone", "UTC", "--year", "2026"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  const Ran ran = run(kAgent, arguments);
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::vector<std::string> alerts;
  for (const std::string& alert : lines_of(ran.out)) {
    if (alert.find("\"rule\":{\"id\":\"" + std::string(rule) + "\"") != std::string::npos) {
      alerts.push_back(alert);
    }
  }
  return alerts;
}

/// An auth.log of sshd lines, a line each call.
class AuthLog {
 public:
  void line(int seconds, const std::string& text) {
    char stamp[64];
    std::snprintf(stamp, sizeof stamp,
                  "2026-03-30T%02d:%02d:%02d+00:00 web-1 sshd[%d]: ", 2 + seconds / 3600,
                  seconds / 60 % 60, seconds % 60, ++pid_);
    text_ += stamp + text + "\n";
  }
  void fail(int seconds, const std::string& user, const std::string& from = "203.0.113.9") {
    line(seconds, "Failed password for " + user + " from " + from + " port 4000 ssh2");
  }
  void enter(int seconds, const std::string& user, const std::string& from = "203.0.113.9") {
    line(seconds, "Accepted password for " + user + " from " + from + " port 4000 ssh2");
  }
  [[nodiscard]] std::vector<std::string> alerts() const {
    const TemporaryFolder folder;
    return alerts_of({folder.write("auth.log", text_)}, "brute_force_success");
  }

 private:
  std::string text_;
  int pid_ = 1000;
};

TEST(Sequences, TwoHundredGuessesAndASuccess) {
  AuthLog log;
  for (int i = 0; i < 200; ++i) log.fail(i * 4, "alice");
  log.enter(802, "alice");
  log.enter(900, "alice");  // the same intrusion
  const std::vector<std::string> alerts = log.alerts();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_NE(alerts[0].find("alice logged on to web-1 from 203.0.113.9: after 200 failures from "
                           "203.0.113.9 in 13 min"),
            std::string::npos)
      << alerts[0];
  EXPECT_NE(alerts[0].find("\"2026-03-30T02:13:22"), std::string::npos);
}

TEST(Sequences, ASprayingThatHits) {
  AuthLog log;
  for (int i = 0; i < 60; ++i) {
    const std::string user = "staff" + std::to_string(i);
    log.fail(i * 60, (i % 7 == 0 ? "invalid user " : "") + user);
  }
  log.enter(3600, "bob");
  const std::vector<std::string> alerts = log.alerts();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_NE(alerts[0].find("after 60 failures from 203.0.113.9 in 60 min, of 60 users"),
            std::string::npos)
      << alerts[0];
}

TEST(Sequences, TypingErrorsAndAForgottenJobAreQuiet) {
  AuthLog log;
  for (int i = 0; i < 600; ++i) {
    if (i % 2 == 0) log.fail(i * 10, "svc-report", "10.1.9.9");
    if (i % 10 == 1) log.fail(i * 10, "alice", "10.1.4.20");
    if (i % 100 == 31) log.enter(i * 10 + 1, "alice", "10.1.4.20");
    if (i % 100 == 50) log.enter(i * 10 + 1, "alice", "10.1.9.9");
  }
  EXPECT_TRUE(log.alerts().empty());
}

TEST(Sequences, ForgedRecordsNeedBothLogs) {
  for (const char* format : {"auth.log", "auth-rfc3339.log", "auth-rfc5424.log"}) {
    const std::vector<std::string> alerts =
        alerts_of({kRecorded + format, kRecorded + "audit.log"}, "forged_logon_record");
    ASSERT_EQ(alerts.size(), 1U) << format;
    EXPECT_NE(alerts[0].find("root logged on to bastion-01 from 203.0.113.99: the log line has no "
                             "audit record beside it"),
              std::string::npos)
        << alerts[0];
    EXPECT_NE(alerts[0].find("\"twin\":\"missing\""), std::string::npos);
    EXPECT_TRUE(alerts_of({kRecorded + format}, "forged_logon_record").empty());
  }
  EXPECT_TRUE(alerts_of({kRecorded + "auth-repeated.log", kRecorded + "audit-repeated.log"},
                        "forged_logon_record")
                  .empty());
  EXPECT_TRUE(alerts_of({kRecorded + "audit.log"}, "forged_logon_record").empty());
}

}  // namespace
}  // namespace doorward
