// Exceptions as a user has them: files, replay's summary, check's warnings.
#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;

class ExceptionsRun : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(ExceptionsRun, ReplaySaysWhatEachSilenced) {
  const std::size_t all = lines_of(replay_demo({}).out).size();
  folder_.write("ranges.txt", "# the pentest\n201.48.198.0/24\n");
  const std::string file =
      folder_.write("ex.toml",
                    "[[exception]]\nname = \"pentest\"\nrule = \"*\"\nsource.ip = \"@ranges.txt\"\n"
                    "reason = \"agreed test\"\nowner = \"security\"\nexpires = 2099-01-01\n");
  const std::string report = folder_.path("report.ndjson");
  const Ran ran = replay_demo({"--exceptions", file, "--exception-report", report});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_LT(lines_of(ran.out).size(), all);
  EXPECT_EQ(ran.out.find("201.48.198."), std::string::npos);
  const std::size_t at = ran.err.find("\nexcepted  ");
  ASSERT_NE(at, std::string::npos) << ran.err;
  const std::string line = ran.err.substr(at + 1, ran.err.find('\n', at + 1) - at - 1);
  const int events = std::stoi(line.substr(10));
  EXPECT_GT(events, 0);
  EXPECT_EQ(line, "excepted  " + std::to_string(events) + ": pentest " + std::to_string(events) +
                      " (security)");
  EXPECT_NE(read_file(report).find(
                "{\"exception\":\"pentest\",\"silenced\":" + std::to_string(events) + ","),
            std::string::npos);
  // A year later check asks whether it is still needed, and all is well otherwise.
  const Ran check = run(kAgent, {"check", "--exceptions", file, "--exception-report", report});
  EXPECT_EQ(check.status, 0) << check.err;
  EXPECT_NE(check.err.find("warning: " + file +
                           ":1: exception pentest (security) has not matched "
                           "since 2026-02-0"),
            std::string::npos)
      << check.err;
  EXPECT_NE(check.out.find(" rules, 1 exception, 0 mistakes, 1 warning\n"), std::string::npos)
      << check.out;
}

TEST_F(ExceptionsRun, ComeFromTheConfigurationAndItsFolder) {
  const std::string why = "reason = \"r\"\nowner = \"o\"\nexpires = 2099-01-01\n";
  const std::string dir = folder_.path("exceptions.d");
  std::filesystem::create_directory(dir);
  folder_.write("exceptions.d/b.toml",
                "[[exception]]\nname = \"two\"\nrule = \"rare_user\"\nuser.name = \"b\"\n" + why);
  folder_.write("exceptions.d/notes.txt", "not TOML");
  const std::string config =
      folder_.write("agent.toml", "timezone = \"UTC\"\n[exceptions]\ndir = \"" + dir +
                                      "\"\n[[exception]]\nname = \"one\"\nrule = \"*\"\n" + why);
  const Ran good = run(kAgent, {"check", "-c", config});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_NE(good.out.find(" rules, 2 exceptions, 0 mistakes, 2 warnings\n"), std::string::npos)
      << good.out;
  EXPECT_NE(good.err.find("doorward-agent: warning: " + config +
                          ":4: exception one (o) has no condition"),
            std::string::npos)
      << good.err;
  EXPECT_NE(
      good.err.find("b.toml:1: exception two (o) is wholly covered by one (" + config + ":4)"),
      std::string::npos)
      << good.err;
  folder_.write("exceptions.d/c.toml", "[[exception]]\nname = \"three\"\n");
  const Ran bad = run(kAgent, {"check", "-c", config});
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.err.find("exceptions.d/c.toml:1: reason: expected a string"), std::string::npos)
      << bad.err;
  EXPECT_EQ(replay_demo({"-c", config}).status, 1)
      << "a mistake in an exception is not passed over";
}

TEST_F(ExceptionsRun, HostileSetFilesAreRefusedInSmallMemory) {
  const std::string toml =
      "[[exception]]\nname = \"x\"\nrule = \"rare_user\"\nsource.ip = \"@set\"\nreason = \"r\"\n"
      "owner = \"o\"\nexpires = 2099-01-01\n";
  const std::string file = folder_.write("ex.toml", toml);
  const auto check = [&] { return run(kAgent, {"check", "--exceptions", file}); };
  folder_.write("set", "198.51.100.1\n");
  const Ran small = check();
  EXPECT_EQ(small.status, 0) << small.err;
  std::filesystem::resize_file(folder_.write("set", ""), 100'000'000);
  const Ran large = check();
  EXPECT_EQ(large.status, 1);
  EXPECT_NE(large.err.find("ex.toml:4: source.ip: " + folder_.path("set") + ": larger than 4 MiB"),
            std::string::npos)
      << large.err;
  EXPECT_LT(large.peak_kib, small.peak_kib + 16 * 1024);
  std::string garbage(3'000'000, '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) {
    garbage[i] = static_cast<char>(i * 2654435761U >> 11);
  }
  folder_.write("set", garbage);
  const Ran noise = check();
  EXPECT_EQ(noise.status, 1);
  EXPECT_NE(noise.err.find("more lines like these"), std::string::npos);
  EXPECT_LT(lines_of(noise.err).size(), 20U);
  folder_.write("set", "10.0.0.0/8\n# fine\n");
  EXPECT_EQ(check().status, 0);
}

}  // namespace
}  // namespace doorward
