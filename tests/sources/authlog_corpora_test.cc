// Real logs of others, where they are at hand: values agree with what their origin expects of them.
#include <gtest/gtest.h>

#include <set>

#include "tests/sources/authlog_feeder.h"
#include "tests/support/files.h"
#include "tests/support/json.h"

namespace doorward::testing_authlog {
namespace {

std::string corpus(const std::string& name) {
  return read_file(DOORWARD_SHARED_DIR "/corpora/authlog/" + name);
}

#define SKIP_WITHOUT(text)                                                                      \
  if ((text).empty()) {                                                                         \
    GTEST_SKIP() << "the corpora are not in " DOORWARD_SHARED_DIR "/corpora: nothing compared"; \
  }

Feeder read_all(const std::string& text, int year = 2017) {
  Feeder feeder(year);
  for (const std::string_view line : lines_of(text)) feeder.feed(line);
  feeder.finish();
  return feeder;
}

/// Compares the events with the expected documents that tell an outcome of sshd, and the names of
/// sudo's. Documents and events meet by the line they come from.
void compare(const std::string& name, std::size_t expected_documents) {
  const std::string text = corpus(name);
  SKIP_WITHOUT(text);
  const Feeder feeder = read_all(text);
  EXPECT_EQ(feeder.counters().malformed, 0U);
  EXPECT_EQ(feeder.counters().no_stamp, 0U);
  std::multimap<std::string, Seen> events;
  for (const Seen& event : feeder.events) events.emplace(event.original, event);

  const std::string expected = corpus(name + "-expected.json");
  std::size_t compared = 0;
  for (JsonRow& row : JsonReader(expected).objects()) {
    const bool ssh = row["event.action"] == "ssh_login" && !row["event.outcome"].empty();
    const bool sudo = row["process.name"] == "sudo" && !row["system.auth.sudo.command"].empty();
    if (!ssh && !sudo) continue;
    const std::size_t offset = std::stoul(row["log.offset"]);
    const std::string line = text.substr(offset, text.find('\n', offset) - offset);
    const auto found = events.find(line.substr(0, 1024));
    ASSERT_NE(found, events.end()) << line;
    const Seen event = found->second;
    events.erase(found);
    ++compared;
    EXPECT_EQ(event.user, row["user.name"]) << line;
    EXPECT_EQ(event.effective, row["user.effective.name"]) << line;
    EXPECT_EQ(event.host, row["host.hostname"]) << line;
    EXPECT_EQ(event.process, row["process.name"]) << line;
    EXPECT_EQ(event.ip, row["source.ip"]) << line;
    EXPECT_EQ(event.address, row["source.address"]) << line;
    EXPECT_EQ(event.port == 0 ? "" : std::to_string(event.port), row["source.port"]) << line;
    EXPECT_EQ(event.pid == 0 ? "" : std::to_string(event.pid), row["process.pid"]) << line;
    EXPECT_EQ(event.dataset, row["event.dataset"]) << line;
    if (ssh) {
      EXPECT_EQ(outcome_name(event.outcome), row["event.outcome"]) << line;
      EXPECT_EQ(event.method, row["system.auth.ssh.method"]) << line;
    }
    if (!event.key.empty()) {
      EXPECT_TRUE(row["system.auth.ssh.signature"].ends_with(event.key)) << line;
    }
  }
  EXPECT_EQ(compared, expected_documents);
}

TEST(AuthlogCorpora, FilebeatTestLog) {
  compare("test.log", 7);
}
TEST(AuthlogCorpora, FilebeatUbuntu1204) {
  compare("auth-ubuntu1204.log", 25);
}
TEST(AuthlogCorpora, FilebeatRhel7) {
  compare("secure-rhel7.log", 35);
}

std::size_t count(const Feeder& feeder, std::string_view action, Outcome outcome) {
  return static_cast<std::size_t>(std::count_if(
      feeder.events.begin(), feeder.events.end(),
      [&](const Seen& event) { return event.action == action && event.outcome == outcome; }));
}

// 226 successes as its README says. Its 717 failures are lines: 632 Failed and 85 "message
// repeated" of Failed. The repeated ones stand for 410 tries, so 1,042 were told by Failed lines;
// 86 unknown names left without a Failed line. Both ways the failures come from 130 addresses.
TEST(AuthlogCorpora, ElasticExamples) {
  const std::string text = corpus("elastic-examples-auth.log");
  SKIP_WITHOUT(text);
  const Feeder feeder = read_all(text);
  EXPECT_EQ(feeder.counters().lines, 7121U);
  EXPECT_EQ(feeder.counters().malformed, 0U);
  EXPECT_EQ(feeder.counters().no_stamp, 0U);
  EXPECT_EQ(count(feeder, "ssh_login", Outcome::success), 226U);
  EXPECT_EQ(count(feeder, "ssh_login", Outcome::failure), 1042U + 86U);
  EXPECT_EQ(count(feeder, "sudo", Outcome::success), 186U);
  EXPECT_EQ(count(feeder, "su", Outcome::success), 9U);
  EXPECT_EQ(feeder.events.size(), 226U + 1128U + 186U + 9U);
  std::set<std::string> users, from, attackers, lines;
  std::size_t invalid = 0;
  for (const Seen& event : feeder.events) {
    if (event.action != "ssh_login") continue;
    if (event.outcome == Outcome::success) {
      users.insert(event.user);
      from.insert(event.address);
    } else {
      attackers.insert(event.address);
      if (event.method.empty()) ++invalid;
    }
  }
  EXPECT_EQ(users.size(), 11U);
  EXPECT_EQ(from.size(), 4U);
  EXPECT_EQ(attackers.size(), 130U);
  EXPECT_EQ(invalid, 86U);
}

TEST(AuthlogCorpora, LoghubOpenssh) {
  const std::string text = corpus("loghub-openssh-2k.log");
  SKIP_WITHOUT(text);
  const Feeder feeder = read_all(text);
  EXPECT_EQ(feeder.counters().malformed, 0U);
  EXPECT_EQ(count(feeder, "ssh_login", Outcome::success), 1U);
  // 517 Failed lines but Failed none, 2 of them repeated 5 times more, and what was only invalid.
  EXPECT_GE(count(feeder, "ssh_login", Outcome::failure), 527U);
}

}  // namespace
}  // namespace doorward::testing_authlog
