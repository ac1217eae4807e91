// What names rotations give, and in which order the files were written.
#include "agent/follow/rotated_names.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/follow/rotating_log.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

TEST(RotatedNames, WhatRotationsMake) {
  const auto order = [](std::string_view log, std::string_view name) {
    const auto rotated = rotated_name(log, name);
    return rotated ? std::string(rotated->order) + (rotated->is_number ? "#" : "") +
                         std::string(rotated->packed)
                   : "no";
  };
  EXPECT_EQ(order("auth.log", "auth.log.1"), "1#");
  EXPECT_EQ(order("auth.log", "auth.log.12.gz"), "12#gz");
  EXPECT_EQ(order("auth.log", "auth.log-20261120"), "20261120");
  EXPECT_EQ(order("auth.log", "auth.log-20261120.gz"), "20261120gz");
  EXPECT_EQ(order("auth.log", "auth.log-2026-11-20T13"), "2026-11-20T13");
  EXPECT_EQ(order("auth.log", "auth.log-1795190400.xz"), "1795190400xz");
  EXPECT_EQ(order("auth.log", "auth-20261120.log"), "20261120");
  EXPECT_EQ(order("auth.log", "auth.1.log.gz"), "1#gz");
  EXPECT_EQ(order("secure", "secure-20261120"), "20261120");
  EXPECT_EQ(order("audit.log", "audit.log.4"), "4#");
  EXPECT_EQ(order("auth.log", "auth.log"), "no");
  EXPECT_EQ(order("auth.log", "auth.log.gz"), "no");
  EXPECT_EQ(order("auth.log", "auth.log.1.bak"), "no");
  EXPECT_EQ(order("auth.log", "auth.log.d"), "no");
  EXPECT_EQ(order("auth.log", "auth.log2"), "no");
  EXPECT_EQ(order("auth.log", "auth.log-1"), "no");
  EXPECT_TRUE(looks_rotated("auth.log.1"));
  EXPECT_TRUE(looks_rotated("auth.log.2.gz"));
  EXPECT_TRUE(looks_rotated("secure-20261120"));
  EXPECT_TRUE(looks_rotated("auth.log-2026-11-20"));
  EXPECT_FALSE(looks_rotated("auth.log"));
  EXPECT_FALSE(looks_rotated("10.0.0.1"));
  EXPECT_FALSE(looks_rotated("10.0.0.1.log"));
  EXPECT_FALSE(looks_rotated("web-192.168.10.200"));
}

TEST(RotatedNames, OrderOfParts) {
  const TemporaryFolder folder;
  for (const char* name : {"auth.log", "auth.log.1", "auth.log.2", "auth.log.10.gz", "auth.log.9",
                           "auth.log.9.gz", "auth.log-20251231", "other.log.1"}) {
    folder.write(name, name);
    set_modified(folder.path(name), 1'700'000'000);
  }
  set_modified(folder.path("auth.log-20251231"), 1'600'000'000);
  fs::create_symlink(folder.path("auth.log"), folder.path("auth.log.3"));
  fs::create_hard_link(folder.path("auth.log"), folder.path("auth.log.4"));
  std::string names;
  for (const LogPart& part : parts_of_log(folder.path("auth.log"), {})) {
    names += part.path.substr(folder.dir().size() + 1) + " ";
  }
  EXPECT_EQ(names, "auth.log-20251231 auth.log.10.gz auth.log.9 auth.log.2 auth.log.1 auth.log ");
}

}  // namespace
}  // namespace doorward
