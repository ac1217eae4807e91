// Lines are written, rotated in all ways and read at random; every line has to come once, in order,
// also after the reader is killed and resumes some lines back. A seed that fails is named.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <random>

#include "tests/follow/rotating_log.h"

namespace doorward {
namespace {

class Burst {
 public:
  explicit Burst(std::uint64_t seed)
      : random_(seed),
        pack_(static_cast<RotatingLog::Pack>(at_most(2))),
        log_(folder_, at_most(1) == 1, pack_) {
    // One log is rotated in one way, or, when nothing is packed, in both by turns: packing gives a
    // file that was emptied and then renamed another inode, and nothing to know it by.
    if (pack_ != RotatingLog::Pack::none) (at_most(1) == 1 ? renames_ : copies_) = false;
    options_.settle = std::chrono::milliseconds(0);
    start();
    if (at_most(1) == 1) {
      follower_->begin_at(Start::begin);
    } else {
      follower_->begin_at(Start::history);
    }
  }

  void go() {
    const int steps = 20 + at_most(60);
    for (int i = 0; i < steps && !failed_; ++i) step();
    finish_line();
    reopen();
    for (int i = 0; i < 200 && next_ < lines_.size() && !failed_; ++i) {
      read(1000);
      follower_->look();
    }
    EXPECT_EQ(next_, lines_.size()) << "lines were not given" << state();
    read(10);
    EXPECT_EQ(follower_->counters().gaps, 0U);
    EXPECT_EQ(follower_->counters().lost_bytes, 0U);
    EXPECT_EQ(follower_->counters().long_lines, 0U);
  }
  [[nodiscard]] bool failed() const { return failed_ || testing::Test::HasFailure(); }

 private:
  struct Saved {
    LogPosition position;
    std::size_t next = 0;
  };

  int at_most(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  void start() { follower_ = std::make_unique<LogFollower>(folder_.path("auth.log"), options_); }

  void step() {
    const int what = at_most(99);
    done_ += std::to_string(what) + "/" + std::to_string(next_) + "/" +
             std::to_string(lines_.size()) + " ";
    if (what < 40) {
      write();
    } else if (what < 60) {
      follower_->look();
    } else if (what < 75) {
      read(at_most(1) == 1 ? at_most(5) : 1000);
    } else if (what < 80) {
      if (renames_) rename();
    } else if (what < 85) {
      if (!renamed_ && copies_) {
        finish_line();
        log_.copy_truncate();
      }
    } else if (what < 89) {
      finish_line();
      reopen();
    } else if (what < 91) {
      forget();
    } else if (what < 95) {
      saved_.push_back({follower_->position(), next_});
      if (saved_.size() > 5) saved_.pop_front();
    } else {
      kill();
    }
  }
  void write() {
    std::string text;
    for (int i = at_most(6); i >= 0; --i) {
      if (partial_.empty()) {
        lines_.push_back("line " + std::to_string(lines_.size()) + " " +
                         std::string(static_cast<std::size_t>(at_most(60)), '.'));
        if (at_most(200) == 0) lines_.back() += std::string(5000, 'x');
        partial_ = lines_.back() + "\n";
      }
      if (i == 0 && at_most(2) == 0) {
        const auto part = static_cast<std::size_t>(at_most(static_cast<int>(partial_.size()) - 1));
        text += partial_.substr(0, part);
        partial_.erase(0, part);
      } else {
        text += partial_;
        partial_.clear();
      }
    }
    log_.write(text);
  }
  void finish_line() {
    if (partial_.empty()) return;
    log_.write(partial_);
    partial_.clear();
  }
  void rename() {
    if (renamed_) {
      finish_line();
      reopen();
    }
    log_.rename_away(at_most(1) == 1);
    renamed_ = true;
  }
  void reopen() {
    log_.reopen();
    log_.pack_pending();
    renamed_ = false;
  }
  void read(int most) {
    for (int i = 0; i < most; ++i) {
      const auto line = follower_->next();
      if (!line) break;
      if (next_ >= lines_.size() || *line != lines_[next_]) {
        ADD_FAILURE() << "expected line " << next_ << " of " << lines_.size() << ", got '"
                      << line->substr(0, 80) << "'" << state();
        failed_ = true;
        return;
      }
      ++next_;
    }
  }
  std::string state() {
    std::string out =
        "\nreading " + follower_->reading() + " at " + std::to_string(follower_->position().offset);
    for (const LogPart& part : parts_of_log(log_.path(), options_)) {
      out += "\n" + part.path + " " + std::to_string(part.facts.size) + " bytes, " +
             std::to_string(part.facts.id.inode);
    }
    for (const Error& error : follower_->take_errors()) out += "\n" + error.message();
    return out + "\n" + done_;
  }
  /// Deletes or empties a file of which everything was read: nothing of it can be resumed.
  void forget() {
    if (renamed_) return;
    finish_line();
    for (int i = 0; i < 20; ++i) {
      follower_->look();
      read(1000);
    }
    if (failed_) return;
    ASSERT_EQ(next_, lines_.size()) << "before the file is deleted";
    saved_.clear();
    if (at_most(1) == 0) {
      log_.truncate();
    } else {
      log_.remove();
      log_.reopen();
    }
    write();
    finish_line();
    follower_->look();  // or it would not be known that this file was there
    read(1000);
  }
  void kill() {
    Saved from{follower_->position(), next_};
    if (!saved_.empty() && at_most(1) == 1) {
      from = saved_[static_cast<std::size_t>(at_most(static_cast<int>(saved_.size()) - 1))];
    }
    std::erase_if(saved_, [&](const Saved& saved) { return saved.next > from.next; });
    if (!from.position.known()) return;
    for (int i = at_most(3); i > 0; --i) {  // while it is down
      write();
      if (at_most(1) == 1 && renames_) rename();
      if (at_most(1) == 1) {
        finish_line();
        reopen();
        if (at_most(1) == 1 && copies_) log_.copy_truncate();
      }
    }
    start();
    follower_->resume(from.position);
    next_ = from.next;
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_;
  RotatingLog::Pack pack_;
  RotatingLog log_;
  bool renames_ = true;
  bool copies_ = true;
  FollowOptions options_;
  std::unique_ptr<LogFollower> follower_;
  std::vector<std::string> lines_;
  std::string partial_;  // of the last line, not yet written
  std::size_t next_ = 0;
  bool renamed_ = false;  // and the program still writes to the old file
  bool failed_ = false;
  std::string done_;  // what step did, lines read and written before it
  std::deque<Saved> saved_;
};

std::uint64_t number_from(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

TEST(FollowRandom, EveryLineOnceAndInOrder) {
  const std::uint64_t first = number_from("DOORWARD_SEED", 1);
  const std::uint64_t count = number_from("DOORWARD_SEEDS", 2000);
  // In memory, where there is such a folder: thousands of folders on a disk take a minute.
  if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Burst run(seed);
    run.go();
    if (run.failed()) return;
  }
}

/// logrotate keeps three old files; what was deleted while the reader was down is one gap, and
/// reading goes on at the first line that is left.
void read_what_is_left(std::uint64_t seed) {
  constexpr int kKept = 3;
  std::mt19937_64 random(seed);
  const auto at_most = [&](int most) {
    return std::uniform_int_distribution<int>(0, most)(random);
  };
  const TemporaryFolder folder;
  RotatingLog log(folder, false, static_cast<RotatingLog::Pack>(at_most(2)));
  FollowOptions options;
  options.settle = std::chrono::milliseconds(0);
  std::vector<int> rotation_of;  // of each line: rotations before it was written
  const auto write = [&] {
    for (int i = at_most(5); i >= 0; --i) {
      log.write("line " + std::to_string(rotation_of.size()) + " with some words behind\n");
      rotation_of.push_back(log.rotations());
    }
  };
  const auto rotate = [&] {
    log.rename_away(true);
    log.reopen();
    log.pack_pending();
    for (const char* end : {"", ".gz"}) {
      std::filesystem::remove(log.path() + "." + std::to_string(kKept + 1) + end);
    }
  };
  auto follower = std::make_unique<LogFollower>(log.path(), options);
  follower->begin_at(Start::begin);
  std::size_t next = 0;
  for (int round = 0; round < 5; ++round) {
    write();
    follower->look();
    for (int i = at_most(10); i >= 0; --i) {
      const auto line = follower->next();
      if (!line) break;
      ASSERT_TRUE(line->starts_with("line " + std::to_string(next) + " ")) << *line;
      ++next;
    }
    if (next == 0) continue;
    const LogPosition position = follower->position();
    // The place is in the file of the last line that was given, unless reading went over already.
    const bool over = follower->reading() == log.path() && position.offset == 0;
    follower.reset();
    for (int i = at_most(6); i > 0; --i) {
      rotate();
      write();
    }
    const int oldest = log.rotations() - kKept;
    const bool gone = rotation_of[over ? next : next - 1] < oldest;
    while (gone && rotation_of[next] < oldest) ++next;
    follower = std::make_unique<LogFollower>(log.path(), options);
    follower->resume(position);
    ASSERT_EQ(follower->counters().gaps, gone ? 1U : 0U);
  }
  for (const std::string& line : take_all(*follower)) {
    ASSERT_TRUE(line.starts_with("line " + std::to_string(next) + " ")) << line;
    ++next;
  }
  EXPECT_EQ(next, rotation_of.size());
}

TEST(FollowRandom, WhatWasDeletedIsOneGap) {
  if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
  const std::uint64_t first = number_from("DOORWARD_SEED", 1);
  for (std::uint64_t seed = first; seed < first + 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    read_what_is_left(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace doorward
