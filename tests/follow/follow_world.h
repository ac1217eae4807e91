// A folder with a log that tests write, and a follower's clock that they move.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/follow/rotating_log.h"

namespace doorward {

class FollowTest : public testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  FollowTest() {
    options_.clock_ms = [this] { return clock_ms_; };
  }
  void append(const std::string& name, std::string_view text) const {
    std::ofstream(folder_.path(name), std::ios::binary | std::ios::app) << text;
  }
  void rename(const std::string& from, const std::string& to) const {
    std::filesystem::rename(folder_.path(from), folder_.path(to));
  }
  /// What comes now, and after the clock went on by so much.
  Lines take(LogFollower& log, std::int64_t later_ms = 0) {
    Lines out = take_all(log);
    if (later_ms > 0) {
      clock_ms_ += later_ms;
      for (std::string& line : take_all(log)) out.push_back(std::move(line));
    }
    return out;
  }
  /// 40 lines, more than fingerprints look at.
  static std::string many(const std::string& name) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      text += name + " " + std::to_string(i) + " " + std::string(60, '.') + "\n";
    }
    return text;
  }
  std::string log() const { return folder_.path("auth.log"); }

  TemporaryFolder folder_;
  std::int64_t clock_ms_ = 1'000'000;
  FollowOptions options_;
};

/// Descriptors of this process that lead to names with this in them.
inline int descriptors_of(const std::string& part) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count +=
        std::filesystem::read_symlink(entry, gone).string().find(part) != std::string::npos ? 1 : 0;
  }
  return count;
}

}  // namespace doorward
