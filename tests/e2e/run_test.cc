// The daemon from outside: what it says, accepts, refuses and survives.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "tests/e2e/running_agent.h"

namespace doorward {
namespace {

/// Thirty guesses and then the password: brute_force_success fires on the last line.
std::string guesses(const std::string& address) {
  std::string out;
  std::array<char, 200> line{};
  for (int i = 0; i < 30; ++i) {
    std::snprintf(line.data(), line.size(),
                  "2026-02-09T10:00:%02d+00:00 db-04 sshd[%d]: Failed password for root from %s "
                  "port %d ssh2\n",
                  i, 1000 + i, address.c_str(), 40000 + i);
    out += line.data();
  }
  std::snprintf(line.data(), line.size(),
                "2026-02-09T10:00:31+00:00 db-04 sshd[1031]: Accepted password for root from %s "
                "port 40031 ssh2\n",
                address.c_str());
  return out + line.data();
}

std::string one_log(const std::string& path) {
  return "[inputs]\nauto = false\nclock = \"log\"\n[[input]]\npath = \"" + path +
         "\"\nsource = \"authlog\"\n";
}

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

std::string ask_socket(const std::string& path, const std::string& text) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  std::string out;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = read(fd, buffer.data(), buffer.size())) > 0;) {
      out.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  close(fd);
  return out;
}

TEST(Run, AlertsOnWhatIsWrittenAndSaysWhatItDoes) {
  TemporaryFolder folder;
  const std::string log = folder.path("auth.log");
  RunningAgent agent(folder.dir(), one_log(log));
  ASSERT_TRUE(agent.start()) << agent.log();
  append(log, guesses("203.0.113.9"));
  ASSERT_TRUE(RunningAgent::until([&] {
    return read_file(agent.path("alerts.ndjson")).find("brute_force_success") != std::string::npos;
  })) << agent.log();
  EXPECT_EQ(agent.number("lines_read"), 31);
  EXPECT_EQ(agent.number("failure"), 30);

  const Ran text = agent.ask("status");
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("input     " + log), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("read to its end, 31 lines"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("brute_force_success 1"), std::string::npos) << text.out;

  const Ran explained =
      agent.ask("explain", {"user.name=root", "source.ip=203.0.113.9", "host.name=db-04"});
  EXPECT_EQ(explained.status, 0) << explained.err;
  EXPECT_NE(explained.out.find("rule unusual_logon"), std::string::npos) << explained.out;
  const Ran no_rule = agent.ask("explain", {"--rule", "nonesuch", "user.name=root"});
  EXPECT_EQ(no_rule.status, 1);
  EXPECT_NE(no_rule.err.find("no rule \"nonesuch\""), std::string::npos) << no_rule.err;

  const std::string metrics =
      ask_socket(agent.path("run/metrics.sock"), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(metrics.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(metrics.find("doorward_events_total{outcome=\"failure\"} 30\n"), std::string::npos);
  EXPECT_NE(metrics.find("doorward_alerts_total{rule=\"brute_force_success\"} 1\n"),
            std::string::npos);

  struct stat socket {};
  ASSERT_EQ(stat(agent.path("run/agent.sock").c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777U, 0660U);

  const auto before = std::chrono::steady_clock::now();
  agent.send(SIGTERM);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_FALSE(std::filesystem::exists(agent.path("run/agent.sock")));
  EXPECT_EQ(agent.ask("status").status, 2);
}

TEST(Run, ANewConfigurationIsTakenUpWholeOrNotAtAll) {
  TemporaryFolder folder;
  const std::string log = folder.path("auth.log");
  RunningAgent agent(folder.dir(), one_log(log));
  ASSERT_TRUE(agent.start()) << agent.log();
  append(log, guesses("203.0.113.9"));
  ASSERT_TRUE(RunningAgent::until([&] { return agent.number("lines_read") == 31; }));

  agent.write_configuration(one_log(log) + "[alerts]\nbudget_per_day = \"many\"\n");
  agent.send(SIGHUP);
  ASSERT_TRUE(RunningAgent::until([&] {
    return agent.status_text().find("configuration_refused") != std::string::npos;
  })) << agent.log();
  EXPECT_NE(agent.log().find("budget_per_day: expected a number"), std::string::npos)
      << agent.log();
  EXPECT_EQ(agent.number("failure"), 30) << "what was there goes on";

  std::filesystem::create_directories(folder.path("rules"));
  const std::string rule =
      read_file(std::string(DOORWARD_SOURCE_DIR) + "/plugins/rules/brute_force_success.toml");
  std::string silent = rule;
  const std::size_t at = silent.find("brute_force_success");
  ASSERT_NE(at, std::string::npos);
  silent.replace(at, 19, "my_own_sequence");
  folder.write("rules/mine.toml", silent);
  agent.write_configuration(one_log(log) + "[rules]\ndir = \"" + folder.path("rules") + "\"\n");
  agent.send(SIGHUP);
  ASSERT_TRUE(RunningAgent::until([&] {
    return agent.status_text().find("configuration_refused") == std::string::npos;
  })) << agent.log();
  EXPECT_EQ(agent.number("lines_read"), 31) << "nothing is read twice";
  EXPECT_EQ(agent.number("failure"), 30);
  append(log, guesses("198.51.100.7"));
  ASSERT_TRUE(RunningAgent::until([&] { return agent.number("lines_read") == 62; }));
  EXPECT_NE(agent.log().find("35 rules"), std::string::npos) << agent.log();
}

TEST(Run, RefusesAConfigurationThatAnybodyCanWriteTo) {
  TemporaryFolder folder;
  RunningAgent agent(folder.dir(), one_log(folder.path("auth.log")));
  ASSERT_EQ(chmod(agent.path("agent.toml").c_str(), 0666), 0);
  EXPECT_FALSE(agent.start());
  EXPECT_NE(agent.log().find("can be written to by everybody"), std::string::npos) << agent.log();
}

TEST(Run, OnlyOneAgentOnAState) {
  TemporaryFolder folder;
  RunningAgent agent(folder.dir(), one_log(folder.path("auth.log")));
  ASSERT_TRUE(agent.start()) << agent.log();
  const Ran second = agent.ask("run");
  EXPECT_EQ(second.status, 2);
  EXPECT_NE(second.err.find("another doorward-agent runs on this state"), std::string::npos)
      << second.err;
}

TEST(Run, ABaselineIsNotImportedUnderARunningAgent) {
  TemporaryFolder folder;
  RunningAgent agent(folder.dir(), one_log(folder.path("auth.log")));
  ASSERT_TRUE(agent.start()) << agent.log();
  append(folder.path("auth.log"), guesses("203.0.113.9"));
  ASSERT_TRUE(RunningAgent::until(
      [&] { return std::filesystem::exists(agent.path("state/agent.state")); }));
  const std::string to = agent.path("b.dwbl");
  const std::vector<std::string> import = {"baseline", "import", to, "--state",
                                           agent.path("state")};
  ASSERT_EQ(
      run(DOORWARD_AGENT, {"baseline", "export", "--state", agent.path("state"), "-o", to}).status,
      0);
  const Ran refused = run(DOORWARD_AGENT, import);
  EXPECT_NE(refused.status, 0);
  EXPECT_NE(refused.err.find("an agent runs on this state"), std::string::npos) << refused.err;
  agent.send(SIGTERM);
  ASSERT_EQ(agent.wait(), 0);
  EXPECT_EQ(run(DOORWARD_AGENT, import).status, 0);
  EXPECT_TRUE(agent.start()) << agent.log();
}

TEST(Run, ADamagedStateIsSetAsideAndTheAgentGoesOn) {
  TemporaryFolder folder;
  const std::string log = folder.path("auth.log");
  RunningAgent agent(folder.dir(), one_log(log));
  ASSERT_TRUE(agent.start());
  append(log, guesses("203.0.113.9"));
  ASSERT_TRUE(RunningAgent::until([&] { return agent.number("lines_read") == 31; }));
  agent.send(SIGTERM);
  ASSERT_EQ(agent.wait(), 0);
  const std::string state = agent.path("state/agent.state");
  std::string bytes = read_file(state);
  ASSERT_GT(bytes.size(), 100U);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
  std::ofstream(state, std::ios::binary | std::ios::trunc) << bytes;
  ASSERT_TRUE(agent.start()) << agent.log();
  EXPECT_NE(agent.log().find("damaged"), std::string::npos) << agent.log();
  // The log is learned from anew.
  EXPECT_TRUE(RunningAgent::until([&] { return agent.number("lines_read") == 31; }));
}

TEST(Run, NothingIsLostWhileTheOutputCannotBeWrittenTo) {
  TemporaryFolder folder;
  const std::string log = folder.path("auth.log");
  RunningAgent agent(folder.dir(), one_log(log));
  // A folder where the file should be.
  std::filesystem::create_directories(agent.path("alerts.ndjson"));
  ASSERT_TRUE(agent.start()) << agent.log();
  append(log, guesses("203.0.113.9"));
  ASSERT_TRUE(RunningAgent::until([&] { return agent.number("behind") > 0; })) << agent.log();
  std::filesystem::remove_all(agent.path("alerts.ndjson"));
  EXPECT_TRUE(RunningAgent::until([&] { return !agent.delivered().empty(); })) << agent.log();
}

TEST(Run, GarbageAtTheControlSocketHarmsNobody) {
  TemporaryFolder folder;
  RunningAgent agent(folder.dir(), one_log(folder.path("auth.log")));
  ASSERT_TRUE(agent.start()) << agent.log();
  const std::string socket = agent.path("run/agent.sock");
  EXPECT_EQ(ask_socket(socket, "destroy everything\n\n").substr(0, 6), "error ");
  EXPECT_EQ(ask_socket(socket, "explain text\n\n").substr(0, 6), "error ");
  EXPECT_EQ(ask_socket(socket, "explain json unusual_logon\nuser.name\n\n").substr(0, 6), "error ");
  EXPECT_EQ(ask_socket(socket, std::string(100'000, 'x')), "");
  EXPECT_EQ(agent.ask("status").status, 0);
}

}  // namespace
}  // namespace doorward
