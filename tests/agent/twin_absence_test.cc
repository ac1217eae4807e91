// Logons that only the authentication log tells of: forged where the audit log should have told
// too, and nothing of note where it could not.
#include "agent/twin_absence.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/twin_merge.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

constexpr TimeUs kStart = 1'790'000'000 * kSecondUs;

TimeUs at(double seconds) {
  return kStart + static_cast<TimeUs>(seconds * 1e6);
}

struct Seen {
  TimeUs time = 0;
  Told told = Told::none;
  std::string user, twin;
};

class Collector final : public EventSink {
 public:
  void on_event(const Event& event) override {
    events.push_back({event.time, event.told, std::string(event[Field::user_name]),
                      std::string(event[Field::twin])});
  }
  [[nodiscard]] std::vector<std::string> missing() const {
    std::vector<std::string> users;
    for (const Seen& seen : events) {
      if (!seen.twin.empty()) users.push_back(seen.user);
    }
    return users;
  }
  std::vector<Seen> events;
};

using Users = std::vector<std::string>;

/// One host (or several), its logs and a clock.
class Host {
 public:
  Host() { merge.expect(Told::authlog | Told::auditd); }

  Event event(Told told, double seconds, std::string_view user, Outcome outcome) const {
    Event out;
    out.time = at(seconds);
    out.told = told;
    out.outcome = outcome;
    out.pid = pid;
    out[Field::user_name] = user;
    out[Field::host_name] = name;
    out[Field::process_name] = program;
    out[Field::event_action] = program == "sshd" ? std::string_view("ssh_login") : program;
    out[Field::original] = told == Told::auditd ? std::string_view(audit_line) : original;
    return out;
  }
  void line(double seconds, std::string_view user, Outcome outcome = Outcome::success) {
    merge.on_event(event(Told::authlog, seconds, user, outcome));
    merge.advance(at(seconds));
  }
  /// A record that is no logon.
  void record(double seconds) {
    merge.heard_audit(audit_line, at(seconds));
    merge.advance(at(seconds));
  }
  /// A record of a logon.
  void audit(double seconds, std::string_view user) {
    merge.on_event(event(Told::auditd, seconds, user, Outcome::success));
    record(seconds);
  }
  /// An honest logon.
  void logon(double seconds, std::string_view user) {
    ++pid;
    line(seconds, user);
    audit(seconds + 0.3, user);
  }
  /// Records every `every` seconds in [from, to].
  void records(double from, double to, double every) {
    for (double now = from; now <= to; now += every) record(now);
  }

  std::string_view name = "web-1";
  std::string_view program = "sshd";
  std::string_view original = "sudo: alice : PWD=/ ; USER=root ; COMMAND=/bin/ls";
  std::string audit_line = "type=USER_START msg=audit(1790000000.000:1): ...";
  std::uint32_t pid = 100;
  Collector sink;
  TwinMerge merge{sink};
};

TEST(TwinAbsence, AForgedLine) {
  Host host;
  host.logon(0, "alice");
  host.records(1, 60, 3);
  host.line(61, "forged");
  host.records(62, 70, 3);
  EXPECT_EQ(host.sink.missing(), Users());  // its record may still come
  host.records(71, 90, 3);
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
  host.logon(100, "bob");
  host.records(101, 130, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
  EXPECT_EQ(host.sink.events.size(), 3U);
}

TEST(TwinAbsence, FailuresAreNotJudged) {
  Host host;
  host.logon(0, "alice");
  host.records(1, 60, 3);
  host.line(61, "forged", Outcome::failure);
  host.records(62, 90, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users());
}

TEST(TwinAbsence, OnlyWhereTheAuditLogHasToldOfSuch) {
  for (const int what : {0, 1, 2, 3}) {
    Host host;
    if (what != 0) host.logon(0, "alice");
    host.records(1, 60, 3);
    if (what == 1) host.name = "web-2";     // a host without auditd in a central log
    if (what == 2) host.program = "login";  // a program without PAM
    host.line(61, "carol");
    host.records(62, 90, 3);
    host.merge.finish();
    EXPECT_EQ(host.sink.missing(), what == 3 ? Users{"carol"} : Users()) << what;
  }
}

TEST(TwinAbsence, AuditLogEndsEarlier) {
  Host host;
  host.logon(0, "alice");
  host.records(1, 68, 3);
  host.line(61, "carol");
  host.line(75, "dave");
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users());
  EXPECT_EQ(host.sink.events.size(), 3U);
}

TEST(TwinAbsence, AuditLogBeginsLater) {
  Host host;
  for (int i = 0; i < 20; ++i) host.line(i * 10, "carol");
  host.records(205, 300, 3);
  host.logon(301, "alice");
  host.records(302, 330, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users());
}

TEST(TwinAbsence, AGapInTheAuditLog) {
  Host host;
  host.logon(0, "alice");
  host.records(1, 100, 3);
  host.line(99.5, "before");  // its record would lie in the gap
  host.line(110, "within");
  host.line(129, "end");
  host.records(130, 200, 3);
  host.line(201, "forged");
  host.records(202, 230, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
}

/// A log with a record every four minutes is idle and not interrupted.
TEST(TwinAbsence, AnIdleAuditLog) {
  Host host;
  host.logon(0, "alice");
  host.records(240, 6 * 240, 240);
  host.line(6 * 240 + 100, "forged");
  host.records(7 * 240, 8 * 240, 240);
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
  // Of one that comes every half hour nothing is known in time.
  host.line(8 * 240 + 100, "unknown");
  host.line(8 * 240 + 401, "");
  EXPECT_EQ(host.sink.events.back().user, "unknown");
  EXPECT_EQ(host.sink.events.back().twin, "");
}

/// auditd stopped: one logon waits, the next ones do not, until both logs tell of one again.
TEST(TwinAbsence, AuditdFallsSilent) {
  Host host;
  host.logon(0, "alice");
  host.records(1, 60, 3);
  host.line(61, "first");
  host.line(100, "x", Outcome::failure);
  EXPECT_EQ(host.sink.events.size(), 1U);
  host.line(200, "x", Outcome::failure);
  host.line(361, "x", Outcome::failure);
  EXPECT_EQ(host.sink.events.back().user, "x");  // still waiting
  host.line(363, "x", Outcome::failure);
  EXPECT_EQ(host.sink.events.back().user, "first");
  host.line(400, "second");
  host.line(411, "x", Outcome::failure);
  EXPECT_EQ(host.sink.events.back().user, "second");
  host.records(500, 600, 3);
  host.line(601, "third");
  host.records(602, 620, 3);
  EXPECT_EQ(host.sink.missing(), Users());
  host.logon(621, "alice");
  host.records(622, 640, 3);
  host.line(641, "forged");
  host.records(642, 660, 3);
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
}

/// The audit log is read two minutes behind: twins are merged then, and nobody is accused.
TEST(TwinAbsence, LateAudit) {
  Host host;
  host.logon(0, "alice");
  host.records(1, 60, 3);
  for (int i = 0; i < 5; ++i) {
    ++host.pid;
    host.line(61 + i * 20, "late");
  }
  host.line(200, "x", Outcome::failure);
  EXPECT_EQ(host.sink.events.size(), 1U);
  host.pid = 101;
  for (int i = 0; i < 5; ++i) {
    ++host.pid;
    host.merge.on_event(host.event(Told::auditd, 61.2 + i * 20, "late", Outcome::success));
    host.merge.heard_audit(host.audit_line, at(61.2 + i * 20));
    host.merge.advance(at(201));
  }
  EXPECT_EQ(host.sink.events.size(), 6U);
  for (const Seen& seen : host.sink.events) {
    EXPECT_EQ(seen.told, Told::authlog | Told::auditd) << seen.user;
  }
  EXPECT_EQ(host.sink.missing(), Users());
}

TEST(TwinAbsence, HostsOfACentralLogAreToldApart) {
  Host host;
  const auto on = [&](std::string_view name) {
    host.name = name;
    host.audit_line = "node=" + std::string(name) + " type=USER_START msg=audit(1.0:1): ...";
  };
  for (const std::string_view name : {"web-1", "web-2"}) {
    on(name);
    host.logon(0, "alice");
  }
  for (int i = 0; i < 60; ++i) {
    on("web-1");
    host.record(3 * i);
    on("web-2");
    if (i < 20) host.record(3 * i);  // its auditd stops
  }
  on("web-2");
  host.line(181, "unknown");
  on("web-1");
  host.line(182, "forged");
  host.records(183, 600, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
}

TEST(TwinAbsence, SuAndSudoAreToldWhenTheyEnd) {
  Host host;
  host.program = "su";
  host.logon(0, "alice");
  host.records(1, 60, 3);
  ++host.pid;
  host.line(61, "honest");
  ++host.pid;
  host.line(62, "forged");
  host.records(63, 180, 3);
  --host.pid;
  host.audit(61.1, "honest");
  host.records(181, 240, 3);
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
  EXPECT_EQ(host.sink.events.size(), 3U);
}

/// `sudo -l` is logged like a command and has no audit record.
TEST(TwinAbsence, SudoWithoutACommand) {
  Host host;
  host.program = "sudo";
  host.logon(0, "alice");
  host.records(1, 60, 3);
  host.original = "sudo: alice : PWD=/ ; USER=root ; COMMAND=list";
  host.line(61, "lists");
  host.original = "sudo: alice : PWD=/ ; USER=root ; COMMAND=/bin/sh";
  host.line(62, "forged");
  host.records(63, 300, 3);
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
}

/// Many forged lines: those that cannot wait go on unmarked, none is lost; nor does a long line
/// push the mark out.
TEST(TwinAbsence, ManyAndLongLines) {
  Host host;
  const std::string text(kLineBytesMax, 'x');
  host.logon(0, "alice");
  host.records(1, 60, 3);
  host.original = text;
  for (int i = 0; i < 200; ++i) {
    ++host.pid;
    host.line(61 + i * 0.01, "forged");
  }
  host.record(67);
  host.line(74, "x", Outcome::failure);
  host.records(76, 100, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing().size(), 64U);
  EXPECT_EQ(host.sink.events.size(), 202U);
}

TEST(TwinAbsence, ClockSetBack) {
  Host host;
  host.logon(100'000, "alice");
  host.records(100'001, 100'060, 3);
  host.line(100'061, "unknown");
  host.record(50);  // the clock is set back by a day
  host.logon(51, "alice");
  host.records(52, 110, 3);
  host.line(111, "forged");
  host.records(112, 140, 3);
  host.merge.finish();
  EXPECT_EQ(host.sink.missing(), Users{"forged"});
}

class Counter final : public EventSink {
 public:
  void on_event(const Event& event) override { missing += event[Field::twin].empty() ? 0 : 1; }
  int missing = 0;
};

TEST(TwinAbsence, AllocatesNothingInSteadyState) {
  Counter counter;
  TwinMerge merge(counter);
  merge.expect(Told::authlog | Told::auditd);
  Host host;  // makes events
  const std::string audit_line = host.audit_line;
  std::uint64_t before = 0;
  for (int i = 0; i < 2000; ++i) {
    if (i == 1000) before = allocations();
    const double now = i * 20.0;
    ++host.pid;
    merge.on_event(host.event(Told::authlog, now, "alice", Outcome::success));
    merge.on_event(host.event(Told::auditd, now + 0.1, "alice", Outcome::success));
    ++host.pid;
    merge.on_event(host.event(Told::authlog, now + 1, "forged", Outcome::success));
    for (int k = 0; k < 7; ++k) {
      merge.heard_audit(audit_line, at(now + k * 3));
      merge.advance(at(now + k * 3));
    }
  }
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(counter.missing, 1990);
}

}  // namespace
}  // namespace doorward
