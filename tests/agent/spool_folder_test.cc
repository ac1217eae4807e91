#include "agent/spool_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Names = std::vector<std::string>;

class SpoolFolderTest : public testing::TestWithParam<bool> {
 protected:
  SpoolFolderOptions options() const {
    SpoolFolderOptions options;
    options.notify = GetParam();
    options.closed_for = milliseconds(1);
    options.unchanged_for = milliseconds(50);
    options.poll_every = milliseconds(10);
    options.rescan_every = milliseconds(10);
    return options;
  }
  /// What comes until `count` files are there (a minute at most) and then in some more looks.
  Names take(SpoolFolder& spool, std::size_t count) const {
    Names out;
    int looks = 0;
    for (int i = 0; i < 6000 && looks < 20; ++i) {
      for (const std::string& path : spool.take()) {
        out.push_back(path.substr(folder_.dir().size() + 1));
      }
      if (out.size() >= count) ++looks;
      std::this_thread::sleep_for(milliseconds(std::min(10, spool.wait_ms())));
    }
    return out;
  }
  std::string folder(const std::string& name) const {
    fs::create_directories(folder_.path(name));
    return folder_.path(name);
  }
  void make_old(const std::string& path) const {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  TemporaryFolder folder_;
};

TEST_P(SpoolFolderTest, GivesWhatIsThereAtOnceInOrder) {
  folder("in/b");
  make_old(folder_.write("in/b/2", "x"));
  make_old(folder_.write("in/a", "x"));
  make_old(folder_.write("in/.hidden", "x"));
  SpoolFolder spool({folder_.path("in")}, options());
  EXPECT_EQ(spool.take(), (Names{folder_.path("in/a"), folder_.path("in/b/2")}));
  EXPECT_TRUE(spool.take().empty());
  EXPECT_EQ(spool.descriptor() >= 0, GetParam());
}

TEST_P(SpoolFolderTest, GivesEachNewFileOnce) {
  SpoolFolder spool({folder("in")}, options());
  EXPECT_TRUE(spool.take().empty());
  folder_.write("in/a", "x");
  EXPECT_EQ(take(spool, 1), (Names{"in/a"}));
  fs::rename(folder_.path("in/a"), folder_.path("in/b"));
  std::ofstream(folder_.path("in/b"), std::ios::app) << "more";
  folder("in/new/below");
  folder_.write("in/new/below/c", "x");
  folder_.write("in/d.tmp", "x");
  EXPECT_EQ(take(spool, 1), (Names{"in/new/below/c"}));
  fs::rename(folder_.path("in/d.tmp"), folder_.path("in/d"));
  EXPECT_EQ(take(spool, 1), (Names{"in/d"}));
}

TEST_P(SpoolFolderTest, TakesAFileOfAReusedName) {
  SpoolFolder spool({folder("in")}, options());
  for (int i = 0; i < 5; ++i) {
    folder_.write("in/same", std::to_string(i));
    EXPECT_EQ(take(spool, 1), (Names{"in/same"})) << i;
    fs::remove(folder_.path("in/same"));
  }
}

TEST_P(SpoolFolderTest, FollowsAFolderThatIsRenamed) {
  SpoolFolder spool({folder("in")}, options());
  folder("in/one");
  folder_.write("in/one/a", "x");
  EXPECT_EQ(take(spool, 1), (Names{"in/one/a"}));
  fs::rename(folder_.path("in/one"), folder_.path("in/two"));
  EXPECT_EQ(take(spool, 0), (Names{}));
  folder_.write("in/two/b", "x");
  EXPECT_EQ(take(spool, 1), (Names{"in/two/b"}));
}

TEST_P(SpoolFolderTest, SaysOnceThatAFolderCannotBeRead) {
  SpoolFolder spool({folder_.path("none")}, options());
  EXPECT_TRUE(spool.take().empty());
  const std::vector<Error> errors = spool.take_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message(),
            folder_.path("none") + ": cannot read the folder: No such file or directory");
  std::this_thread::sleep_for(milliseconds(20));
  (void)spool.take();
  EXPECT_TRUE(spool.take_errors().empty());
  // It may still come.
  folder("none");
  folder_.write("none/a", "x");
  EXPECT_EQ(take(spool, 1), (Names{"none/a"}));
}

TEST(SpoolFolder, WaitsForAWriterThatIsNotDone) {
  const TemporaryFolder folder;
  SpoolFolderOptions options;
  options.closed_for = milliseconds(500);
  options.unchanged_for = milliseconds(1);
  SpoolFolder spool({folder.dir()}, options);
  EXPECT_TRUE(spool.take().empty());
  std::ofstream out(folder.path("slow"));
  out << "begun" << std::flush;
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
    EXPECT_TRUE(spool.take().empty());
  }
  // A name that a downloader gives up at the end.
  out.close();
  EXPECT_TRUE(spool.take().empty());
  fs::rename(folder.path("slow"), folder.path("whole"));
  Names names;
  for (int i = 0; i < 6000 && names.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    names = spool.take();
  }
  EXPECT_EQ(names, (Names{folder.path("whole")}));
}

INSTANTIATE_TEST_SUITE_P(BothWays, SpoolFolderTest, testing::Bool(),
                         [](const auto& way) { return way.param ? "Notify" : "Poll"; });

}  // namespace
}  // namespace doorward
