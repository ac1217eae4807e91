#include "proto/baseline_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/sketch/additions.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

class BaselineFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "doorward-baseline-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = (folder_ / "baseline.dwbl").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(BaselineFile, WritesPrivatelyAndReadsBack) {
  const Baseline baseline = testing::baseline_of(testing::random_log({}, 1));
  for (int round = 0; round < 2; ++round) {  // the second replaces the first
    const Status status = write_baseline_file(path_, baseline);
    ASSERT_TRUE(status.ok()) << status.error().message();
    struct stat about {};
    ASSERT_EQ(::stat(path_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_EQ(files(), 1U) << "the temporary file stayed";
  }
  const auto back = read_baseline_file(path_, HashKey{});
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(encode_baseline(back.value()), encode_baseline(baseline));
}

TEST_F(BaselineFile, ErrorsNameThePath) {
  const auto missing = read_baseline_file(path_, HashKey{});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().where, path_);
  std::ofstream(path_) << "this is not a baseline at all";
  const auto wrong = read_baseline_file(path_, HashKey{});
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().where, path_);
  EXPECT_NE(wrong.error().what.find("not a baseline"), std::string::npos) << wrong.error().what;
  EXPECT_FALSE(read_baseline_file(folder_.string(), HashKey{}).ok());
  fs::resize_file(path_, encoded_baseline_max(kBaselineBytesMin) + 1);
  EXPECT_NE(read_baseline_file(path_, HashKey{}, kBaselineBytesMin).error().what.find("too long"),
            std::string::npos);
}

TEST_F(BaselineFile, FailureLeavesTheOldFileAndNoLitter) {
  const Baseline baseline = testing::make_baseline();
  EXPECT_FALSE(write_baseline_file((folder_ / "missing" / "x").string(), baseline).ok());
  fs::create_directory(path_);  // cannot be replaced by a file
  EXPECT_FALSE(write_baseline_file(path_, baseline).ok());
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace doorward
