// kill -9 at any moment: every line is learned once, every alert has the id that it has without.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/e2e/running_agent.h"

namespace doorward {
namespace {

const std::string kRecorded = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/recorded/";

/// A log that is written and rotated as a syslog daemon and logrotate do it.
class GrowingLog {
 public:
  GrowingLog(std::string path, std::vector<std::string> lines)
      : path_(std::move(path)), lines_(std::move(lines)) {}

  [[nodiscard]] bool done() const { return next_ == lines_.size(); }
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

  void write(std::size_t count) {
    std::ofstream out(path_, std::ios::app);
    for (; count > 0 && !done(); --count) {
      // Not always whole lines at once.
      const std::string& line = lines_[next_++];
      out << line.substr(0, line.size() / 2) << std::flush;
      out << line.substr(line.size() / 2) << '\n';
    }
  }
  void rotate() {
    for (int i = 60; i > 0; --i) {
      const std::string from = i == 1 ? path_ : path_ + "." + std::to_string(i - 1);
      if (std::filesystem::exists(from)) {
        std::filesystem::rename(from, path_ + "." + std::to_string(i));
      }
    }
    std::ofstream(path_, std::ios::app).flush();
  }

 private:
  std::string path_;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

struct Log {
  std::string name;
  std::string source;
  std::vector<std::string> lines;
};

std::string inputs(const TemporaryFolder& folder, const std::vector<Log>& logs) {
  std::string out = "[inputs]\nauto = false\nclock = \"log\"\n";
  for (const Log& log : logs) {
    out += "[[input]]\npath = \"" + folder.path(log.name) + "\"\nsource = \"" + log.source + "\"\n";
  }
  return out;
}

struct Outcome {
  std::string baseline;
  std::multiset<std::string> alerts;
  int kills = 0;
};

/// Writes the logs, with rotations, while the agent runs and is killed so many times.
void live(const std::vector<Log>& logs, const std::string& key, int kills, unsigned seed,
          Outcome& outcome) {
  TemporaryFolder folder;
  std::mt19937 random(seed);
  RunningAgent agent(folder.dir(), inputs(folder, logs));
  std::filesystem::create_directories(agent.path("state"));
  std::ofstream(agent.path("state/hash.key"), std::ios::binary) << key;
  std::filesystem::permissions(agent.path("state/hash.key"), std::filesystem::perms(0600));
  std::vector<GrowingLog> growing;
  std::size_t total = 0;
  for (const Log& log : logs) {
    growing.emplace_back(folder.path(log.name), log.lines);
    growing.back().write(1);
    total += log.lines.size();
  }
  ASSERT_TRUE(agent.start()) << agent.log();
  const std::size_t steps = static_cast<std::size_t>(std::max(kills, 10)) * 20;
  const auto all_written = [&] {
    return std::all_of(growing.begin(), growing.end(), [](const auto& log) { return log.done(); });
  };
  for (std::size_t step = 1; !all_written() || outcome.kills < kills; ++step) {
    for (GrowingLog& log : growing) log.write(1 + log.size() / steps);
    if (step % 41 == 0) growing[random() % growing.size()].rotate();
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    // Twice as often as it saves, so before, beside and after saves.
    if (outcome.kills < kills && random() % 20 == 0) {
      agent.kill();
      ++outcome.kills;
      if (outcome.kills < kills && random() % 3 == 0) {
        // Again, while it starts.
        agent.spawn();
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
        agent.kill();
        ++outcome.kills;
      }
      ASSERT_TRUE(agent.start()) << agent.log();
    }
  }
  // With two logs, the last line of one waits for the other's next.
  const long wanted = static_cast<long>(total - (logs.size() - 1));
  ASSERT_TRUE(RunningAgent::until([&] { return agent.number("lines_read") >= wanted; }))
      << agent.status_text() << agent.log();
  agent.send(SIGTERM);
  ASSERT_EQ(agent.wait(), 0) << agent.log();
  EXPECT_EQ(agent.log().find("damaged"), std::string::npos) << agent.log();
  outcome.baseline = agent.saved_baseline();
  outcome.alerts = agent.delivered();
}

std::set<std::string> distinct(const std::multiset<std::string>& alerts) {
  return {alerts.begin(), alerts.end()};
}

int kills_wanted(int usual) {
  const char* wanted = std::getenv("DOORWARD_KILLS");
  return wanted == nullptr ? usual : std::atoi(wanted);
}

void compare(const std::vector<Log>& logs, int kills) {
  const std::string key = "0123456789abcdef";
  Outcome whole;
  ASSERT_NO_FATAL_FAILURE(live(logs, key, 0, 1, whole));
  Outcome killed;
  ASSERT_NO_FATAL_FAILURE(live(logs, key, kills, 2, killed));
  EXPECT_GT(whole.baseline.size(), 1000U) << whole.baseline;
  EXPECT_TRUE(whole.baseline == killed.baseline);
  EXPECT_EQ(distinct(killed.alerts), distinct(whole.alerts));
  std::printf("%d kills; %zu alerts and updates, delivered %zu times; baseline %zu bytes\n",
              killed.kills, whole.alerts.size(), killed.alerts.size(), whole.baseline.size());
}

TEST(Kill, NothingIsLostOrDoubledWithOneLog) {
  const Ran unpacked =
      run("/bin/zcat", {std::string(DOORWARD_SOURCE_DIR) + "/examples/fleet-auth.log.gz"});
  ASSERT_EQ(unpacked.status, 0);
  compare({{"auth.log", "authlog", lines_of(unpacked.out)}}, kills_wanted(8));
}

TEST(Kill, NorWithTwoLogsThatTellTheSame) {
  Log auth{"auth.log", "authlog", lines_of(read_file(kRecorded + "auth-rfc3339.log"))};
  Log audit{"audit.log", "auditd", lines_of(read_file(kRecorded + "audit.log"))};
  // So that neither ends before the other has told everything.
  auth.lines.emplace_back("2027-01-01T00:00:00+00:00 bastion-01 CRON[1]: the year ends");
  audit.lines.emplace_back("type=DAEMON_END msg=audit(1798761601.000:99999): op=terminate");
  compare({auth, audit}, kills_wanted(8));
}

/// "2026-11-20T12:34:56+00:00", seconds before now.
std::string stamp(int seconds_ago) {
  const std::time_t when = std::time(nullptr) - seconds_ago;
  std::tm utc{};
  gmtime_r(&when, &utc);
  std::array<char, 64> out{};
  std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S+00:00", &utc);
  return out.data();
}

TEST(Kill, WhatIsWrittenBeforeTheFirstSaveAlertsAllTheSame) {
  TemporaryFolder folder;
  const std::string log = folder.path("auth.log");
  std::ofstream(log) << stamp(3600)
                     << " db sshd[1]: Accepted password for ann from 192.0.2.7 port 4711 ssh2\n";
  RunningAgent agent(folder.dir(), "[inputs]\nauto = false\n[[input]]\npath = \"" + log +
                                       "\"\nsource = \"authlog\"\n");
  ASSERT_TRUE(agent.start()) << agent.log();
  agent.kill();
  std::this_thread::sleep_for(std::chrono::seconds(1));  // stamps are whole seconds
  {
    std::ofstream out(log, std::ios::app);
    for (int i = 0; i < 30; ++i) {
      out << stamp(0) << " db sshd[" << 100 + i
          << "]: Failed password for root from 203.0.113.9 port 4711 ssh2\n";
    }
    out << stamp(0)
        << " db sshd[200]: Accepted password for root from 203.0.113.9 port 4712 ssh2\n";
  }
  ASSERT_TRUE(agent.start()) << agent.log();
  EXPECT_TRUE(RunningAgent::until([&] {
    return read_file(agent.path("alerts.ndjson")).find("brute_force_success") != std::string::npos;
  })) << agent.log();
}

}  // namespace
}  // namespace doorward
