// normalize and replay --watch, as the real program: a spool folder into which logs are delivered.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;
constexpr const char* kAgent = DOORWARD_AGENT;

std::string logon(const std::string& user) {
  static int pid = 100;
  return "2026-03-02T08:00:00+00:00 web-01 sshd[" + std::to_string(++pid) +
         "]: Accepted password for " + user + " from 192.0.2.7 port 4711 ssh2\n";
}

/// The program at work. What it waits for has a minute to come.
class Watcher {
 public:
  Watcher(const std::vector<std::string>& arguments, const TemporaryFolder& folder)
      : out_(folder.path("out")), err_(folder.path("err")) {
    child_ = fork();
    if (child_ != 0) return;
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(open(out_.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    dup2(open(err_.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    std::vector<char*> argv = {const_cast<char*>(kAgent)};
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(kAgent, argv.data());
    _exit(127);
  }
  ~Watcher() {
    if (child_ > 0) stop(SIGKILL);
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Whether standard output comes to have that many lines.
  bool has(std::size_t lines) const {
    for (int i = 0; i < 1200; ++i) {
      if (lines_of(read_file(out_)).size() >= lines) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  int stop(int signal) {
    kill(child_, signal);
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// Users of the events on standard output.
  std::vector<std::string> users() const {
    std::vector<std::string> out;
    for (const std::string& line : lines_of(read_file(out_))) {
      const std::size_t at = line.find("\"user\":{\"name\":\"") + 16;
      out.push_back(line.substr(at, line.find('"', at) - at));
    }
    return out;
  }
  [[nodiscard]] std::string err() const { return read_file(err_); }

 private:
  std::string out_;
  std::string err_;
  pid_t child_ = -1;
};

class Watch : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(spool_ + "/old");
    const fs::path there = folder_.write("spool/old/there.log", logon("there"));
    fs::last_write_time(there, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  TemporaryFolder folder_;
  std::string spool_ = folder_.path("spool");
};

using Users = std::vector<std::string>;

TEST_F(Watch, TakesEachFileOnceUntilItIsStopped) {
  Watcher watcher({"normalize", "--watch", spool_}, folder_);
  ASSERT_TRUE(watcher.has(1)) << watcher.err();
  EXPECT_EQ(watcher.users(), (Users{"there"}));
  folder_.write("spool/written.log", logon("written"));
  ASSERT_TRUE(watcher.has(2)) << watcher.err();
  // Moved in from elsewhere, through a name that is passed over.
  folder_.write("spool/moved.log.part", logon("moved"));
  fs::rename(spool_ + "/moved.log.part", spool_ + "/moved.log");
  ASSERT_TRUE(watcher.has(3)) << watcher.err();
  // A new folder, and files in it before anybody can have seen it.
  fs::create_directories(spool_ + "/2026/11/20");
  folder_.write("spool/2026/11/20/deep.log", logon("deep"));
  ASSERT_TRUE(watcher.has(4)) << watcher.err();
  // Neither another name nor more bytes make a file another one.
  fs::rename(spool_ + "/written.log", spool_ + "/renamed.log");
  std::ofstream(spool_ + "/moved.log", std::ios::app) << logon("appended");
  fs::create_hard_link(folder_.write("linked.log", logon("linked")), spool_ + "/linked.log");
  ASSERT_TRUE(watcher.has(5)) << watcher.err();
  // The name of one that is gone is free again.
  fs::remove(spool_ + "/renamed.log");
  folder_.write("spool/renamed.log", logon("again"));
  ASSERT_TRUE(watcher.has(6)) << watcher.err();
  EXPECT_EQ(watcher.stop(SIGTERM), 0) << watcher.err();
  EXPECT_EQ(watcher.users(), (Users{"there", "written", "moved", "deep", "linked", "again"}));
  EXPECT_NE(watcher.err().find("lines     6 in 6 files"), std::string::npos) << watcher.err();
  EXPECT_NE(watcher.err().find("6 success, 0 failure"), std::string::npos) << watcher.err();
}

TEST_F(Watch, ReplayPrintsItsSummaryAndItsBaselineWhenInterrupted) {
  const std::string baseline = folder_.path("b.dwbl");
  Watcher watcher({"replay", "--scores", "--watch", "--baseline-out", baseline, spool_}, folder_);
  ASSERT_TRUE(watcher.has(1)) << watcher.err();
  folder_.write("spool/new.log", logon("new"));
  ASSERT_TRUE(watcher.has(2)) << watcher.err();
  EXPECT_EQ(watcher.stop(SIGINT), 0) << watcher.err();
  EXPECT_NE(watcher.err().find("2 success"), std::string::npos) << watcher.err();
  EXPECT_TRUE(fs::exists(baseline));
}

TEST_F(Watch, GoesOnBesideAFileThatIsNoLog) {
  Watcher watcher({"normalize", "--watch", spool_}, folder_);
  ASSERT_TRUE(watcher.has(1)) << watcher.err();
  folder_.write("spool/a.bin", "no log\n");
  folder_.write("spool/b.log", logon("b"));
  ASSERT_TRUE(watcher.has(2)) << watcher.err();
  EXPECT_EQ(watcher.stop(SIGTERM), 2);
  EXPECT_NE(watcher.err().find("a.bin:1: does not look like any log"), std::string::npos);
}

}  // namespace
}  // namespace doorward
