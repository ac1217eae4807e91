// A folder that a cloud feed delivers into: every file once, over restarts too.
#include "agent/live/folder_stream.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;

std::string records(int from, int count) {
  std::string out;
  for (int i = from; i < from + count; ++i) out += "{\"n\":" + std::to_string(i) + "}\n";
  return out;
}

FolderStream open(const TemporaryFolder& folder) {
  return FolderStream(folder.dir(), SpoolFolderOptions{true, milliseconds(1), milliseconds(1),
                                                       milliseconds(5), milliseconds(50)});
}

/// Reads until there are so many, or none came for a second.
std::vector<std::string> read(FolderStream& stream, std::size_t count) {
  std::vector<std::string> out;
  for (int i = 0; i < 1000 && out.size() < count; ++i) {
    stream.look();
    while (out.size() < count) {
      const auto record = stream.next();
      if (!record) break;
      out.emplace_back(*record);
    }
    if (out.size() < count) usleep(1000);
  }
  return out;
}

TEST(FolderStream, GoesOnInTheMiddleOfAFile) {
  const TemporaryFolder folder;
  folder.write("a.json", records(0, 3));
  folder.write("b.json", records(3, 4));
  std::vector<std::uint8_t> state;
  {
    FolderStream stream = open(folder);
    stream.frame(Framing::json_records);
    EXPECT_EQ(read(stream, 5).size(), 5U);
    StateWriter out(state);
    stream.save(out);
  }
  folder.write("c.json", records(7, 2));
  FolderStream stream = open(folder);
  stream.frame(Framing::json_records);
  StateReader in(state);
  stream.load(in);
  ASSERT_TRUE(in.done());
  const std::vector<std::string> rest = read(stream, 4);
  EXPECT_EQ(rest, (std::vector<std::string>{"{\"n\":5}", "{\"n\":6}", "{\"n\":7}", "{\"n\":8}"}));
  stream.look();
  EXPECT_FALSE(stream.next());
}

TEST(FolderStream, WhatWasNamedButNotBegunIsReadAfterARestart) {
  const TemporaryFolder folder;
  folder.write("a.json", records(0, 2));
  folder.write("b.json", records(2, 2));
  std::vector<std::uint8_t> state;
  {
    FolderStream stream = open(folder);
    stream.frame(Framing::json_records);
    EXPECT_EQ(read(stream, 1).size(), 1U);
    StateWriter out(state);
    stream.save(out);
  }
  FolderStream stream = open(folder);
  stream.frame(Framing::json_records);
  StateReader in(state);
  stream.load(in);
  EXPECT_EQ(read(stream, 3).size(), 3U);
}

}  // namespace
}  // namespace doorward
