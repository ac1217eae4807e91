// Several files as one stream: rotations in any order, gzip, both kinds of log.
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
const std::string kRecorded = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/recorded/";

Ran normalize(const std::vector<std::string>& files) {
  std::vector<std::string> arguments = {"normalize", "--timezone", "UTC", "--year", "2026"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  return run(kAgent, arguments);
}

/// Lines of a document list that hold a text.
std::size_t count(const std::string& documents, const std::string& text) {
  std::size_t found = 0;
  for (const std::string& line : lines_of(documents)) {
    found += line.find(text) != std::string::npos ? 1 : 0;
  }
  return found;
}

TEST(Normalize, RotatedPartsInAnyOrderAreTheWholeLog) {
  const TemporaryFolder folder;
  const std::string whole = read_file(kRecorded + "auth-rfc3339.log");
  // Cut in the middle of connections, on purpose.
  const std::size_t first = whole.find('\n', whole.size() / 3) + 1;
  const std::size_t second = whole.find('\n', whole.size() * 2 / 3) + 1;
  const std::string oldest = folder.path("auth.log.2.gz");
  gzFile out = gzopen(oldest.c_str(), "wb");
  gzwrite(out, whole.data(), static_cast<unsigned>(first));
  gzclose(out);
  const std::string middle = folder.write("auth.log.1", whole.substr(first, second - first));
  const std::string newest = folder.write("auth.log", whole.substr(second));
  const Ran parts = normalize({newest, oldest, middle});
  const Ran one = normalize({kRecorded + "auth-rfc3339.log"});
  ASSERT_EQ(parts.status, 0) << parts.err;
  EXPECT_EQ(parts.out, one.out);
  EXPECT_GT(lines_of(one.out).size(), 150U);
}

TEST(Normalize, TheTruthThreeTimesOver) {
  const std::string truth = read_file(kRecorded + "truth.ndjson");
  std::size_t auth = 0;
  std::size_t audit = 0;
  std::size_t either = 0;
  for (const std::string& line : lines_of(truth)) {
    const std::size_t visible = line.find("\"visible\":[");
    const std::string logs = line.substr(visible, line.find(']', visible) - visible);
    const bool in_auth = logs.find("auth\"") != std::string::npos;
    const bool in_audit = logs.find("audit\"") != std::string::npos;
    auth += in_auth ? 1 : 0;
    audit += in_audit ? 1 : 0;
    either += in_auth || in_audit ? 1 : 0;
  }
  const std::string auth_log = kRecorded + "auth.log";
  const std::string audit_log = kRecorded + "audit.log";
  EXPECT_EQ(lines_of(normalize({auth_log}).out).size(), auth);
  EXPECT_EQ(lines_of(normalize({audit_log}).out).size(), audit);
  const Ran both = normalize({audit_log, auth_log});
  EXPECT_EQ(lines_of(both.out).size(), either);
  EXPECT_GT(count(both.out, "\"sources\":[\"authlog\",\"auditd\"]"), either * 9 / 10);
}

TEST(Normalize, ReadsStandardInputAndSaysNothingOnStderrWhenQuiet) {
  const Ran ran = run(kAgent, {"normalize", "-q", "--timezone", "UTC", "--year", "2026", "-"},
                      kRecorded + "auth.log");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, normalize({kRecorded + "auth.log"}).out);
  EXPECT_TRUE(ran.err.empty()) << ran.err;
}

TEST(Normalize, GivesEventsInOrderOfTime) {
  const Ran both = normalize({kRecorded + "audit.log", kRecorded + "auth-rfc3339.log"});
  std::string before;
  for (const std::string& line : lines_of(both.out)) {
    const std::string time = line.substr(line.find("20"), 27);
    EXPECT_GE(time, before);
    before = time;
  }
}

TEST(Normalize, TakesTheHostOfLogsThatTellNone) {
  const Ran named = run(kAgent, {"normalize", "-q", "--host", "db-04", kRecorded + "audit.log"});
  EXPECT_EQ(count(named.out, "\"host\":{\"name\":\"db-04\"}"), lines_of(named.out).size());
}

}  // namespace
}  // namespace doorward
