// The real logrotate, run again and again while lines are written and read.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "agent/follow/path_watch.h"
#include "tests/follow/rotating_log.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

/// Writes numbered lines as rsyslog does: into the file it opened until it is told to open anew.
class Writer {
 public:
  /// Opens anew, too, when there is a file `signal`, and removes it.
  Writer(std::string path, std::string signal)
      : path_(std::move(path)), signal_(std::move(signal)) {
    open_log();
    thread_ = std::thread([this] {
      while (!stop_) {
        if (access(signal_.c_str(), F_OK) == 0) {
          open_log();
          unlink(signal_.c_str());
        }
        if (!paused_) write_some();
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  }
  ~Writer() {
    stop();
    close(fd_);
  }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void open_log() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) close(fd_);
    fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }
  /// While it holds, nothing is written.
  void pause(bool paused) {
    const std::lock_guard lock(mutex_);
    paused_ = paused;
  }
  [[nodiscard]] int lines() const { return lines_; }

 private:
  void write_some() {
    const std::lock_guard lock(mutex_);
    if (paused_) return;
    std::string text;
    for (int i = 0; i < 5; ++i) {
      text += "Nov 20 12:00:00 host sshd[1]: line " + std::to_string(lines_ + i) + "\n";
    }
    // Readers see half lines now and then.
    const std::size_t half = text.size() / 2;
    if (::write(fd_, text.data(), half) < 0) return;
    if (::write(fd_, text.data() + half, text.size() - half) < 0) return;
    lines_ += 5;
  }

  const std::string path_;
  const std::string signal_;
  std::mutex mutex_;
  int fd_ = -1;
  std::atomic<int> lines_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> paused_ = false;
  std::thread thread_;
};

std::string program() {
  for (const char* path : {"/usr/sbin/logrotate", "/usr/bin/logrotate"}) {
    if (access(path, X_OK) == 0) return path;
  }
  return {};
}

struct Variant {
  const char* name;
  const char* options;
};

class Logrotate : public testing::TestWithParam<Variant> {};

TEST_P(Logrotate, NoLineIsLostOrRepeated) {
  if (program().empty()) GTEST_SKIP() << "logrotate is not installed";
  constexpr int kRotations = 12;
  const TemporaryFolder folder;
  fs::permissions(folder.dir(), fs::perms::owner_all);
  const std::string path = folder.path("auth.log");
  const bool copies =
      std::string_view(GetParam().options).find("copytruncate") != std::string_view::npos;
  const bool dates = std::string_view(GetParam().options).find("dateext") != std::string_view::npos;
  // What packages' configuration does: told before the old file is packed. Else it is told late.
  const std::string signal = folder.path("signal");
  const bool signals = std::string_view(GetParam().name).ends_with("told");
  const std::string config = folder.path("logrotate.conf");
  const auto configure = [&](int rotation) {
    std::string text = path + " {\n rotate 100\n" + GetParam().options;
    if (signals) {
      text += " postrotate\n touch " + signal + "\n while [ -e " + signal +
              " ]; do sleep 0.01; done\n endscript\n";
    }
    if (dates) {  // as if each were on a day of its own
      text += " dateformat -202601" + std::to_string(10 + rotation) + "\n";
    }
    folder.write("logrotate.conf", text + "}\n");
    fs::permissions(config, fs::perms(0600));
  };
  const std::string command = program() + " -f -s " + folder.path("state") + " " + config + " > " +
                              folder.path("output") + " 2>&1";
  Writer writer(path, signal);
  PathWatch watch;
  watch.add(path);
  FollowOptions options;
  options.settle = std::chrono::milliseconds(20);
  auto follower = std::make_unique<LogFollower>(path, options);
  follower->begin_at(Start::begin);
  int next = 0;
  const auto read = [&] {
    if (!watch.take().empty()) follower->look();
    while (const auto line = follower->next()) {
      ASSERT_EQ(*line, "Nov 20 12:00:00 host sshd[1]: line " + std::to_string(next))
          << "from " << follower->reading();
      ++next;
    }
  };
  std::atomic<bool> rotated = false;
  std::thread rotator([&] {
    for (int i = 0; i < kRotations; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      configure(i);
      // What is written between copying and cutting is lost by copytruncate itself.
      if (copies) writer.pause(true);
      EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0) << read_file(folder.path("output"));
      if (copies) {
        writer.pause(false);
      } else if (!signals) {
        writer.open_log();
      }
    }
    rotated = true;
  });
  for (int i = 0; !rotated && !testing::Test::HasFatalFailure(); ++i) {
    read();
    if (i % 50 == 49) {  // stopped for a while, and started again
      const LogPosition position = follower->position();
      follower.reset();
      std::this_thread::sleep_for(std::chrono::milliseconds(i % 100 == 99 ? 60 : 5));
      follower = std::make_unique<LogFollower>(path, options);
      follower->resume(position);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  rotator.join();
  writer.stop();
  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  while (next < writer.lines() && steady_clock::now() < deadline) {
    follower->look();
    read();
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_EQ(next, writer.lines());
  EXPECT_GT(next, 100);
  EXPECT_EQ(follower->counters().gaps, 0U);
  int siblings = 0;
  for (const LogPart& part : parts_of_log(path, options)) siblings += part.is_log ? 0 : 1;
  EXPECT_EQ(siblings, kRotations);
}

INSTANTIATE_TEST_SUITE_P(
    Variants, Logrotate,
    testing::Values(
        Variant{"create", " create\n nocompress\n"},
        Variant{"nocreate", " nocreate\n nocompress\n"},
        Variant{"compress_later", " create\n compress\n delaycompress\n"},
        Variant{"compress_told", " create\n compress\n"},
        Variant{"dates_compress_told", " create\n compress\n dateext\n"},
        Variant{"nocreate_compress_told", " nocreate\n compress\n"},
        Variant{"dates", " create\n nocompress\n dateext\n"},
        Variant{"dates_compress_later", " create\n compress\n delaycompress\n dateext\n"},
        Variant{"copytruncate", " copytruncate\n nocompress\n"},
        Variant{"copytruncate_compress", " copytruncate\n compress\n"},
        Variant{"copytruncate_compress_later", " copytruncate\n compress\n delaycompress\n"},
        Variant{"copytruncate_dates", " copytruncate\n compress\n dateext\n"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace doorward
