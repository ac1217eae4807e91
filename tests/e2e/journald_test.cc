// What journalctl wrote, by name and found out.
#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace doorward {
namespace {

constexpr const char* kAgent = DOORWARD_AGENT;
const std::string kJournal =
    std::string(DOORWARD_SOURCE_DIR) + "/tests/data/recorded/journal.ndjson";

TEST(Journald, SourceIsFoundOut) {
  const Ran named = run(kAgent, {"normalize", "--source", "journald", kJournal});
  const Ran found = run(kAgent, {"normalize", kJournal});
  ASSERT_EQ(named.status, 0) << named.err;
  EXPECT_EQ(found.status, 0);
  EXPECT_EQ(found.out, named.out);
  EXPECT_EQ(lines_of(found.out).size(), 147U);
  EXPECT_NE(found.err.find("events    58 success, 89 failure"), std::string::npos) << found.err;
  EXPECT_NE(found.err.find("21 forged or of an unknown sender"), std::string::npos) << found.err;
  EXPECT_NE(found.out.find(R"("sources":["journald"])"), std::string::npos);
}

TEST(Journald, Replays) {
  const Ran replayed = run(kAgent, {"replay", "--source", "journald", kJournal});
  EXPECT_EQ(replayed.status, 0) << replayed.err;
  EXPECT_NE(replayed.err.find("events    58 success, 89 failure"), std::string::npos)
      << replayed.err;
}

TEST(Journald, PrettyPrintedAndConcatenatedAreTheSame) {
  const TemporaryFolder folder;
  std::string spread = read_file(kJournal);
  std::string joined;
  for (const char c : spread) {
    if (c != '\n') joined += c;
  }
  const Ran one = run(kAgent, {"normalize", kJournal});
  const Ran other = run(kAgent, {"normalize", folder.write("journal.json", joined)});
  EXPECT_EQ(other.out, one.out);
}

}  // namespace
}  // namespace doorward
