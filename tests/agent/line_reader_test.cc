#include "agent/line_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <vector>

#include "plugins/limits.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) const {
    return folder_.write(name, text);
  }
  std::string gzip(const std::string& name, const std::vector<std::string>& members) const {
    const std::string path = folder_.path(name);
    for (const std::string& member : members) {
      gzFile out = gzopen(path.c_str(), "ab");
      gzwrite(out, member.data(), static_cast<unsigned>(member.size()));
      gzclose(out);
    }
    return path;
  }

  TemporaryFolder folder_;
};

std::vector<std::string> all(LineReader& reader) {
  std::vector<std::string> out;
  while (const std::optional<std::string_view> line = reader.next()) out.emplace_back(*line);
  return out;
}

using Lines = std::vector<std::string>;

TEST_F(LineReaderTest, GivesEveryLineAndTheLastWithoutNewline) {
  Result<LineReader> reader = LineReader::open(file("a", "one\ntwo\r\n\nlast"));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader.value().head(), "one\ntwo\r\n\nlast");
  EXPECT_EQ(all(reader.value()), (Lines{"one", "two", "", "last"}));
  EXPECT_EQ(reader.value().line_number(), 4U);
  EXPECT_FALSE(reader.value().fault());
}

TEST_F(LineReaderTest, KeepsNulAndBrokenBytes) {
  const std::string bytes("a\0b\xFF\n\x80\n", 7);
  Result<LineReader> reader = LineReader::open(file("a", bytes));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(all(reader.value()), (Lines{std::string("a\0b\xFF", 4), "\x80"}));
}

TEST_F(LineReaderTest, SkipsALineThatIsTooLongAndGoesOn) {
  const std::string longest(kLineBytesMax, 'x');
  for (const std::size_t over : {std::size_t{1}, kLineBytesMax, std::size_t{5'000'000}}) {
    Result<LineReader> reader = LineReader::open(
        file("a", "before\n" + longest + "\n" + longest + std::string(over, 'y') + "\nafter\n"));
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(all(reader.value()), (Lines{"before", longest, "after"})) << over;
    EXPECT_EQ(reader.value().long_lines(), 1U);
    EXPECT_EQ(reader.value().line_number(), 4U);
  }
}

TEST_F(LineReaderTest, CountsALastLineThatIsTooLong) {
  Result<LineReader> reader =
      LineReader::open(file("a", "before\n" + std::string(3 * kLineBytesMax, 'x')));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(all(reader.value()), (Lines{"before"}));
  EXPECT_EQ(reader.value().long_lines(), 1U);
}

TEST_F(LineReaderTest, ReadsGzipOfSeveralMembers) {
  Result<LineReader> reader = LineReader::open(gzip("a.gz", {"one\ntw", "o\nthree\n"}));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader.value().head().substr(0, 4), "one\n");
  EXPECT_EQ(all(reader.value()), (Lines{"one", "two", "three"}));
  EXPECT_FALSE(reader.value().fault());
  EXPECT_EQ(reader.value().bytes_consumed(), reader.value().bytes_total());
}

TEST_F(LineReaderTest, GivesWhatATruncatedGzipStillHolds) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "line " + std::to_string(i * 7919LL) + "\n";
  const std::string path = gzip("a.gz", {text});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  Result<LineReader> reader = LineReader::open(path);
  ASSERT_TRUE(reader.ok());
  const Lines lines = all(reader.value());
  EXPECT_GT(lines.size(), 1000U);
  ASSERT_TRUE(reader.value().fault());
  EXPECT_NE(reader.value().fault()->message().find(path + ":"), std::string::npos);
  EXPECT_NE(reader.value().fault()->message().find("truncated gzip"), std::string::npos);
}

TEST_F(LineReaderTest, SaysWhatCannotBeOpened) {
  const Result<LineReader> missing = LineReader::open(folder_.dir() + "/none");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message(),
            folder_.dir() + "/none: cannot open: No such file or directory");
  const Result<LineReader> folder = LineReader::open(folder_.dir());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().message(), folder_.dir() + ": is a directory; name its files");
}

}  // namespace
}  // namespace doorward
