// A log that is written and rotated as programs and logrotate do, for tests of following.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/follow/log_follower.h"
#include "tests/support/files.h"

namespace doorward {

/// Writes bytes as gzip, with a modification time (seconds).
inline void write_gzip(const std::string& path, std::string_view text) {
  gzFile out = gzopen(path.c_str(), "wb1");
  if (!text.empty()) gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
}

inline void set_modified(const std::string& path, std::int64_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 0}};
  utimensat(AT_FDCWD, path.c_str(), times, 0);
}

/// One program writes to `auth.log` in a folder through a descriptor that it keeps until reopen().
/// Time (of modification) is a count of what was done, so that no two things happen at once.
class RotatingLog {
 public:
  enum class Pack { none, at_once, one_later };

  RotatingLog(const TemporaryFolder& folder, bool dates, Pack pack)
      : path_(folder.path("auth.log")), dates_(dates), pack_(pack) {
    reopen();
  }
  ~RotatingLog() { close(fd_); }
  RotatingLog(const RotatingLog&) = delete;
  RotatingLog& operator=(const RotatingLog&) = delete;

  void write(std::string_view text) {
    ASSERT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    const std::int64_t now = ++clock_;
    const timespec times[2] = {{now, 0}, {now, 0}};
    futimens(fd_, times);
  }
  /// What a program does on SIGHUP.
  void reopen() {
    if (fd_ >= 0) close(fd_);
    fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    struct stat facts {};
    fstat(fd_, &facts);
    if (facts.st_size == 0) set_modified(path_, ++clock_);
  }
  /// Renames; `create`: and makes a new file, which the program does not write to before reopen().
  void rename_away(bool create) {
    if (!std::filesystem::exists(path_)) return;
    const std::string to = make_place();
    std::filesystem::rename(path_, to);
    if (create) {
      close(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      set_modified(path_, ++clock_);
    }
    packed_next_ = to;
    if (pack_ == Pack::at_once) pack_later_ = true;
  }
  void copy_truncate() {
    const std::string to = make_place();
    std::filesystem::copy_file(path_, to);
    set_modified(to, ++clock_);
    truncate();
    packed_next_ = to;
    if (pack_ == Pack::at_once) pack_now();
  }
  void truncate() {
    ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
    set_modified(path_, ++clock_);
  }
  void remove() {
    std::filesystem::remove(path_);
    ++clock_;
  }
  /// What is to be packed once nobody writes to it any more.
  void pack_pending() {
    if (pack_later_) pack_now();
    pack_later_ = false;
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int rotations() const { return rotations_; }

 private:
  /// Renames what is there one further, and gives the name of the newest.
  std::string make_place() {
    ++rotations_;
    if (pack_ == Pack::one_later && !packed_next_.empty()) pack_now();
    if (dates_) return path_ + "-" + std::to_string(20'260'000 + rotations_);
    for (int i = rotations_; i-- > 1;) {
      for (const char* end : {"", ".gz"}) {
        const std::string from = path_ + "." + std::to_string(i) + end;
        if (!std::filesystem::exists(from)) continue;
        std::filesystem::rename(from, path_ + "." + std::to_string(i + 1) + end);
      }
    }
    return path_ + ".1";
  }
  void pack_now() {
    if (packed_next_.empty()) return;
    struct stat facts {};
    if (stat(packed_next_.c_str(), &facts) == 0) {
      write_gzip(packed_next_ + ".gz", read_file(packed_next_));
      set_modified(packed_next_ + ".gz", facts.st_mtim.tv_sec);
      std::filesystem::remove(packed_next_);
    }
    packed_next_.clear();
  }

  const std::string path_;
  const bool dates_;
  const Pack pack_;
  int fd_ = -1;
  int rotations_ = 0;
  bool pack_later_ = false;
  std::string packed_next_;
  std::int64_t clock_ = 1'000'000'000;
};

/// All that a follower gives now.
inline std::vector<std::string> take_all(LogFollower& follower) {
  std::vector<std::string> out;
  for (int idle = 0; idle < 3;) {
    if (const auto line = follower.next()) {
      out.emplace_back(*line);
      idle = 0;
    } else {
      follower.look();
      ++idle;
    }
  }
  return out;
}

}  // namespace doorward
