// A flood of alerts from outside: a hundred a quarter of an hour, and every other one accounted
// for.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
constexpr const char* kRule =
    "id = \"every_failure\"\nname = \"Every failure\"\ndescription = \"New among failures.\"\n"
    "detector = \"rare\"\nthreshold = 0\nseverity = \"critical\"\nrisk_score = 99\nsuppress_by = "
    "[\"user.name\"]\n[when]\n"
    "event.outcome = \"failure\"\n[rare]\npartition = \"fleet\"\nby = \"user.name\"\n";

std::size_t count_of(const std::vector<std::string>& lines, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

class Flood : public testing::Test {
 protected:
  Flood() {
    std::filesystem::create_directory(folder_.path("rules"));
    folder_.write("rules/every.toml", kRule);
    // 3,000 failures in ten minutes, 1,000 users three times each, and two later.
    std::string log;
    for (int i = 0; i <= 3'001; ++i) {
      const int second = i < 3'000 ? i / 5 : 3'000 + i;
      const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
      log += "2026-03-02T08:" + two(second / 60 % 60) + ":" + two(second % 60) +
             "+00:00 web-01 sshd[" + std::to_string(5'000 + i) + "]: Failed password for user" +
             std::to_string(i % 1'000) + " from 203.0.113." + std::to_string(i % 200) +
             " port 4711 ssh2\n";
    }
    log_ = folder_.write("auth.log", log);
  }
  Ran replay(const std::string& format) {
    return run(kAgent, {"replay", "--rules", folder_.path("rules"), "--format", format, log_});
  }
  TemporaryFolder folder_;
  std::string log_;
};

TEST_F(Flood, EveryFailureIsAnAlertAnUpdateOrInTheSummary) {
  const Ran ran = replay("ndjson");
  ASSERT_EQ(ran.status, 0) << ran.err;
  // What a rule held back may still be the news of another: those are apart.
  std::vector<std::string> lines;
  for (const std::string& line : lines_of(ran.out)) {
    if (line.find("\"rule\":{\"id\":\"every_failure\"") != std::string::npos) lines.push_back(line);
  }
  const std::size_t updates = count_of(lines, "\"update\":true");
  EXPECT_EQ(count_of(lines, "\"summary\":true"), 1U);
  EXPECT_EQ(count_of(lines, "\"kind\":\"alert\""), lines.size());
  std::uint64_t told = 0;
  for (const std::string& line : lines) {
    const std::size_t at = line.find("\"occurrences\":") + 14;
    // An update's number takes the place of its alert's.
    told += std::stoul(line.substr(at)) - (line.find("\"update\":true") != std::string::npos);
  }
  // The first failure has nothing to be new among.
  EXPECT_EQ(told, 3'001U);
  // And of the two that came later, one was alike to an alert of the hundred.
  EXPECT_EQ(lines.size() - updates - 1, 100U + 1U);
  EXPECT_NE(ran.err.find(" beyond 100 in a quarter of an hour, summed up in 1\n"),
            std::string::npos)
      << ran.err;
  EXPECT_EQ(replay("ndjson").out, ran.out);
}

TEST_F(Flood, APersonReadsTheSame) {
  const Ran ran = replay("text");
  const std::vector<std::string> lines = lines_of(ran.out);
  EXPECT_EQ(count_of(lines, "  SUMMARY       Every failure"), 1U);
  EXPECT_EQ(count_of(lines, " further alerts between 2026-03-02T08:00:"), 1U);
  EXPECT_GT(count_of(lines, "  MORE          Every failure"), 50U);
}

}  // namespace
}  // namespace doorward
