// Which logs a host has: found by themselves, kept over a restart.
#include "agent/daemon/live_plan.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/files.h"

namespace doorward {
namespace {

constexpr TimeUs kDayUs = std::int64_t{86'400} * kSecondUs;

TimeUs now() {
  struct timespec wall {};
  clock_gettime(CLOCK_REALTIME, &wall);
  return static_cast<TimeUs>(wall.tv_sec) * kSecondUs;
}

class Names final : public EventSink {
 public:
  void on_event(const Event& event) override { users.emplace_back(event[Field::user_name]); }
  std::vector<std::string> users;
};

/// Each user's logon has a process of its own.
std::string accepted(const std::string& user) {
  return "2026-02-09T10:00:00+00:00 db sshd[1" + std::to_string(static_cast<int>(user[0])) +
         "]: Accepted password for " + user + " from 192.0.2.7 port 4711 ssh2\n";
}

struct Host {
  TemporaryFolder folder;
  DaemonSettings settings;
  HostPaths paths;

  Host() {
    settings.journald = Wanted::no;
    paths.auth_logs = {folder.path("auth.log"), folder.path("secure")};
    paths.audit_log = folder.path("audit.log");
    paths.audit_relay = folder.path("relay.log");
  }
};

/// One run of the agent.
struct Life {
  Names sink;
  LiveInputs inputs;
  LivePlan plan;

  explicit Life(const Host& host, const std::vector<std::uint8_t>* state = nullptr)
      : inputs(LiveInputOptions(), sink), plan(host.settings, host.paths, inputs) {
    if (state != nullptr) {
      StateReader in(*state);
      inputs.load(in);
      EXPECT_TRUE(in.done());
    }
    plan.begin(state == nullptr, now());
    read();
  }
  void read(TimeUs at = now()) {
    plan.look(at);
    inputs.look();
    while (inputs.read(1000, at)) {
    }
    inputs.tick(at);
  }
  /// Reads until so many events came; a rotated file is left when it has been quiet for a while.
  const std::vector<std::string>& users(std::size_t count) {
    for (int i = 0; i < 500 && sink.users.size() < count; ++i) {
      usleep(10'000);
      read();
    }
    return sink.users;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const StreamStatus& stream : inputs.streams()) out.push_back(stream.name);
    return out;
  }
  [[nodiscard]] std::vector<std::uint8_t> state() const {
    std::vector<std::uint8_t> bytes;
    StateWriter out(bytes);
    inputs.save(out);
    return bytes;
  }
};

using Texts = std::vector<std::string>;

TEST(LivePlan, TakesWhatIsThere) {
  const Host host;
  const std::string log = host.folder.write("secure", accepted("ann"));
  const std::string audit = host.folder.write("audit.log", "");
  const Life life(host);
  EXPECT_EQ(life.names(), (Texts{log, audit}));
}

TEST(LivePlan, ALeftOverLogIsNotTaken) {
  const Host host;
  const std::string log = host.folder.write("auth.log", accepted("ann"));
  const timespec old[2] = {{(now() - 30 * kDayUs) / kSecondUs, 0},
                           {(now() - 30 * kDayUs) / kSecondUs, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, log.c_str(), old, 0), 0);
  const std::string secure = host.folder.write("secure", accepted("bob"));
  const Life life(host);
  EXPECT_EQ(life.names(), (Texts{secure}));
}

TEST(LivePlan, ALogThatComesLaterIsFound) {
  const Host host;
  Life life(host);
  EXPECT_TRUE(life.names().empty());
  const Texts news = life.plan.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_NE(news[0].find("no log was found"), std::string::npos);
  const std::string log = host.folder.write("auth.log", accepted("ann"));
  life.read(now() + 120 * kSecondUs);
  EXPECT_EQ(life.names(), (Texts{log}));
  EXPECT_EQ(life.sink.users, (Texts{"ann"}));
}

TEST(LivePlan, TheFirstStartReadsRotatedLogsAndTheNextGoesOn) {
  const Host host;
  host.folder.write("auth.log.1", accepted("ann"));
  const std::string log = host.folder.write("auth.log", accepted("bob"));
  std::vector<std::uint8_t> state;
  {
    Life life(host);
    EXPECT_EQ(life.users(2), (Texts{"ann", "bob"}));
    state = life.state();
  }
  std::ofstream(log, std::ios::app) << accepted("eve");
  Life life(host, &state);
  EXPECT_EQ(life.users(1), (Texts{"eve"}));
}

TEST(LivePlan, WithoutHistoryTheFirstStartBeginsAtTheEnd) {
  Host host;
  host.settings.history_days = 0;
  host.folder.write("auth.log.1", accepted("ann"));
  const std::string log = host.folder.write("auth.log", accepted("bob"));
  Life life(host);
  std::ofstream(log, std::ios::app) << accepted("eve");
  life.read();
  EXPECT_EQ(life.sink.users, (Texts{"eve"}));
}

TEST(LivePlan, TheLogOfTheLastRunStaysTheOne) {
  const Host host;
  const std::string relay = host.folder.write("relay.log", "");
  std::vector<std::uint8_t> state;
  {
    const Life life(host);
    EXPECT_EQ(life.names(), (Texts{relay}));
    state = life.state();
  }
  // The same records are in both: reading the other one would tell all of them twice.
  host.folder.write("audit.log", "");
  const Life life(host, &state);
  EXPECT_EQ(life.names(), (Texts{relay}));
}

TEST(LivePlan, ALogThatIsBetweenTwoRotationsKeepsItsSource) {
  const Host host;
  const std::string log = host.folder.write("auth.log", accepted("ann"));
  const std::string audit =
      host.folder.write("audit.log", "type=DAEMON_START msg=audit(1780000000.000:1): op=start\n");
  std::vector<std::uint8_t> state;
  {
    Life life(host);
    EXPECT_EQ(life.inputs.lines(), 2U);
    state = life.state();
  }
  // Killed just when the log has been renamed and not been made anew.
  std::filesystem::rename(audit, audit + ".1");
  Life life(host, &state);
  std::ofstream(audit) << "type=DAEMON_END msg=audit(1780000001.000:2): op=terminate\n";
  for (int i = 0; i < 500 && life.inputs.lines() < 3; ++i) {
    usleep(10'000);
    life.read();
  }
  for (const StreamStatus& stream : life.inputs.streams()) {
    EXPECT_EQ(stream.source, stream.name == log ? "authlog" : "auditd") << stream.name;
  }
  EXPECT_EQ(life.inputs.lines(), 3U);
}

TEST(LivePlan, ALogOfWhichNothingIsKnownYetIsWaitedForWithoutHaste) {
  Host host;
  host.settings.automatic = false;
  const std::string log = host.folder.write("some.log", "");
  host.settings.inputs = {{log, "auto"}};
  Life life(host);
  EXPECT_GT(life.inputs.wait_ms(), 0);
  std::ofstream(log, std::ios::app) << accepted("ann");
  EXPECT_EQ(life.users(1), (Texts{"ann"}));
}

TEST(LivePlan, PatternsAndFoldersThatAreConfigured) {
  Host host;
  host.settings.automatic = false;
  std::filesystem::create_directories(host.folder.path("remote/a"));
  std::filesystem::create_directories(host.folder.path("remote/b"));
  std::filesystem::create_directories(host.folder.path("feed"));
  const std::string a = host.folder.write("remote/a/auth.log", accepted("ann"));
  host.folder.write("remote/a/auth.log.1", "");
  host.settings.inputs = {{host.folder.path("remote/*/auth.log*"), "auto"},
                          {host.folder.path("feed"), "cloudtrail"}};
  Life life(host);
  EXPECT_EQ(life.names(), (Texts{host.folder.path("feed"), a}));
  const std::string b = host.folder.write("remote/b/auth.log", accepted("bob"));
  EXPECT_EQ(life.users(2).size(), 2U);
  EXPECT_EQ(life.names().size(), 3U);
  std::sort(life.sink.users.begin(), life.sink.users.end());
  EXPECT_EQ(life.sink.users, (Texts{"ann", "bob"}));
}

}  // namespace
}  // namespace doorward
