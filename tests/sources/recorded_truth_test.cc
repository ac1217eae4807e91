// The comparison with the recorded truth sees what is missing, doubled, extra or not as it was.
#include "tests/sources/recorded_truth.h"

#include <gtest/gtest.h>

#include <functional>

namespace doorward {
extern const SourcePlugin kSourceAuthlog;
extern const SourcePlugin kSourceAuditd;

namespace recorded {
namespace {

using Lines = std::vector<std::string>;

constexpr Clock kClock{.early = 20'000, .late = 20'000};

std::vector<Told> told_by(const SourcePlugin& plugin, const Lines& lines) {
  return telling::run(plugin, lines, kHost, kYear).events;
}

/// Where one line after another is changed: the differences that each change makes.
class AuthLines : public testing::Test {
 protected:
  using Change = std::function<void(Lines&, std::size_t)>;

  void expect_seen(std::string_view marker, const Change& change, std::size_t differing) {
    std::size_t changed = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find(marker) == std::string::npos) continue;
      Lines others = lines;
      change(others, i);
      const Lines seen = differences(truth, told_by(kSourceAuthlog, others), kClock);
      EXPECT_EQ(seen.size(), differing) << lines[i] << "\n" << testing::PrintToString(seen);
      ++changed;
    }
    EXPECT_GT(changed, 3U) << marker;
  }
  static void remove(Lines& all, std::size_t i) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
  }
  static void twice(Lines& all, std::size_t i) {
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(i), std::string(all[i]));
  }
  static Change replace(const std::string& from, const std::string& to) {
    return [from, to](Lines& all, std::size_t i) {
      const std::size_t at = all[i].find(from);
      if (at != std::string::npos) all[i].replace(at, from.size(), to);
    };
  }

  const Lines lines = telling::read_lines(kFolder + "auth-rfc3339.log");
  const std::vector<Attempt> truth = read_truth("truth.ndjson", Logs::authlog);
};

TEST_F(AuthLines, AsRecorded) {
  EXPECT_EQ(differences(truth, told_by(kSourceAuthlog, lines), kClock), Lines());
}
TEST_F(AuthLines, Removed) {
  expect_seen(": Accepted ", remove, 1);
  expect_seen(": Failed password for root", remove, 1);
}
TEST_F(AuthLines, Doubled) {
  expect_seen(": Accepted ", twice, 1);
  expect_seen(": Failed password for ", twice, 1);
}
TEST_F(AuthLines, Altered) {
  expect_seen(": Accepted ", replace("Accepted", "Failed"), 2);
  expect_seen(": Failed password for ", replace("Failed password", "Failed publickey"), 2);
  expect_seen(": Accepted ", replace("bastion-01", "bastion-02"), 2);
}

/// Every event taken away, doubled or altered, one at a time, in each of the logs.
void expect_each_seen(const SourcePlugin& plugin, const std::string& log, Logs logs) {
  const std::vector<Attempt> truth = read_truth("truth.ndjson", logs);
  const std::vector<Told> all = told_by(plugin, telling::read_lines(kFolder + log));
  ASSERT_EQ(differences(truth, all, kClock), Lines());
  ASSERT_GT(all.size(), 100U);
  const auto count = [&](std::size_t i, const auto& change) {
    std::vector<Told> events = all;
    change(events, i);
    return differences(truth, events, kClock).size();
  };
  const auto altering = [](const auto& alter) {
    return [alter](std::vector<Told>& events, std::size_t i) { alter(events[i]); };
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(all[i].brief());
    EXPECT_EQ(count(i,
                    [](std::vector<Told>& events, std::size_t at) {
                      events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
                    }),
              1U);
    EXPECT_EQ(count(i, [](std::vector<Told>& events,
                          std::size_t at) { events.push_back(Told(events[at])); }),
              1U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.user += "x"; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.action += "x"; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.outcome = Outcome::unknown; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.ip = *IpAddress::parse("10.1.1.1"); })),
              2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.method += "x"; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.key += "x"; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) {
                      event.account = event.account.empty() ? kInvalidAccount : "";
                    })),
              2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.host = "other"; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.time += 60 * kSecondUs; })), 2U);
    EXPECT_EQ(count(i, altering([](Told& event) { event.logs = Logs::journald; })), 2U);
  }
}

TEST(RecordedTruth, EveryEventOfAuthLogCounts) {
  expect_each_seen(kSourceAuthlog, "auth-rfc3339.log", Logs::authlog);
}
TEST(RecordedTruth, EveryEventOfAuditLogCounts) {
  expect_each_seen(kSourceAuditd, "audit.log", Logs::auditd);
}

/// The event that fits either of two attempts leaves that to the other event which is its only one.
TEST(RecordedTruth, ChoosesSoThatAllMatch) {
  std::vector<Attempt> attempts(2);
  for (Attempt& attempt : attempts) {
    attempt.action = "su";
    attempt.outcome = "success";
    attempt.visible = attempt.named = Logs::auditd;
    attempt.after = 0;
  }
  attempts[0].before = 10;
  attempts[1].before = 20;
  std::vector<Told> events(2);
  for (Told& event : events) {
    event.action = "su";
    event.outcome = Outcome::success;
    event.logs = Logs::auditd;
    event.time = 5;
  }
  EXPECT_EQ(differences(attempts, events, {}), Lines());
  events[1].time = 20;
  EXPECT_EQ(differences(attempts, events, {}), Lines());
  events[0].time = 15;
  EXPECT_EQ(differences(attempts, events, {}).size(), 2U);
}

}  // namespace
}  // namespace recorded
}  // namespace doorward
