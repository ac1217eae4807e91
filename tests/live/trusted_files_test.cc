// Rules and configuration that somebody else could have written are refused.
#include "agent/daemon/trusted_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/files.h"

namespace doorward {
namespace {

std::vector<Error> mistakes_of(const std::string& path) {
  std::vector<Error> mistakes;
  check_trusted(path, geteuid(), mistakes);
  return mistakes;
}

TEST(TrustedFiles, OnlyTheOwnerWrites) {
  const TemporaryFolder folder;
  const std::string file = folder.write("agent.toml", "");
  EXPECT_TRUE(mistakes_of(file).empty());
  chmod(file.c_str(), 0666);
  ASSERT_EQ(mistakes_of(file).size(), 1U);
  EXPECT_EQ(mistakes_of(file)[0].what, "can be written to by everybody; refused (chmod o-w)");
  chmod(file.c_str(), 0644);
  // Who can write to the folder can put another file in its place.
  chmod(folder.dir().c_str(), 0777);
  EXPECT_EQ(mistakes_of(file).size(), 1U);
  chmod(folder.dir().c_str(), 0700);
}

TEST(TrustedFiles, SomebodyElsesFile) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const TemporaryFolder folder;
  const std::string file = folder.write("mine.toml", "");
  ASSERT_EQ(chown(file.c_str(), 12345, 0), 0);
  ASSERT_EQ(mistakes_of(file).size(), 1U);
  EXPECT_NE(mistakes_of(file)[0].what.find("belongs to user 12345, not to root"),
            std::string::npos);
  ASSERT_EQ(chown(file.c_str(), 0, 12345), 0);
  chmod(file.c_str(), 0664);
  EXPECT_EQ(mistakes_of(file).size(), 1U);
  // A link says nothing; what it leads to counts.
  const std::string link = folder.path("link.toml");
  ASSERT_EQ(symlink(file.c_str(), link.c_str()), 0);
  EXPECT_EQ(mistakes_of(link).size(), 1U);
}

TEST(TrustedFiles, EveryRuleOfAFolder) {
  const TemporaryFolder folder;
  folder.write("a.toml", "");
  const std::string b = folder.write("b.toml", "");
  const std::string notes = folder.write("notes.txt", "");
  chmod(b.c_str(), 0606);
  chmod(notes.c_str(), 0666);
  std::vector<Error> mistakes;
  check_trusted_folder(folder.dir(), geteuid(), mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_NE(mistakes[0].where.find("b.toml"), std::string::npos);
}

TEST(TrustedFiles, WhatIsNotThereIsNoMistake) {
  EXPECT_TRUE(mistakes_of("/nonexistent/agent.toml").empty());
}

}  // namespace
}  // namespace doorward
