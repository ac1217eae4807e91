// Twins: what two logs tell of one attempt becomes one event, and nothing else does.
#include "agent/twin_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace doorward {
namespace {

struct Seen {
  TimeUs time;
  Told told;
  Outcome outcome;
  std::uint32_t pid;
  std::uint16_t port;
  std::string user, method, key, original, target, host;
};

class Collector final : public EventSink {
 public:
  void on_event(const Event& event) override {
    events.push_back(
        {event.time, event.told, event.outcome, event.pid, event.port,
         std::string(event[Field::user_name]), std::string(event[Field::method]),
         std::string(event[Field::key_fingerprint]), std::string(event[Field::original]),
         std::string(event[Field::user_effective_name]), std::string(event[Field::host_name])});
  }
  std::vector<Seen> events;
};

constexpr Told kBoth = Told::authlog | Told::auditd;

Event ssh(Told told, double seconds, Outcome outcome = Outcome::failure, std::uint32_t pid = 900,
          std::string_view user = "alice", std::string_view ip = "192.0.2.7") {
  Event event;
  event.time = 1'700'000'000 * kSecondUs + static_cast<TimeUs>(seconds * 1e6);
  event.told = told;
  event.outcome = outcome;
  event.pid = pid;
  event[Field::user_name] = user;
  event[Field::event_action] = "ssh_login";
  event[Field::process_name] = "sshd";
  event[Field::host_name] = "web-1";
  event[Field::source_address] = ip;
  if (const auto address = IpAddress::parse(ip)) event.ip = *address;
  return event;
}
Event sudo(Told told, double seconds, std::string_view user = "alice",
           std::string_view target = "root") {
  Event event = ssh(told, seconds, Outcome::success, told == Told::auditd ? 44 : 0, user, "");
  event[Field::event_action] = "sudo";
  event[Field::user_effective_name] = target;
  return event;
}

class TwinMergeTest : public testing::Test {
 protected:
  TwinMergeTest() : merge(sink) { merge.expect(kBoth); }
  /// All events, the clock following them, then the end.
  std::vector<Seen>& run(std::vector<Event> events) {
    for (const Event& event : events) {
      merge.on_event(event);
      merge.advance(event.time);
    }
    merge.finish();
    return sink.events;
  }
  Collector sink;
  TwinMerge merge;
};

TEST_F(TwinMergeTest, OneEventOutOfTwo) {
  Event log = ssh(Told::authlog, 10, Outcome::success);
  log[Field::method] = "publickey";
  log[Field::key_fingerprint] = "SHA256:x";
  log[Field::original] = "Accepted publickey";
  log.port = 4711;
  Event audit = ssh(Told::auditd, 10.459, Outcome::success);
  audit[Field::original] = "type=USER_START";
  for (const bool audit_first : {false, true}) {
    sink.events.clear();
    auto& seen = run(audit_first ? std::vector{audit, log} : std::vector{log, audit});
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].told, kBoth);
    EXPECT_EQ(seen[0].time, log.time);  // the earlier
    EXPECT_EQ(seen[0].method, "publickey");
    EXPECT_EQ(seen[0].key, "SHA256:x");
    EXPECT_EQ(seen[0].port, 4711);
    EXPECT_EQ(seen[0].original, "Accepted publickey");
  }
  EXPECT_EQ(merge.merged(), 2U);
  EXPECT_EQ(merge.late(), 0U);
}

TEST_F(TwinMergeTest, EachIsMergedOnce) {
  std::vector<Event> events;
  for (int i = 0; i < 3; ++i) {
    events.push_back(ssh(Told::auditd, i));
    events.push_back(ssh(Told::authlog, i + 0.5));
  }
  EXPECT_EQ(run(events).size(), 3U);
  sink.events.clear();
  EXPECT_EQ(run({ssh(Told::authlog, 100), ssh(Told::authlog, 101), ssh(Told::authlog, 102)}).size(),
            3U);
  sink.events.clear();
  EXPECT_EQ(run({ssh(Told::authlog, 200), ssh(Told::authlog, 201), ssh(Told::auditd, 201)}).size(),
            2U);
}

TEST_F(TwinMergeTest, WhatMustAgree) {
  const Event log = ssh(Told::authlog, 10);
  const auto alone = [&](const Event& other) {
    Collector collector;
    TwinMerge fresh(collector);
    fresh.expect(kBoth);
    fresh.on_event(log);
    fresh.on_event(other);
    fresh.finish();
    return collector.events.size() == 2;
  };
  EXPECT_FALSE(alone(ssh(Told::auditd, 10)));
  EXPECT_FALSE(alone(ssh(Told::auditd, 20)));
  EXPECT_TRUE(alone(ssh(Told::auditd, 20.000001)));
  EXPECT_TRUE(alone(ssh(Told::auditd, 10, Outcome::success)));
  EXPECT_TRUE(alone(ssh(Told::auditd, 10, Outcome::failure, 901)));
  EXPECT_TRUE(alone(ssh(Told::auditd, 10, Outcome::failure, 900, "bob")));
  EXPECT_TRUE(alone(ssh(Told::auditd, 10, Outcome::failure, 900, "alice", "192.0.2.8")));
  EXPECT_TRUE(alone(ssh(Told::authlog, 10)));
  Event other = ssh(Told::auditd, 10);
  other[Field::event_action] = "su";
  EXPECT_TRUE(alone(other));
  other = ssh(Told::auditd, 10);
  other[Field::host_name] = "web-2";
  EXPECT_TRUE(alone(other));
  // What one lacks agrees with anything.
  other[Field::host_name] = "";
  EXPECT_FALSE(alone(other));
  other[Field::host_name] = "web-1.example.com";
  EXPECT_FALSE(alone(other));
  EXPECT_FALSE(alone(ssh(Told::auditd, 10, Outcome::failure, 900, "alice", "")));
  EXPECT_FALSE(alone(ssh(Told::auditd, 10, Outcome::failure, 900, "alice", "::ffff:192.0.2.7")));
  EXPECT_FALSE(alone(ssh(Told::auditd, 10, Outcome::failure, 900, "")));
  EXPECT_FALSE(alone(ssh(Told::auditd, 10, Outcome::failure, 900, "1000")));  // a uid
  EXPECT_FALSE(alone(ssh(Told::auditd, 10, Outcome::failure, 0)));
}

TEST_F(TwinMergeTest, NamesThatLogsWriteDifferently) {
  const auto merges = [](std::string_view in_log, std::string_view in_audit) {
    Collector collector;
    TwinMerge fresh(collector);
    fresh.expect(kBoth);
    fresh.on_event(ssh(Told::authlog, 10, Outcome::failure, 900, in_log));
    fresh.on_event(ssh(Told::auditd, 10, Outcome::failure, 900, in_audit));
    fresh.finish();
    return collector.events.size() == 1 && collector.events[0].user == in_log;
  };
  EXPECT_TRUE(merges("two\\nlines", "two\nlines"));
  EXPECT_TRUE(merges("j\\303\\274rgen", "j\xC3\xBCrgen"));
  EXPECT_TRUE(merges(std::string(100, 'A'), std::string(32, 'A')));
  EXPECT_FALSE(merges(std::string(100, 'A'), std::string(31, 'A')));
  EXPECT_FALSE(merges("oracle", "oracle2"));
}

TEST_F(TwinMergeTest, SudoHasNoPidInTheLog) {
  EXPECT_EQ(run({sudo(Told::authlog, 1), sudo(Told::auditd, 1.2), sudo(Told::auditd, 2),
                 sudo(Told::authlog, 2)})
                .size(),
            2U);
  EXPECT_EQ(sink.events[0].pid, 44U);
  sink.events.clear();
  EXPECT_EQ(run({sudo(Told::authlog, 50), sudo(Told::auditd, 50, "bob"),
                 sudo(Told::auditd, 50, "alice", "bob")})
                .size(),
            3U);
}

/// What is told by one log alone waits, and leaves in order of time.
TEST_F(TwinMergeTest, OrderOfEventTime) {
  merge.on_event(ssh(Told::authlog, 5, Outcome::failure, 1));
  merge.on_event(ssh(Told::authlog, 3, Outcome::failure, 2));
  merge.on_event(ssh(Told::auditd, 4, Outcome::failure, 3));
  merge.on_event(ssh(Told::auditd, 1, Outcome::failure, 4));
  const TimeUs base = ssh(Told::authlog, 0).time;
  merge.advance(base + 11 * kSecondUs);
  EXPECT_TRUE(sink.events.empty());
  merge.advance(base + 13 * kSecondUs + 1);
  ASSERT_EQ(sink.events.size(), 2U);
  EXPECT_EQ(sink.events[0].pid, 4U);
  EXPECT_EQ(sink.events[1].pid, 2U);
  merge.finish();
  EXPECT_EQ(sink.events.size(), 4U);
}

/// What both have told of is complete, and leaves in the call that made it so.
TEST_F(TwinMergeTest, TwinsLeaveAtOnce) {
  merge.on_event(ssh(Told::authlog, 3, Outcome::failure, 2));
  merge.on_event(ssh(Told::authlog, 5, Outcome::failure, 1));
  merge.on_event(ssh(Told::auditd, 1, Outcome::failure, 1));
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(sink.events[0].pid, 1U);
  EXPECT_EQ(sink.events[0].told, kBoth);
  EXPECT_EQ(sink.events[0].time, ssh(Told::auditd, 1).time);
  // It is gone, and has left nothing that a further one could be taken for the double of.
  merge.on_event(ssh(Told::authlog, 6, Outcome::failure, 1));
  EXPECT_EQ(sink.events.size(), 1U);
  merge.finish();
  ASSERT_EQ(sink.events.size(), 3U);
  EXPECT_EQ(sink.events[1].pid, 2U);
  EXPECT_EQ(merge.merged(), 1U);
}

/// Guessing that only one log tells of is seen before the success that ends it.
TEST_F(TwinMergeTest, GuessingLeavesBeforeItsSuccess) {
  for (const std::size_t guesses : {4U, 5U}) {
    Collector collector;
    TwinMerge fresh(collector);
    fresh.expect(kBoth);
    for (std::size_t i = 0; i < guesses; ++i) {
      const auto pid = static_cast<std::uint32_t>(100 + i);
      fresh.on_event(ssh(Told::auditd, 3.5 - static_cast<double>(i) / 2, Outcome::failure, pid));
    }
    fresh.on_event(ssh(Told::auditd, 3, Outcome::failure, 50, "bob", "192.0.2.99"));
    fresh.on_event(ssh(Told::auditd, 4.1, Outcome::failure, 51));  // after it
    fresh.on_event(ssh(Told::authlog, 3, Outcome::success, 60));   // auth.log's seconds are cut
    fresh.on_event(ssh(Told::auditd, 4, Outcome::success, 60));
    const std::size_t before = guesses == 5 ? 5 : 0;
    ASSERT_EQ(collector.events.size(), before + 1);
    for (std::size_t i = 0; i < before; ++i) EXPECT_EQ(collector.events[i].pid, 104 - i);
    EXPECT_EQ(collector.events.back().pid, 60U);
    // Their twins are late, and no further events.
    for (std::size_t i = 0; i < guesses; ++i) {
      fresh.on_event(ssh(Told::authlog, 5, Outcome::failure, static_cast<std::uint32_t>(100 + i)));
    }
    EXPECT_EQ(fresh.late(), before);
    fresh.finish();
    EXPECT_EQ(collector.events.size(), guesses + 3);
  }
}

/// A failure that is told when its process closes, two minutes later.
TEST_F(TwinMergeTest, LateTwinsAreSwallowedOnce) {
  const TimeUs base = ssh(Told::authlog, 0).time;
  merge.on_event(ssh(Told::authlog, 1, Outcome::failure, 900, "ghost"));
  merge.on_event(ssh(Told::authlog, 2, Outcome::failure, 901, "ghost"));
  merge.advance(base + 125 * kSecondUs);
  EXPECT_EQ(sink.events.size(), 2U);
  merge.on_event(ssh(Told::auditd, 1, Outcome::failure, 900, ""));
  EXPECT_EQ(merge.late(), 1U);
  merge.on_event(
      ssh(Told::auditd, 1, Outcome::failure, 900, ""));  // another attempt of that process
  merge.on_event(ssh(Told::auditd, 2, Outcome::failure, 950, "ghost"));
  merge.finish();
  EXPECT_EQ(sink.events.size(), 4U);
  EXPECT_EQ(merge.late(), 1U);
  EXPECT_EQ(merge.merged(), 1U);
}

/// "message repeated 5 times": the line has the time of the last, and audit's first has gone on
/// alone.
TEST_F(TwinMergeTest, RepeatedLinesStandForATimeBefore) {
  std::vector<Event> events;
  for (double second : {0.0, 4.0, 8.0, 12.0, 14.0}) events.push_back(ssh(Told::auditd, second));
  for (int i = 0; i < 5; ++i) events.push_back(ssh(Told::authlog, 15));
  EXPECT_EQ(run(events).size(), 5U);
  EXPECT_EQ(merge.merged(), 5U);
  EXPECT_EQ(merge.late(), 2U);
  // One of its own, at one time, is not such a line.
  sink.events.clear();
  EXPECT_EQ(run({ssh(Told::auditd, 100), ssh(Told::auditd, 113), ssh(Told::authlog, 115),
                 ssh(Told::authlog, 116)})
                .size(),
            3U);
}

TEST_F(TwinMergeTest, HiddenNamesAreTakenFromAudit) {
  auto& seen = run({ssh(Told::authlog, 1, Outcome::failure, 900, "UNKNOWN"),
                    ssh(Told::auditd, 1, Outcome::failure, 900, "nosuch")});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].user, "nosuch");
}

TEST_F(TwinMergeTest, OneLogPassesThrough) {
  for (const Told told :
       {Told::auditd, Told::authlog, Told::none, Told::auditd | Told::cloudtrail}) {
    Collector collector;
    TwinMerge fresh(collector);
    fresh.expect(told);
    fresh.on_event(ssh(Told::auditd, 1));
    EXPECT_EQ(collector.events.size(), 1U);
  }
  merge.on_event(ssh(Told::auditd, 1));
  EXPECT_TRUE(sink.events.empty());
  merge.expect(Told::auditd);  // the other log is gone
  EXPECT_EQ(sink.events.size(), 1U);
}

TEST_F(TwinMergeTest, ThreeLogs) {
  merge.expect(kBoth | Told::journald);
  auto& seen = run({ssh(Told::authlog, 1), ssh(Told::journald, 1), ssh(Told::auditd, 1.5)});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].told, kBoth | Told::journald);
}

TEST_F(TwinMergeTest, OldestGoesOnAtTheLimit) {
  for (std::size_t i = 0; i < kHeldEventsMax + 5; ++i) {
    merge.on_event(ssh(Told::authlog, 1, Outcome::failure, static_cast<std::uint32_t>(i + 1)));
  }
  EXPECT_EQ(sink.events.size(), 5U);
  EXPECT_EQ(merge.pushed_out(), 5U);
  merge.on_event(ssh(Told::auditd, 1, Outcome::failure, 1));  // its twin has gone on
  EXPECT_EQ(merge.late(), 1U);
  merge.finish();
  EXPECT_EQ(sink.events.size(), kHeldEventsMax + 5);
}

TEST_F(TwinMergeTest, ClockSetBack) {
  merge.on_event(ssh(Told::authlog, 100'000));
  merge.advance(ssh(Told::authlog, 100'000).time);
  merge.advance(ssh(Told::authlog, 5).time);
  EXPECT_EQ(sink.events.size(), 1U);  // from the time before the step
  merge.on_event(ssh(Told::authlog, 5));
  merge.on_event(ssh(Told::auditd, 6));
  merge.advance(ssh(Told::authlog, 20).time);
  EXPECT_EQ(sink.events.size(), 2U);
}

/// Attempts of which each log tells with some delay and loss: as many events as attempts, in order.
TEST_F(TwinMergeTest, NeverLostNeverDoubled) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    Collector collector;
    TwinMerge fresh(collector);
    fresh.expect(kBoth);
    std::mt19937 random(seed);
    struct Arrival {
      TimeUs at;
      Event event;
    };
    std::vector<Arrival> arrivals;
    constexpr std::size_t kAttempts = 2000;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kAttempts; ++i)
      names.push_back("user" + std::to_string(random() % 40));
    double time = 0;
    for (std::size_t i = 0; i < kAttempts; ++i) {
      time += static_cast<double>(random() % 1000) / 1000;
      const auto pid = static_cast<std::uint32_t>(1000 + i % 1500);
      const bool in_log = random() % 10 != 0;
      const bool in_audit = !in_log || random() % 10 != 0;
      const auto outcome = random() % 2 == 0 ? Outcome::failure : Outcome::success;
      const bool late = random() % 20 == 0;
      const auto add = [&](Told told, double shift) {
        Event event = ssh(told, time + shift, outcome, pid, names[i]);
        const TimeUs delay =
            static_cast<TimeUs>(late && told == Told::auditd ? 100 : 0) * kSecondUs;
        arrivals.push_back({event.time + delay + static_cast<TimeUs>(random() % 1'000'000), event});
      };
      if (in_log) add(Told::authlog, static_cast<double>(random() % 3000) / 1000);
      if (in_audit) add(Told::auditd, 0);
    }
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
    for (const Arrival& arrival : arrivals) {
      fresh.on_event(arrival.event);
      fresh.advance(arrival.at);
    }
    fresh.finish();
    EXPECT_EQ(collector.events.size(), kAttempts) << "seed " << seed;
    EXPECT_EQ(fresh.merged(), arrivals.size() - kAttempts);
  }
}

}  // namespace
}  // namespace doorward
