// Bad input: a clear message, the exit status of design.md 6.1, everything else still processed,
// memory flat.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <random>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
constexpr const char* kLine =
    "2026-03-02T08:00:00+00:00 web-01 sshd[42]: Accepted password for alice from 192.0.2.7 port "
    "4711 ssh2\n";

class BadInput : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string good_ = folder_.write("good.log", kLine);
};

TEST_F(BadInput, OneUnreadableFileDoesNotStopTheOthers) {
  const Ran ran = run(kAgent, {"normalize", folder_.path("none"), good_});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(lines_of(ran.out).size(), 1U);
  EXPECT_NE(ran.err.find("none: cannot open: No such file or directory"), std::string::npos);
}

TEST_F(BadInput, AFileWithoutRightsIsNamed) {
  const std::string secret = folder_.write("secret.log", kLine);
  chmod(secret.c_str(), 0);
  if (access(secret.c_str(), R_OK) == 0) {
    GTEST_SKIP() << "this user may read every file";
  }
  const Ran ran = run(kAgent, {"normalize", secret});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("secret.log: cannot open: Permission denied"), std::string::npos);
}

TEST_F(BadInput, AConfigurationHasABound) {
  std::string text = "#";
  text.resize(std::size_t{1} << 20, 'x');
  Ran ran = run(kAgent, {"check", "--config", folder_.write("agent.toml", text)});
  EXPECT_EQ(ran.status, 0) << ran.err;
  ran = run(kAgent, {"check", "--config", folder_.write("agent.toml", text + "x")});
  EXPECT_NE(ran.status, 0);
  EXPECT_NE(ran.err.find("agent.toml: a configuration is at most 1 MiB long"), std::string::npos)
      << ran.err;
}

TEST_F(BadInput, BinaryGarbageIsRefusedByAutoAndCountedOtherwise) {
  std::string bytes(300'000, '\0');
  std::mt19937 random(5);
  for (char& byte : bytes) byte = static_cast<char>(random());
  const std::string garbage = folder_.write("garbage.bin", bytes);
  Ran ran = run(kAgent, {"normalize", garbage, good_});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(lines_of(ran.out).size(), 1U);
  EXPECT_NE(ran.err.find("garbage.bin:1: does not look like any log known here"),
            std::string::npos);
  for (const char* source : {"authlog", "auditd"}) {
    ran = run(kAgent, {"normalize", "--source", source, garbage});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(ran.out.empty());
  }
}

TEST_F(BadInput, ALineOfAGigabyteIsSkippedInFlatMemory) {
  const std::string path = folder_.path("long.log");
  {
    std::FILE* out = std::fopen(path.c_str(), "w");
    std::fputs(kLine, out);
    // A hole of 1 GiB reads as NUL bytes without a newline and takes no disk.
    std::fseek(out, 1L << 30, SEEK_CUR);
    std::fputs("\n", out);
    std::fputs(kLine, out);
    std::fclose(out);
  }
  const Ran small = run(kAgent, {"replay", good_});
  const Ran ran = run(kAgent, {"replay", "--timezone", "UTC", path});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("long.log:2: line longer than 64 KiB, skipped"), std::string::npos);
  EXPECT_NE(ran.err.find("2 success"), std::string::npos) << ran.err;
  EXPECT_LT(ran.peak_kib, small.peak_kib + 4096);
}

TEST_F(BadInput, ATruncatedGzipGivesWhatItHolds) {
  const std::string path = folder_.path("cut.gz");
  gzFile out = gzopen(path.c_str(), "wb");
  for (int i = 0; i < 20'000; ++i) {
    const std::string line = "2026-03-02T08:00:00+00:00 web-01 sshd[" + std::to_string(100 + i) +
                             "]: Accepted password for u" + std::to_string(i * 7919 % 10'007) +
                             " from 192.0.2.7 port 4711 ssh2\n";
    gzwrite(out, line.data(), static_cast<unsigned>(line.size()));
  }
  gzclose(out);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const Ran ran = run(kAgent, {"normalize", path});
  EXPECT_EQ(ran.status, 2);
  EXPECT_GT(lines_of(ran.out).size(), 1000U);
  EXPECT_NE(ran.err.find("truncated gzip: ends in mid-stream"), std::string::npos) << ran.err;
}

TEST_F(BadInput, BrokenUtf8BecomesWellFormedJson) {
  const std::string path = folder_.write(
      "utf8.log",
      "2026-03-02T08:00:00+00:00 web-01 sshd[42]: Failed password for a\xFF\xC0\x80z from "
      "192.0.2.7 port 4711 ssh2\n");
  const Ran ran = run(kAgent, {"normalize", path});
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.out.find("\"name\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\""), std::string::npos)
      << ran.out;
}

TEST_F(BadInput, AYearInTheFutureIsRefusedNotLearned) {
  const std::string path = folder_.write("rfc3164.log",
                                         "Mar  2 08:00:00 web-01 sshd[42]: Accepted password for "
                                         "alice from 192.0.2.7 port 4711 ssh2\n");
  const Ran ran = run(kAgent, {"replay", "--year", "2090", path});
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find("1 dated more than a day ahead of the clock (is --year right?)"),
            std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find(", 0 pairs,"), std::string::npos);
}

TEST_F(BadInput, UsageMistakesExitWithOneAndSayWhat) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"frob"}, "no command \"frob\""},
      {{"normalize", "--nope", good_}, "--nope"},
      {{"normalize"}, "FILE is required"},
      {{"replay", "--year", "12", good_}, "--year"},
      {{"replay", "--watch", good_}, "--watch: expected at least one folder"},
      {{"normalize", "--watch", folder_.dir(), "-"}, "--watch: standard input"},
      {{"replay", "--timezone", "Mars/Base", good_}, "\"Mars/Base\" is not a time zone"},
      {{"replay", "--alerts-from", "soon", good_}, "--alerts-from: expected a time"},
      {{"replay", "--source", "syslog", good_}, "--source"},
      {{"replay", "--rules", folder_.path("none"), good_}, "cannot read the rules directory"},
      {{"replay", "--config", folder_.path("none"), good_}, "cannot read the configuration"},
      {{"explain", "--baseline", good_, "shoe=9"}, "shoe: no such field"},
      {{"explain", "--baseline", good_, "source.ip=1.2.3"}, "source.ip: expected an IPv4"},
      {{"rules", "show", "none"}, "none: no such rule"},
  };
  for (const auto& [arguments, message] : cases) {
    const Ran ran = run(kAgent, arguments);
    EXPECT_EQ(ran.status, 1) << message;
    EXPECT_NE(ran.err.find("doorward-agent: error: "), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find(message), std::string::npos) << ran.err;
    EXPECT_TRUE(ran.out.empty());
  }
}

TEST_F(BadInput, ABrokenRuleFileIsToldWithFileAndLine) {
  std::filesystem::create_directory(folder_.path("rules"));
  folder_.write("rules/mine.toml", "id = \"mine\"\nname = 3\n");
  const Ran ran = run(kAgent, {"check", "--rules", folder_.path("rules")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("mine.toml:2: name: expected a string"), std::string::npos) << ran.err;
}

TEST_F(BadInput, ADamagedBaselineIsRefused) {
  const std::string baseline = folder_.path("b.dwbl");
  ASSERT_EQ(run(kAgent, {"replay", "--baseline-out", baseline, good_}).status, 0);
  ASSERT_EQ(run(kAgent, {"baseline", "info", baseline}).status, 0);
  std::FILE* file = std::fopen(baseline.c_str(), "r+b");
  std::fseek(file, 200, SEEK_SET);
  const int byte = std::fgetc(file);
  std::fseek(file, 200, SEEK_SET);
  std::fputc(byte ^ 1, file);
  std::fclose(file);
  const Ran ran = run(kAgent, {"replay", "--baseline-in", baseline, good_});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("b.dwbl: "), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace doorward
