#include "agent/hash_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "tests/support/files.h"

namespace doorward {
namespace {

TEST(HashKeyFile, IsMadeOncePrivatelyAndStays) {
  const TemporaryFolder folder;
  const std::string path = folder.path("hash.key");
  EXPECT_FALSE(read_key(path).ok());
  const Result<HashKey> made = load_or_make_key(path);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_NE(made.value(), HashKey{});
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(about.st_size, 16);
  EXPECT_EQ(load_or_make_key(path).value(), made.value());
  EXPECT_EQ(read_key(path).value(), made.value());
  EXPECT_NE(load_or_make_key(folder.path("other.key")).value(), made.value());
}

TEST(HashKeyFile, SeveralThatBeginAtOnceGetTheSame) {
  const TemporaryFolder folder;
  const std::string path = folder.path("hash.key");
  std::vector<HashKey> keys(8);
  std::vector<std::thread> threads;
  for (HashKey& key : keys) {
    threads.emplace_back([&] {
      const Result<HashKey> one = load_or_make_key(path);
      if (one) key = one.value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const HashKey& key : keys) EXPECT_EQ(key, keys.front());
  EXPECT_NE(keys.front(), HashKey{});
}

TEST(HashKeyFile, WhatIsWrongIsRefusedAndLeftAlone) {
  const TemporaryFolder folder;
  const std::string path = folder.write("hash.key", "too short");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const Result<HashKey> wrong = load_or_make_key(path);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message(), path + ": expected a key of 16 bytes, not 9");
  EXPECT_EQ(read_file(path), "too short");
  folder.write("hash.key", "0123456789abcdef");
  EXPECT_TRUE(read_key(path).ok());
  for (const unsigned mode : {0640U, 0604U, 0620U, 0601U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const Result<HashKey> open = load_or_make_key(path);
    ASSERT_FALSE(open.ok()) << mode;
    EXPECT_EQ(open.error().message(),
              path + ": others than its owner may read or write it: chmod 600");
  }
  EXPECT_FALSE(load_or_make_key(folder.dir()).ok());
  EXPECT_FALSE(load_or_make_key(folder.path("missing/hash.key")).ok());
}

}  // namespace
}  // namespace doorward
