// Who is believed: the fields that journald itself writes, not what the sender says.
#include <gtest/gtest.h>

#include "tests/sources/journald_support.h"

namespace doorward::testing_journald {
namespace {

using Briefs = std::vector<std::string>;

Entry sshd() {
  Entry entry;
  entry.message = "Accepted password for alice from 192.0.2.10 port 4022 ssh2";
  return entry;
}
Entry sudo() {
  Entry entry;
  entry.identifier = entry.command = "sudo";
  entry.executable = "/usr/bin/sudo";
  entry.uid = "1000";
  entry.message = "   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls";
  return entry;
}
Entry su() {
  Entry entry;
  entry.identifier = entry.command = "su";
  entry.executable = "/usr/bin/su";
  entry.uid = "1000";
  entry.message = "(to root) alice on pts/0";
  return entry;
}
Entry login() {
  Entry entry;
  entry.identifier = entry.command = "login";
  entry.executable = "/usr/bin/login";
  entry.message = "LOGIN ON tty1 BY alice";
  return entry;
}
Entry gdm() {
  Entry entry;
  entry.identifier = "gdm-password]";
  entry.command = "gdm-session-wor";
  entry.executable = "/usr/libexec/gdm-session-worker";
  entry.message =
      "pam_unix(gdm-password:session): session opened for user alice(uid=1000) by (uid=0)";
  return entry;
}

void expect_untrusted(const Entry& entry) {
  const telling::Outcomes told = tell_one(entry);
  EXPECT_EQ(told.briefs(), Briefs{}) << entry.json();
  EXPECT_EQ(told.counters.untrusted, 1U) << entry.json();
  EXPECT_EQ(told.counters.other + told.counters.malformed, 0U) << entry.json();
}
void expect_told(const Entry& entry, const std::string& brief) {
  const telling::Outcomes told = tell_one(entry);
  EXPECT_EQ(told.briefs(), Briefs{brief}) << entry.json();
  EXPECT_EQ(told.counters.untrusted, 0U) << entry.json();
}

TEST(JournaldTrust, EachProgram) {
  expect_told(sshd(), "ssh_login success alice 192.0.2.10 4711");
  expect_told(sudo(), "sudo success alice as root 4711");
  expect_told(su(), "su success alice as root 4711");
  expect_told(login(), "console_login success alice 4711");
  expect_told(gdm(), "gdm_login success alice 4711");
}

TEST(JournaldTrust, EventHasTheTrustedPlaceAndTime) {
  const telling::Outcomes told = tell_one(sshd());
  ASSERT_EQ(told.events.size(), 1U);
  const telling::Told& event = told.events[0];
  EXPECT_EQ(event.pid, 4711U);  // _PID and not SYSLOG_PID
  EXPECT_EQ(event.host, "web-1");
  EXPECT_EQ(event.time, 1795177216896933);
  EXPECT_EQ(event.original, sshd().message);
  EXPECT_EQ(event.dataset, "system.auth");
  EXPECT_EQ(event.process, "sshd");
  EXPECT_EQ(event.port, 4022);
  EXPECT_EQ(event.logs, Told::journald);
  Entry received = sshd();
  received.time.clear();
  EXPECT_EQ(tell_one(received).events.at(0).time, 1795177216896999);
}

TEST(JournaldTrust, SessionsOfNewerSshd) {
  Entry entry = sshd();
  entry.identifier = entry.command = "sshd-session";
  for (const char* file : {"/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session"}) {
    entry.executable = file;
    expect_told(entry, "ssh_login success alice 192.0.2.10 4711");
  }
}

TEST(JournaldTrust, OtherProgramsAndFiles) {
  for (Entry entry : {sshd(), sudo(), su(), login(), gdm()}) {
    const Entry good = entry;
    entry.command = "logger";
    expect_untrusted(entry);
    entry.command.clear();
    expect_untrusted(entry);
    entry = good;
    entry.executable = "/home/mallory" + good.executable;
    expect_untrusted(entry);
    entry.executable = "/usr/bin/logger";
    expect_untrusted(entry);
  }
}

TEST(JournaldTrust, UsersMayNotWriteAsDaemons) {
  for (Entry entry : {sshd(), login(), gdm()}) {
    entry.uid = "1000";
    expect_untrusted(entry);
    entry.uid = "00";
    expect_untrusted(entry);
    entry.uid.clear();
    expect_untrusted(entry);
  }
}

TEST(JournaldTrust, StandardOutputAndNativeEntriesAreNobodys) {
  for (const char* transport : {"stdout", "journal", "audit", "kernel", ""}) {
    for (Entry entry : {sshd(), sudo(), su(), login(), gdm()}) {
      entry.transport = transport;
      expect_untrusted(entry);
    }
  }
}

TEST(JournaldTrust, SetUidProgramsHaveTheirPrivileges) {
  for (Entry entry : {sudo(), su()}) {
    entry.capabilities = "0";
    expect_untrusted(entry);
    entry.capabilities.clear();
    expect_untrusted(entry);
    entry.uid.clear();
    entry.capabilities = "1ffffffffff";
    expect_untrusted(entry);
  }
  Entry by_root = su();
  by_root.uid = "0";
  by_root.capabilities.clear();
  expect_told(by_root, "su success alice as root 4711");
}

/// journald sometimes looks when the program has just ended: its name is there still, its file not.
TEST(JournaldTrust, FileOfAProgramThatEnded) {
  for (Entry entry : {sshd(), sudo(), su()}) {
    entry.executable.clear();
    EXPECT_EQ(tell_one(entry).events.size(), 1U) << entry.json();
    entry.capabilities.clear();
    expect_untrusted(entry);
  }
}

TEST(JournaldTrust, PartOfSshdThatRunsAsTheUser) {
  Entry entry = sshd();
  entry.uid = "1000";
  entry.capabilities = "0";
  entry.message = "Disconnected from user alice 192.0.2.10 port 4022";
  const telling::Outcomes told = tell_one(entry);
  EXPECT_EQ(told.counters.other, 1U);
  EXPECT_EQ(told.counters.untrusted, 0U);
  EXPECT_TRUE(told.events.empty());
}

TEST(JournaldTrust, FieldsThatComeTwiceAreNobodys) {
  const std::string good = sshd().json();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    changed.replace(changed.find(from), from.size(), to);
    return tell_one(changed);
  };
  for (const char* twice : {R"(:["sshd","cron"])", R"(:["cron","sshd"])"}) {
    const telling::Outcomes told =
        with(R"("SYSLOG_IDENTIFIER":"sshd")", R"("SYSLOG_IDENTIFIER")" + std::string(twice));
    EXPECT_TRUE(told.events.empty());
    EXPECT_EQ(told.counters.untrusted, 1U);
  }
  EXPECT_EQ(with(R"("_UID":"0")", R"("_UID":["0","1000"])").counters.untrusted, 1U);
  for (const char* value : {R"(["/usr/sbin/sshd"])", "[]", "null", "[47,117]", "{}"}) {
    const telling::Outcomes told =
        with(R"("_EXE":"/usr/sbin/sshd")", R"("_EXE":)" + std::string(value));
    EXPECT_TRUE(told.events.empty()) << value;
    EXPECT_EQ(told.counters.untrusted, 1U) << value;
  }
  EXPECT_EQ(with(R"("_COMM":"sshd")", R"("_COMM":["sshd","sshd"])").counters.untrusted, 1U);
}

TEST(JournaldTrust, NobodyElseIsAsked) {
  Entry entry = sshd();
  entry.identifier = "cron";
  EXPECT_EQ(tell_one(entry).counters.other, 1U);
  entry.identifier.clear();
  EXPECT_EQ(tell_one(entry).counters.other, 1U);
}

}  // namespace
}  // namespace doorward::testing_journald
