// audit-relay as auditd runs it: a pipe that stands in for its plugin socket, and a unix socket for
// its dispatcher. With a real auditd: tests/record/audit-relay.sh.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "tests/e2e/program.h"
#include "tests/support/wait.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;

std::string record(int number) {
  return "type=USER_LOGIN msg=audit(1700000000.000:" + std::to_string(number) +
         "): pid=1 uid=0 msg='op=login id=0 exe=\"/usr/sbin/sshd\" res=success'\n";
}

std::string records(int from, int to) {
  std::string out;
  for (int i = from; i < to; ++i) out += record(i);
  return out;
}

/// The relay as a child; its end is awaited.
class Relay {
 public:
  explicit Relay(const std::string& folder, std::vector<std::string> more = {},
                 const std::string& log = "/dev/null") {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    in_ = ends[1];
    more.insert(more.begin(), {kAgent, "audit-relay", "--folder", folder});
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[0], 0);
      const int err = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(err, 1);
      dup2(err, 2);
      std::vector<char*> arguments;
      for (std::string& argument : more) arguments.push_back(argument.data());
      arguments.push_back(nullptr);
      execv(kAgent, arguments.data());
      _exit(127);
    }
    close(ends[0]);
  }
  ~Relay() {
    if (in_ >= 0) close(in_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// As auditd writes: false when it would have to wait.
  bool write_now(std::string_view text) const {
    return send(in_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  void write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = send(in_, text.data(), text.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void end_input() {
    close(in_);
    in_ = -1;
  }
  void signal(int number) const { kill(pid_, number); }
  [[nodiscard]] bool alive() const { return waitpid(pid_, nullptr, WNOHANG) == 0; }
  /// Its exit status.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
};

class AuditRelay : public testing::Test {
 protected:
  [[nodiscard]] std::string dir() const { return folder_.path("audit"); }
  [[nodiscard]] std::string queued() const { return read_file(dir() + "/audit.log"); }
  bool wait_for(const std::string& text) const {
    return wait_until([&] { return queued() == text; });
  }
  TemporaryFolder folder_;
};

TEST_F(AuditRelay, WritesWhatItReads) {
  Relay relay(dir());
  relay.write_all(records(0, 3));
  EXPECT_TRUE(wait_for(records(0, 3)));
  relay.signal(SIGHUP);
  relay.write_all(records(3, 500));
  EXPECT_TRUE(wait_for(records(0, 500)));
  EXPECT_TRUE(relay.alive());
  relay.write_all(records(500, 1000));
  relay.end_input();
  EXPECT_EQ(relay.wait(), 0);
  EXPECT_EQ(queued(), records(0, 1000));
}

TEST_F(AuditRelay, EndsOnSigtermWithAllThatWasWritten) {
  Relay relay(dir());
  relay.write_all(records(0, 1));
  ASSERT_TRUE(wait_for(records(0, 1)));
  relay.write_all(records(1, 800));
  relay.signal(SIGTERM);
  EXPECT_EQ(relay.wait(), 0);
  EXPECT_EQ(queued(), records(0, 800));
}

TEST_F(AuditRelay, RecordCutAtTheEndIsCounted) {
  Relay relay(dir());
  relay.write_all(record(0) + "type=USER_LOGIN msg=audit(17000");
  relay.end_input();
  EXPECT_EQ(relay.wait(), 0);
  const std::vector<std::string> lines = lines_of(queued());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0] + "\n", record(0));
  EXPECT_EQ(lines[1].substr(0, 32), "type=DOORWARD_DROPPED msg=audit(");
  EXPECT_EQ(lines[1].substr(lines[1].rfind(':')), ": lines=1");
  // The auditd source knows it for no logon.
  const Ran read = run(kAgent, {"normalize", "--source", "auditd", dir() + "/audit.log"});
  EXPECT_EQ(read.status, 0);
  EXPECT_EQ(read.err.find("malformed"), std::string::npos) << read.err;
}

TEST_F(AuditRelay, RestartGoesOnInTheSameFile) {
  for (int i = 0; i < 3; ++i) {
    Relay relay(dir());
    relay.write_all(records(10 * i, 10 * i + 10));
    relay.end_input();
    EXPECT_EQ(relay.wait(), 0);
  }
  EXPECT_EQ(queued(), records(0, 30));
}

/// auditd starts a plugin anew while the one before still ends.
TEST_F(AuditRelay, WaitsForTheOneBefore) {
  Relay first(dir());
  first.write_all(record(0));
  ASSERT_TRUE(wait_for(record(0)));
  Relay second(dir());
  second.write_all(record(2));
  first.write_all(record(1));
  first.end_input();
  EXPECT_EQ(first.wait(), 0);
  second.end_input();
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(queued(), records(0, 3));
}

TEST_F(AuditRelay, RefusesAFolderThatIsALink) {
  std::filesystem::create_directories(folder_.path("elsewhere"));
  std::filesystem::create_symlink(folder_.path("elsewhere"), dir());
  const std::string log = folder_.path("log");
  Relay relay(dir(), {}, log);
  EXPECT_EQ(relay.wait(), 1);
  EXPECT_NE(read_file(log).find("is not a folder of its own"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path("elsewhere")));
}

/// The writer of a full disk: auditd is never kept waiting, and the gap is told.
TEST_F(AuditRelay, FullDiskKeepsNobodyWaiting) {
  if (geteuid() != 0) GTEST_SKIP() << "a small file system needs root";
  std::filesystem::create_directories(dir());
  if (mount("tmpfs", dir().c_str(), "tmpfs", 0, "size=256k,mode=750") != 0) {
    GTEST_SKIP() << "no file system can be mounted here";
  }
  const struct Unmount {
    std::string folder;
    ~Unmount() { umount2(folder.c_str(), MNT_DETACH); }
  } unmount{dir()};
  const std::string block = records(0, 1000);  // some 100 KB
  {
    Relay relay(dir());
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) relay.write_all(block);  // beyond disk and memory together
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    EXPECT_TRUE(wait_until([&] { return queued().size() >= block.size(); }));
    // Room again: what was kept in memory comes, and then the word of the gap.
    EXPECT_EQ(mount("tmpfs", dir().c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    EXPECT_TRUE(wait_until([&] { return queued().find("DOORWARD_DROPPED") != std::string::npos; }));
    relay.write_all(record(77777));
    relay.end_input();
    EXPECT_EQ(relay.wait(), 0);
  }
  std::uint64_t whole = 0;
  std::uint64_t dropped = 0;
  for (const std::string& line : lines_of(queued())) {
    if (const std::size_t at = line.find("): lines="); at != std::string::npos) {
      dropped += std::strtoull(line.c_str() + at + 9, nullptr, 10);
    } else {
      EXPECT_TRUE(line.ends_with("res=success'")) << line;
      ++whole;
    }
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(whole + dropped, 100'001U);
  EXPECT_TRUE(queued().ends_with(record(77777)));
}

/// auditd's end of its af_unix plugin.
class Dispatcher {
 public:
  explicit Dispatcher(const std::string& path) {
    unlink(path.c_str());
    listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(bind(listening_, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(listen(listening_, 1), 0);
  }
  ~Dispatcher() {
    close(listening_);
    if (client_ >= 0) close(client_);
  }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  bool accept_one() {
    pollfd what{listening_, POLLIN, 0};
    if (poll(&what, 1, 15'000) != 1) return false;
    client_ = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    return client_ >= 0;
  }
  void write_all(std::string_view text) const {
    ASSERT_EQ(send(client_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

 private:
  int listening_ = -1;
  int client_ = -1;
};

TEST_F(AuditRelay, SocketThatComesAndGoes) {
  const std::string path = folder_.path("events");
  Relay relay(dir(), {"--socket", path});  // before auditd is there
  {
    Dispatcher auditd(path);
    ASSERT_TRUE(auditd.accept_one());
    auditd.write_all(records(0, 10));
    EXPECT_TRUE(wait_for(records(0, 10)));
  }
  Dispatcher auditd(path);
  ASSERT_TRUE(auditd.accept_one());
  auditd.write_all(records(10, 20));
  EXPECT_TRUE(wait_for(records(0, 20)));
  EXPECT_TRUE(relay.alive());
  auditd.write_all(records(20, 30));
  relay.signal(SIGTERM);
  EXPECT_EQ(relay.wait(), 0);
  EXPECT_EQ(queued(), records(0, 30));
}

}  // namespace
}  // namespace doorward
