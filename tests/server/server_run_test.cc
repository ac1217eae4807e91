// The program doorward-server: init, check, run, its signals, and alerts that go out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/server/core_world.h"
#include "tests/support/wait.h"

extern char** environ;

namespace doorward {
namespace {

struct Ran {
  int status = -1;
  std::string text;
};

Ran run(const std::string& arguments) {
  Ran out;
  const TemporaryFolder folder;
  const std::string command =
      std::string(DOORWARD_SERVER) + " " + arguments + " > " + folder.path("text") + " 2>&1";
  const int status = std::system(command.c_str());
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  out.text = read_file(folder.path("text"));
  return out;
}

/// A server that runs.
class Running {
 public:
  Running(const std::string& config, const std::string& log) : log_(log) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::string program = DOORWARD_SERVER, word = "run", option = "-c", file = config;
    char* words[] = {program.data(), word.data(), option.data(), file.data(), nullptr};
    EXPECT_EQ(posix_spawn(&process_, program.c_str(), &actions, nullptr, words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_TRUE(says("agents on")) << read_file(log);
  }
  ~Running() {
    if (process_ > 0) end(SIGKILL);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void signal(int number) const { kill(process_, number); }
  int end(int number) {
    kill(process_, number);
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return status;
  }
  [[nodiscard]] bool says(const std::string& text) const {
    return wait_until([&] { return read_file(log_).find(text) != std::string::npos; });
  }

 private:
  std::string log_;
  pid_t process_ = -1;
};

class ServerRun : public testing::Test {
 protected:
  ServerRun() { data_ = folder_.path("data"); }

  std::string config(const std::string& more = {}) const {
    return folder_.write("server.toml", "[server]\ndata_dir = \"" + data_ + "\"\nrun_dir = \"" +
                                            folder_.dir() +
                                            "\"\n[agents]\nlisten = \"127.0.0.1:0\"\n"
                                            "[api]\nlisten = \"off\"\n" +
                                            more);
  }
  /// Appends an alert beside the server.
  void alert(const std::string& id) const {
    Result<Store> store = open_store(data_, true);
    ASSERT_TRUE(store) << store.error().message();
    log::AlertT table;
    table.agent = kAgentA;
    table.kind = 1;
    table.score = 50;
    table.occurrences = 1;
    table.document = "{\"event\":{\"id\":\"" + id + "\"}}";
    LogEntry entry = entry_of(EntryKind::alert, id, 0, table);
    entry.at = clock_now();
    const std::vector<LogEntry> entries = {entry};
    ASSERT_TRUE(store.value().log->append(entries));
  }
  [[nodiscard]] std::size_t delivered(const std::string& id) const {
    std::size_t out = 0;
    for (const std::string& line : lines_of(read_file(folder_.path("alerts.ndjson")))) {
      if (line.find("\"" + id + "\"") != std::string::npos) ++out;
    }
    return out;
  }

  TemporaryFolder folder_;
  std::string data_;
};

TEST_F(ServerRun, InitMakesWhatIsNeededOnce) {
  const Ran first = run("init --data " + data_ + " --name fleet.example.com");
  EXPECT_EQ(first.status, 0) << first.text;
  EXPECT_NE(first.text.find("doorward-agent enroll --server fleet.example.com:7443"),
            std::string::npos);
  struct stat found {};
  ASSERT_EQ(stat(data_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
  for (const char* secret : {"authority.key", "server.key", "server.db"}) {
    ASSERT_EQ(stat((data_ + "/" + secret).c_str(), &found), 0) << secret;
    EXPECT_EQ(found.st_mode & 0777U, 0600U) << secret;
  }
  const std::string key = read_file(data_ + "/authority.key");
  const Ran again = run("init --data " + data_);
  EXPECT_EQ(again.status, 2);
  EXPECT_NE(again.text.find("there is a server already"), std::string::npos) << again.text;
  EXPECT_EQ(read_file(data_ + "/authority.key"), key);
}

TEST_F(ServerRun, ABadNameLeavesNothingBehind) {
  const Ran bad = run("init --data " + data_ + " --name 'not a name'");
  EXPECT_EQ(bad.status, 2) << bad.text;
  EXPECT_EQ(run("init --data " + data_ + " --name good.example.com").status, 0);
}

TEST_F(ServerRun, WithoutInitItSaysWhatToDo) {
  const Ran ran = run("run -c " + config());
  EXPECT_EQ(ran.status, 1) << "which the unit does not try again";
  EXPECT_NE(ran.text.find("there is no server yet; make one: doorward-server init --name"),
            std::string::npos)
      << ran.text;
}

TEST_F(ServerRun, CheckNamesEveryMistake) {
  EXPECT_EQ(run("check -c " + config()).status, 0);
  const Ran bad = run("check -c " + config("[log]\nlevel = \"loud\"\n[what]\nx = 1\n"));
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.text.find("server.toml:9: level"), std::string::npos) << bad.text;
  EXPECT_NE(bad.text.find("2 mistakes"), std::string::npos) << bad.text;
  EXPECT_EQ(run("nonsense").status, 1);
  EXPECT_EQ(run("").status, 1);
  EXPECT_EQ(run("--version").status, 0);
}

TEST_F(ServerRun, RunsReloadsAndStops) {
  ASSERT_EQ(run("init --data " + data_).status, 0);
  Running server(config(), folder_.path("log"));
  config("[log]\nlevel = \"nonsense\"\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.says("the new settings are refused"));
  config("[retention]\nalerts_days = 3\n[baseline]\nmemory_mib = 9\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.says("a change of baseline.memory_mib needs a restart"));
  EXPECT_TRUE(server.says("new settings in force"));
  EXPECT_EQ(server.end(SIGTERM), 0);
  // One server a folder.
  config();
  const Running first(config(), folder_.path("log"));
  EXPECT_EQ(run("run -c " + config()).status, 2);
}

TEST_F(ServerRun, AlertsGoOutAlsoAcrossKills) {
  ASSERT_EQ(run("init --data " + data_).status, 0);
  alert("from-before");
  const std::string with_output =
      config("[[output]]\ntype = \"file\"\npath = \"" + folder_.path("alerts.ndjson") + "\"\n");
  {
    Running server(with_output, folder_.path("log"));
    alert("first");
    EXPECT_TRUE(wait_until([&] { return delivered("first") > 0; }));
    alert("second");
    server.end(SIGKILL);
  }
  alert("third");
  {
    Running server(with_output, folder_.path("log"));
    EXPECT_TRUE(wait_until([&] { return delivered("second") > 0 && delivered("third") > 0; }));
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  {
    Running server(with_output, folder_.path("log"));
    alert("fourth");
    EXPECT_TRUE(wait_until([&] { return delivered("fourth") > 0; }));
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  // In order after an orderly stop nothing comes twice.
  EXPECT_EQ(delivered("third"), 1U);
  EXPECT_EQ(delivered("fourth"), 1U);
  // What was stored before there was an output stays in the store.
  EXPECT_EQ(delivered("from-before"), 0U);
}

}  // namespace
}  // namespace doorward
