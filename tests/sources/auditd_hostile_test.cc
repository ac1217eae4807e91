// The auditd source against names, forms and floods that were not meant well.
#include <gtest/gtest.h>

#include <random>

#include "plugins/limits.h"
#include "tests/sources/auditd_support.h"

namespace doorward::auditd_test {
namespace {

using Briefs = std::vector<std::string>;

std::string auth(const std::string& message,
                 const std::string& kernel = "pid=9 uid=0 auid=4294967295 ses=4294967295") {
  return "type=USER_AUTH msg=audit(1700000000.000:1): " + kernel + " msg='" + message + "'";
}
std::string tail(const std::string& hostname = "192.0.2.7") {
  return " exe=\"/usr/sbin/sshd\" hostname=" + hostname + " addr=192.0.2.7 terminal=ssh res=failed";
}
std::string user_of(const std::string& line) {
  const Outcomes told = run(line);
  return told.events.size() == 1 ? told.events[0].user
                                 : "(events: " + std::to_string(told.events.size()) + ")";
}

TEST(AuditdHostile, NamesAreBytes) {
  const std::string op = "op=PAM:authentication grantors=? acct=";
  EXPECT_EQ(user_of(auth(op + "\"bob\"" + tail())), "bob");
  EXPECT_EQ(user_of(auth(op + "612220616363743D22726F6F74" + tail())), "a\" acct=\"root");
  EXPECT_EQ(user_of(auth(op + "74776F0A6C696E6573" + tail())), "two\nlines");
  EXPECT_EQ(user_of(auth(op + "uid" + tail())), "uid");                // not hexadecimal
  EXPECT_EQ(user_of(auth(op + "abc" + tail())), "abc");                // of odd length
  EXPECT_EQ(user_of(auth(op + "\"DEADBEEF\"" + tail())), "DEADBEEF");  // quoted is literal
  EXPECT_EQ(user_of(auth(op + "DEADBEEF" + tail())), "\xDE\xAD\xBE\xEF");
  EXPECT_EQ(user_of(auth(op + "\"it's\"" + tail())), "it's");
  EXPECT_EQ(user_of(auth(op + "\"(unknown)\"" + tail())), "(unknown)");  // typed so: PAM says it
  EXPECT_EQ(user_of(auth("op=login acct=\"(unknown)\"" + tail())),
            "(events: 0)");  // no guess of sshd's own
  EXPECT_EQ(user_of(auth(op + "\"\"" + tail())), "");
}

/// `root" addr=10.0.0.1 res=success` cannot be written in quotes by libaudit, and in hex it forges
/// nothing.
TEST(AuditdHostile, NamesForgeNoFields) {
  const std::string evil = "726F6F742220616464723D31302E302E302E31207265733D73756363657373";
  const Outcomes told = run(auth("op=PAM:authentication acct=" + evil + tail()));
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].user, "root\" addr=10.0.0.1 res=success");
  EXPECT_EQ(told.events[0].ip_text(), "192.0.2.7");
  EXPECT_EQ(told.events[0].outcome, Outcome::failure);
  // A quote or separator in a name, quoted as it never is: the outcome and the address still hold.
  const Outcomes quoted =
      run(auth("op=PAM:authentication acct=\"x' res=success\x1dUID=\"y\"" + tail()));
  ASSERT_EQ(quoted.events.size(), 1U);
  EXPECT_EQ(quoted.events[0].outcome, Outcome::failure);
  EXPECT_EQ(quoted.events[0].ip_text(), "192.0.2.7");
}

TEST(AuditdHostile, HostNamesForgeNoFields) {
  const Outcomes told = run(
      auth("op=PAM:authentication acct=\"bob\"" +
           tail("x addr=10.0.0.1 terminal=ssh res=success' exe=\"/usr/bin/su\" addr=10.0.0.2")));
  ASSERT_EQ(told.briefs(), Briefs{"ssh_login failure bob 192.0.2.7 9"});
}

TEST(AuditdHostile, OldFormEndsTheNameAtTheLastExe) {
  const auto old_form = [](const std::string& name) {
    return "type=USER_START msg=audit(1170021601.344:297): user pid=13 uid=0 auid=500 msg='PAM: "
           "session open acct=" +
           name +
           " : exe=\"/usr/sbin/sshd\" (hostname=1.2.3.4, addr=1.2.3.4, terminal=ssh res=success)'";
  };
  EXPECT_EQ(run(old_form("root")).briefs(), Briefs{"ssh_login success root 1.2.3.4 13"});
  EXPECT_EQ(run(old_form("\"root\"")).briefs(), Briefs{"ssh_login success root 1.2.3.4 13"});
  EXPECT_EQ(run(old_form("abba")).briefs(), Briefs{"ssh_login success abba 1.2.3.4 13"});
  const std::string evil =
      "x : exe=\"/usr/sbin/sshd\" (hostname=6.6.6.6, addr=6.6.6.6, terminal=ssh res=failed)";
  const Outcomes told = run(old_form(evil));
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].user, evil);
  EXPECT_EQ(told.events[0].ip_text(), "1.2.3.4");
  EXPECT_EQ(told.events[0].outcome, Outcome::success);
  const std::string by_uid =
      "type=USER_LOGIN msg=audit(1170021601.344:297): user pid=13 uid=0 auid=500 msg='uid=500: "
      "exe=\"/usr/sbin/sshd\" (hostname=h.example, addr=1.2.3.4, terminal=/dev/pts/1 res=success)'";
  EXPECT_EQ(run(by_uid).briefs(), Briefs{"ssh_login success 500 1.2.3.4 13"});
}

TEST(AuditdHostile, OldKernelsCron) {
  const Outcomes told =
      run("type=USER_ACCT msg=audit(1170021601.340:294): user pid=13 uid=0 auid=4294967295 "
          "msg='PAM: accounting "
          "acct=root : exe=\"/usr/sbin/crond\" hostname=? addr=? terminal=cron res=success'\n"
          "type=LOGIN msg=audit(1170021601.343:296): login pid=13 uid=0 old auid=4294967295 new "
          "auid=0\n");
  EXPECT_EQ(told.events.size(), 0U);
  EXPECT_EQ(told.counters.malformed, 0U);
}

TEST(AuditdHostile, CountersTellWhy) {
  const Outcomes told =
      run("nonsense\n"
          "\n"
          "type=USER_AUTH msg=audit(17x): pid=1\n"
          "type=USER_AUTH msg=audit(1700000000.000:1): pid=1 uid=0\n"
          "type=USER_AUTH msg=audit(1700000000.000:1): uid=0 msg='op=x exe=\"/usr/sbin/sshd\" "
          "res=failed'\n"
          "type=USER_AUTH msg=audit(1700000000.000:1): pid=1 uid=0 msg='op=x "
          "exe=\"/usr/sbin/sshd\" res=maybe'\n"
          "type=USER_AUTH msg=audit(1700000000.000:1): pid=1 uid=0 msg='op=PAM:authentication "
          "acct=\"a\n"
          "type=LOGIN msg=audit(1700000000.000:1): uid=0\n"
          "type=SYSCALL msg=audit(1700000000.000:1): arch=1\n"
          "node=a type=SYSCALL msg=audit(1700000000.000:1): arch=1\n"
          "type=USER_TTY msg=audit(1700000000.000:1): pid=1 data=\"x\"\n");
  EXPECT_EQ(told.counters.lines, 11U);
  EXPECT_EQ(told.counters.no_stamp, 3U);
  EXPECT_EQ(told.counters.malformed, 5U);
  EXPECT_EQ(told.counters.other, 3U);
  EXPECT_TRUE(told.events.empty());
}

TEST(AuditdHostile, StampsOfAnyWidth) {
  InputState input;
  const auto source = kSourceAuditd.make({});
  const auto time = [&](const std::string& line) { return source->stamp(line, input).time; };
  EXPECT_EQ(time("type=A msg=audit(1700000000.123:1): x"), 1700000000123000);
  EXPECT_EQ(time("type=A msg=audit(999999999.001:4294967295): x"), 999999999001000);
  EXPECT_EQ(time("node=h type=A msg=audit(1700000000.123:1): x"), 1700000000123000);
  EXPECT_EQ(time("type=A msg=audit(1700000000.123:1):"), 1700000000123000);
  for (const std::string bad :
       {"type=A msg=audit(1700000000.12:1): x", "type=A msg=audit(17000000a0.123:1): x",
        "type=A msg=audit(.123:1): x", "type=A msg=audit(1700000000.123:): x", "type=A msg=audit(",
        "(", "type=A msg=audit(1700000000.123", "type=A msg=audit(99999999999999999999.123:1): x",
        "", "x(y"}) {
    EXPECT_EQ(time(bad), kNoTime) << bad;
  }
}

TEST(AuditdHostile, SerialsRollOver) {
  const std::string start =
      "): pid=9 uid=0 auid=1000 ses=5 msg='op=PAM:session_open acct=\"a\" exe=\"/usr/sbin/sshd\" "
      "hostname=1.2.3.4 addr=1.2.3.4 terminal=ssh res=success'\n";
  EXPECT_EQ(run("type=USER_START msg=audit(1700000000.000:4294967295" + start +
                "type=USER_START msg=audit(1700000000.010:0" + start)
                .events.size(),
            1U);
  // After a reboot the numbers of sessions begin again, and so do serials.
  EXPECT_EQ(run("type=USER_START msg=audit(1700000000.000:50000" + start +
                "type=USER_START msg=audit(1700009999.010:700" + start)
                .events.size(),
            2U);
}

TEST(AuditdHostile, LongNamesAreCutAndCounted) {
  const std::string name(5000, 'A');
  const Outcomes told = run(auth("op=PAM:authentication acct=\"" + name + "\"" + tail()));
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_LE(told.events[0].user.size(), kHeldFieldBytesMax);
  EXPECT_GT(told.counters.cut_fields, 0U);
  std::string hex;
  for (int i = 0; i < 20000; ++i) hex += "20";
  EXPECT_EQ(run(auth("op=PAM:authentication acct=" + hex + tail())).events.size(), 1U);
}

/// More processes at a time than are kept open: the oldest are closed early, and none is lost.
TEST(AuditdHostile, FloodOfProcesses) {
  std::vector<std::string> lines;
  const std::size_t count = 3 * kOpenAttemptsMax;
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back("type=USER_LOGIN msg=audit(1700000000.000:" + std::to_string(i + 1) +
                    "): pid=" + std::to_string(1000 + i) +
                    " uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=\"a\"" + tail() +
                    "'");
  }
  const Outcomes told = run(lines);
  EXPECT_EQ(told.events.size(), count);
  EXPECT_EQ(told.counters.closed_early, count - kOpenAttemptsMax);
}

/// A byte changed, lost or doubled anywhere: no crash, and the counters add up.
TEST(AuditdHostile, MutationsDoNotBreakIt) {
  const std::string kSeeds[] = {
      auth("op=PAM:authentication grantors=pam_permit acct=\"bob\"" + tail()) +
          "\x1dUID=\"root\" AUID=\"unset\"",
      auth("PAM: authentication acct=root : exe=\"/usr/sbin/sshd\" (hostname=?, addr=1.2.3.4, "
           "terminal=ssh res=success)"),
      "type=LOGIN msg=audit(1700000000.020:120): pid=9 uid=0 old-auid=4294967295 auid=1008 ses=19 "
      "res=1\x1dUID=\"root\"",
      "node=a.b type=USER_CMD msg=audit(1700000000.020:120): pid=9 uid=1 auid=2 ses=3 "
      "msg='cwd=\"/\" cmd=6C73 "
      "exe=\"/usr/bin/sudo\" terminal=pts/0 res=success'"};
  std::mt19937 random(20240607);
  SourceOptions options;
  const auto source = kSourceAuditd.make(options);
  Collector sink;
  InputState input;
  constexpr int kRounds = 60'000;
  for (int round = 0; round < kRounds; ++round) {
    std::string line = kSeeds[random() % std::size(kSeeds)];
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const std::size_t at = random() % line.size();
      switch (random() % 4) {
        case 0:
          line[at] = static_cast<char>(random());
          break;
        case 1:
          line.erase(at, 1 + random() % 20);
          break;
        case 2:
          line.insert(at, line.substr(random() % line.size(), random() % 30));
          break;
        default:
          line[at] = "'\"\x1d= ():,?"[random() % 10];
      }
      if (line.empty()) line = " ";
    }
    const Stamp stamp = source->stamp(line, input);
    ASSERT_LE(stamp.length, line.size());
    source->feed(line, stamp, sink);
  }
  source->finish(sink);
  EXPECT_EQ(source->counters().lines, static_cast<std::uint64_t>(kRounds));
  EXPECT_LE(source->counters().no_stamp + source->counters().malformed + source->counters().other,
            static_cast<std::uint64_t>(kRounds));
  EXPECT_FALSE(sink.events.empty());
}

TEST(AuditdHostile, SniffKnowsItsOwn) {
  EXPECT_EQ(
      kSourceAuditd.sniff(
          "type=SYSCALL msg=audit(1700000000.123:1): x\ntype=CWD msg=audit(1700000000.123:1): y\n"),
      100);
  EXPECT_EQ(kSourceAuditd.sniff("node=a type=SYSCALL msg=audit(1700000000.123:1): x\n"), 100);
  EXPECT_EQ(kSourceAuditd.sniff(
                "Nov 20 06:44:12 host sshd[1]: Failed password for x from 1.2.3.4 port 1 ssh2\n"),
            0);
  EXPECT_EQ(kSourceAuditd.sniff(""), 0);
}

}  // namespace
}  // namespace doorward::auditd_test
