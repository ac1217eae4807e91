// Output file: whole lines only, rotation, files that are moved away, full disks, and no document
// lost or torn.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "plugins/outputs/file/file_writer.h"
#include "plugins/outputs/stdout/stdout_sink.h"
#include "tests/delivery/delivery_world.h"

namespace doorward {
namespace {

std::vector<Document> batch_of(std::uint64_t first, std::uint64_t last, std::size_t bytes = 0) {
  std::vector<Document> out;
  for (std::uint64_t i = first; i <= last; ++i) {
    Document document;
    document.sequence = i;
    document.id = "id-" + std::to_string(i);
    document.text = document_of(i, bytes);
    out.push_back(std::move(document));
  }
  return out;
}

std::string text_of(std::uint64_t first, std::uint64_t last, std::size_t bytes = 0) {
  std::string out;
  for (const Document& document : batch_of(first, last, bytes)) out += document.text + "\n";
  return out;
}

FileSettings settings_of(const std::string& path) {
  FileSettings settings;
  settings.path = path;
  return settings;
}

TEST(FileWriter, AppendsLinesThatOnlyOwnerAndGroupRead) {
  TemporaryFolder folder;
  const std::string path = folder.path("alerts.ndjson");
  ::umask(0022);
  FileWriter writer(settings_of(path));
  EXPECT_EQ(writer.write(batch_of(1, 3)).documents, 3U);
  EXPECT_EQ(writer.write(batch_of(4, 4)).error, "");
  EXPECT_EQ(read_file(path), text_of(1, 4));
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0640U);
}

TEST(FileWriter, RotatesBySize) {
  TemporaryFolder folder;
  FileSettings settings = settings_of(folder.path("a"));
  settings.max_bytes = 1000;
  settings.keep = 2;
  FileWriter writer(settings);
  for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(writer.write(batch_of(i, i, 400)).error, "");
  EXPECT_EQ(read_file(folder.path("a")), text_of(9, 10, 400));
  EXPECT_EQ(read_file(folder.path("a.1")), text_of(7, 8, 400));
  EXPECT_EQ(read_file(folder.path("a.2")), text_of(5, 6, 400));
  EXPECT_FALSE(std::filesystem::exists(folder.path("a.3")));
  settings.keep = 0;
  FileWriter none(settings);
  EXPECT_EQ(none.write(batch_of(11, 11, 400)).error, "");
  EXPECT_EQ(read_file(folder.path("a")), text_of(11, 11, 400));
  settings.rotate = false;
  FileWriter grows(settings);
  for (std::uint64_t i = 12; i <= 20; ++i) EXPECT_EQ(grows.write(batch_of(i, i, 400)).error, "");
  EXPECT_EQ(read_file(folder.path("a")), text_of(11, 20, 400));
}

TEST(FileWriter, FollowsLogrotate) {
  TemporaryFolder folder;
  const std::string path = folder.path("a");
  FileWriter writer(settings_of(path));
  writer.write(batch_of(1, 2));
  std::filesystem::rename(path, path + ".1");  // logrotate's rename
  writer.write(batch_of(3, 4));
  EXPECT_EQ(read_file(path + ".1"), text_of(1, 2));
  EXPECT_EQ(read_file(path), text_of(3, 4));
  std::filesystem::remove(path);
  writer.write(batch_of(5, 5));
  EXPECT_EQ(read_file(path), text_of(5, 5));
  std::filesystem::resize_file(path, 0);  // copytruncate
  writer.write(batch_of(6, 6));
  EXPECT_EQ(read_file(path), text_of(6, 6));
}

TEST(FileWriter, AHalfLineOfAPowerCutIsCutOff) {
  TemporaryFolder folder;
  const std::string whole = text_of(1, 3);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const std::string path = folder.write("a", whole.substr(0, cut));
    FileWriter writer(settings_of(path));
    EXPECT_EQ(writer.write(batch_of(9, 9)).error, "");
    const std::size_t end = whole.substr(0, cut).rfind('\n');
    EXPECT_EQ(read_file(path),
              whole.substr(0, end == std::string::npos ? 0 : end + 1) + text_of(9, 9));
  }
  const std::string foreign = folder.write("b", "not mine");
  FileWriter writer(settings_of(foreign));
  EXPECT_NE(writer.write(batch_of(1, 1)).error.find("not of this program"), std::string::npos);
  EXPECT_EQ(read_file(foreign), "not mine");
}

TEST(FileWriter, WhatIsNoFileIsAnError) {
  TemporaryFolder folder;
  FileWriter missing(settings_of(folder.path("no/such/folder/a")));
  EXPECT_NE(missing.write(batch_of(1, 1)).error.find("cannot open: No such file"),
            std::string::npos);
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  FileWriter pipe(settings_of(folder.path("pipe")));
  EXPECT_NE(pipe.write(batch_of(1, 1)).error.find("not a regular file"), std::string::npos);
}

TEST(FileWriter, AFullDiskLeavesNoHalfLine) {
  TemporaryFolder folder;
  if (::mount("doorward-test", folder.dir().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "only root may mount a small disk";
  }
  FileWriter writer(settings_of(folder.path("a")));
  std::uint64_t written = 0;
  LinesWritten last;
  while ((last = writer.write(batch_of(written + 1, written + 3, 3000))).error.empty())
    written += 3;
  EXPECT_NE(last.error.find("No space left"), std::string::npos);
  EXPECT_EQ(last.documents, 0U);
  EXPECT_EQ(read_file(folder.path("a")), text_of(1, written, 3000));
  std::filesystem::resize_file(folder.path("a"), 0);
  EXPECT_EQ(writer.write(batch_of(50, 52, 3000)).error, "");
  EXPECT_EQ(read_file(folder.path("a")), text_of(50, 52, 3000));
  ::umount2(folder.dir().c_str(), MNT_DETACH);
}

TEST(FileOutput, WritesWhatTheSpoolHoldsAboveItsScore) {
  TemporaryFolder folder;
  DeliveryWorld world(
      "[[output]]\ntype = \"file\"\npath = \"" + folder.path("a") +
      "\"\n[[output]]\ntype = \"file\"\nname = \"high\"\nmin_score = 60\npath = \"" +
      folder.path("high") + "\"\n");
  for (std::uint64_t i = 1; i <= 1000; ++i) world.append(i, i % 2 == 0 ? 80 : 20);
  ASSERT_TRUE(world.run_until_delivered(0));
  ASSERT_TRUE(world.run_until_delivered(1));
  EXPECT_EQ(lines_of(read_file(folder.path("a"))).size(), 1000U);
  EXPECT_EQ(lines_of(read_file(folder.path("high"))).size(), 500U);
  EXPECT_EQ(world.status(1).delivered, 500U);
  world.stop(std::chrono::seconds(1));
}

TEST(StdoutOutput, ASlowReaderGetsWholeLines) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  boost::asio::io_context io;
  const DeliveryEnv env = system_delivery_env();
  const std::unique_ptr<Sink> sink = stdout_setup(ends[1]).make({io, env});
  const std::vector<Document> batch = batch_of(1, 100, 5000);
  bool done = false;
  sink->deliver(batch, [&](const DeliveryResult& result) {
    done = true;
    EXPECT_EQ(result.error, "");
  });
  std::string got;
  std::thread reader([&] {
    std::array<char, 3000> bytes{};
    for (ssize_t n = 0; (n = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
      got.append(bytes.data(), static_cast<std::size_t>(n));
    }
  });
  io.run();
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_TRUE(done);
  EXPECT_EQ(got, text_of(1, 100, 5000));
}

TEST(StdoutOutput, AReaderThatTakesNothingDoesNotHoldUpTheEnd) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  boost::asio::io_context io;
  const DeliveryEnv env = system_delivery_env();
  std::unique_ptr<Sink> sink = stdout_setup(ends[1]).make({io, env});
  const std::vector<Document> batch = batch_of(1, 100, 5000);
  sink->deliver(batch, [&](const DeliveryResult&) { ADD_FAILURE() << "after the destructor"; });
  const auto begin = std::chrono::steady_clock::now();
  sink.reset();
  io.run();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace doorward
