// The auditd source, record by record. Lines here are written by hand.
#include <gtest/gtest.h>

#include "tests/sources/auditd_support.h"

namespace doorward::auditd_test {
namespace {

using Briefs = std::vector<std::string>;

/// A record of user space: "TYPE", time in milliseconds after 1700000000, the kernel's part, the
/// message.
std::string record(const std::string& type, int ms, const std::string& kernel,
                   const std::string& message, const std::string& enriched = "") {
  char stamp[64];
  std::snprintf(stamp, sizeof stamp, "%d.%03d:%d", 1700000000 + ms / 1000, ms % 1000, 100 + ms);
  return "type=" + type + " msg=audit(" + stamp + "): " + kernel + " msg='" + message + "'" +
         (enriched.empty() ? "" : "\x1d" + enriched) + "\n";
}

const std::string kBefore = "auid=4294967295 ses=4294967295";

std::string sshd(const std::string& type, int ms, int pid, const std::string& message,
                 const std::string& login = kBefore) {
  return record(type, ms, "pid=" + std::to_string(pid) + " uid=0 " + login, message);
}
std::string pam(const std::string& op, const std::string& acct, const std::string& result,
                const std::string& exe = "/usr/sbin/sshd", const std::string& host = "192.0.2.7") {
  return "op=PAM:" + op + " grantors=? acct=" + acct + " exe=\"" + exe + "\" hostname=" + host +
         " addr=" + host + " terminal=ssh res=" + result;
}
std::string word(const std::string& acct, const std::string& result = "failed") {
  return "op=login acct=" + acct +
         " exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 terminal=sshd res=" + result;
}
const std::string kInvalid = "28696E76616C6964207573657229";

TEST(Auditd, EventHasEveryField) {
  const std::string start =
      record("USER_START", 40, "pid=900 uid=0 auid=1000 ses=7",
             pam("session_open", "\"alice\"", "success"), "UID=\"root\" AUID=\"alice\"");
  const Outcomes told =
      run(sshd("USER_AUTH", 0, 900, pam("authentication", "\"alice\"", "success")) +
              sshd("USER_ACCT", 10, 900, pam("accounting", "\"alice\"", "success")) + start,
          "web-1");
  ASSERT_EQ(told.events.size(), 1U);
  const Told& event = told.events[0];
  EXPECT_EQ(event.time, 1700000000040000);
  EXPECT_EQ(event.outcome, Outcome::success);
  EXPECT_EQ(event.logs, doorward::Told::auditd);
  EXPECT_EQ(event.pid, 900U);
  EXPECT_EQ(event.port, 0);
  EXPECT_EQ(event.ip_text(), "192.0.2.7");
  EXPECT_EQ(event.address, "192.0.2.7");
  EXPECT_EQ(event.user, "alice");
  EXPECT_EQ(event.target, "");
  EXPECT_EQ(event.host, "web-1");
  EXPECT_EQ(event.process, "sshd");
  EXPECT_EQ(event.action, "ssh_login");
  EXPECT_EQ(event.dataset, "auditd.log");
  EXPECT_EQ(event.method, "password");
  EXPECT_EQ(event.key, "");
  EXPECT_EQ(event.original + "\n", start);
}

TEST(Auditd, LoginIsTheSuccessOfDebian) {
  const Outcomes told =
      run(sshd("USER_ACCT", 0, 900, pam("accounting", "\"deploy\"", "success")) +
          "type=LOGIN msg=audit(1700000000.020:120): pid=900 uid=0 old-auid=4294967295 auid=1008 "
          "tty=(none) old-ses=4294967295 ses=19 res=1\n"
          "type=SYSCALL msg=audit(1700000000.020:120): arch=c000003e syscall=1 pid=900 "
          "exe=\"/usr/sbin/sshd\"\n" +
          sshd("USER_START", 30, 900, pam("session_open", "\"deploy\"", "success"),
               "auid=1008 ses=19") +
          sshd("USER_START", 40, 907, pam("session_open", "\"deploy\"", "success"),
               "auid=1008 ses=19"));
  EXPECT_EQ(told.briefs(), Briefs{"ssh_login success deploy 192.0.2.7 900"});
  EXPECT_EQ(told.events.at(0).time, 1700000000020000);
  EXPECT_EQ(told.events.at(0).method, "");
}

TEST(Auditd, LaterChannelsOfASessionAreNoLogons) {
  std::string log =
      sshd("USER_ACCT", 0, 900, pam("accounting", "\"bob\"", "success")) +
      sshd("USER_START", 30, 900, pam("session_open", "\"bob\"", "success"), "auid=1001 ses=20");
  const std::string id =
      "op=login id=1001 exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 "
      "terminal=/dev/pts/4 res=success";
  log += sshd("USER_LOGIN", 3'600'000, 900, id, "auid=1001 ses=20");
  log += sshd("USER_START", 7'200'000, 950, pam("session_open", "\"bob\"", "success"),
              "auid=1001 ses=20");
  log += sshd("USER_LOGIN", 7'300'000, 960, id, "auid=1001 ses=21");
  EXPECT_EQ(run(log).briefs(),
            (Briefs{"ssh_login success bob 192.0.2.7 900", "ssh_login success bob 192.0.2.7 960"}));
}

TEST(Auditd, RedHatLogon) {
  const auto rhel = [](const std::string& type, int ms, int pid, const std::string& text, bool in) {
    return record(
        type, ms,
        "pid=" + std::to_string(pid) + " uid=0 " + (in ? "auid=1000 ses=3" : kBefore) +
            " subj=system_u:system_r:sshd_t:s0-s0:c0.c1023",
        text + " exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 terminal=ssh res=success");
  };
  const std::string log =
      rhel("USER_AUTH", 0, 900,
           "op=key algo=ssh-rsa size=2048 fp=SHA256:abc rport=63927 acct=\"andrew\"", false) +
      rhel("USER_AUTH", 1, 900, "op=pubkey_auth rport=63927 acct=\"andrew\"", false) +
      rhel("USER_AUTH", 2, 900, "op=success acct=\"andrew\"", false) +
      rhel("USER_ACCT", 4, 900, "op=PAM:accounting acct=\"andrew\"", false) +
      rhel("CRED_ACQ", 5, 900, "op=PAM:setcred acct=\"andrew\"", false) +
      rhel("USER_START", 9, 900, "op=PAM:session_open acct=\"andrew\"", true) +
      rhel("CRED_ACQ", 10, 903, "op=PAM:setcred acct=\"andrew\"", true) +
      rhel("USER_LOGIN", 12, 900, "op=login id=1000", true) +
      rhel("USER_START", 13, 900, "op=login id=1000", true) +
      rhel("USER_END", 99, 900, "op=login id=1000", true) +
      rhel("USER_LOGOUT", 99, 900, "op=login id=1000", true);
  const Outcomes told = run(log);
  ASSERT_EQ(told.briefs(), Briefs{"ssh_login success andrew 192.0.2.7 900"});
  EXPECT_EQ(told.events[0].method, "publickey");
  EXPECT_EQ(told.events[0].port, 63927);
  EXPECT_EQ(told.events[0].key, "SHA256:abc");
  EXPECT_EQ(told.counters.malformed, 0U);
}

TEST(Auditd, RedHatFailuresAreNotCountedTwice) {
  const auto own = [](int ms, const std::string& op) {
    return sshd("USER_AUTH", ms, 900,
                "op=" + op +
                    " acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 "
                    "terminal=ssh res=failed");
  };
  const std::string wrong = pam("authentication", "\"root\"", "failed");
  const std::string log = sshd("USER_AUTH", 0, 900, wrong) + own(2'000, "password") +
                          sshd("USER_AUTH", 4'000, 900, wrong) + own(6'000, "password") +
                          own(6'100, "pubkey") + sshd("USER_LOGIN", 9'000, 900, word("\"root\""));
  EXPECT_EQ(run(log).events.size(), 2U);
  // Without PAM, its own word is all there is.
  EXPECT_EQ(run(own(0, "password") + own(2'000, "password") + own(2'100, "none")).events.size(),
            2U);
  // Its word before PAM's.
  EXPECT_EQ(run(own(0, "password") + sshd("USER_AUTH", 1, 900, wrong)).events.size(), 1U);
}

TEST(Auditd, NameUntilTheOtherRecordsTellIt) {
  const std::string log =
      "type=USER_LOGIN msg=audit(1700000000.000:1): user pid=9 uid=0 auid=700 ses=5 msg='op=login "
      "id=700 "
      "exe=\"/usr/sbin/sshd\" hostname=1.2.3.4 addr=1.2.3.4 terminal=/dev/pts/0 res=success'";
  EXPECT_EQ(run(log).briefs(), Briefs{"ssh_login success 700 1.2.3.4 9"});
  EXPECT_EQ(run(log + "\x1dUID=\"root\" AUID=\"jane\" ID=\"jane\"").briefs(),
            Briefs{"ssh_login success jane 1.2.3.4 9"});
  EXPECT_EQ(run(log + "\x1dUID=\"root\" AUID=\"unset\" ID=\"unknown(700)\"").briefs(),
            Briefs{"ssh_login success 700 1.2.3.4 9"});
  const std::string learned =
      sshd("USER_END", 0, 4, pam("session_close", "\"jane\"", "success"), "auid=700 ses=2");
  EXPECT_EQ(run(learned + log).briefs(), Briefs{"ssh_login success jane 1.2.3.4 9"});
}

TEST(Auditd, UnknownNameGuesses) {
  const std::string initial =
      sshd("USER_LOGIN", 0, 900, word(kInvalid)) + sshd("USER_LOGIN", 1, 900, word(kInvalid));
  const std::string guess =
      sshd("USER_AUTH", 60, 900, pam("authentication", "\"oracle\"", "failed")) +
      sshd("USER_LOGIN", 2'000, 900, word(kInvalid));
  EXPECT_EQ(run(initial + guess).briefs(), Briefs{"ssh_login failure oracle 192.0.2.7 900"});
  const std::string again =
      sshd("USER_AUTH", 3'000, 900, pam("authentication", "\"oracle\"", "failed")) +
      sshd("USER_LOGIN", 5'000, 900, word(kInvalid));
  EXPECT_EQ(run(initial + guess + again).events.size(), 2U);
  // Hung up: one failure of nobody known.
  EXPECT_EQ(run(initial).briefs(), Briefs{"ssh_login failure  192.0.2.7 900"});
  EXPECT_EQ(run(initial).events[0].time, 1700000000000000);
  // PAM itself does not know the name either.
  EXPECT_EQ(run(sshd("USER_AUTH", 0, 900, pam("authentication", "\"?\"", "failed"))).briefs(),
            Briefs{"ssh_login failure  192.0.2.7 900"});
}

TEST(Auditd, RefusedKeysAreOneFailureOrNone) {
  const std::string keys =
      sshd("USER_LOGIN", 0, 900, word("\"alice\"")) + sshd("USER_LOGIN", 9, 900, word("\"alice\""));
  EXPECT_EQ(run(keys).briefs(), Briefs{"ssh_login failure alice 192.0.2.7 900"});
  EXPECT_EQ(run(keys + sshd("USER_ACCT", 20, 900, pam("accounting", "\"alice\"", "success")) +
                sshd("USER_START", 30, 900, pam("session_open", "\"alice\"", "success")))
                .briefs(),
            Briefs{"ssh_login success alice 192.0.2.7 900"});
}

TEST(Auditd, FailureByClosing) {
  SourceOptions options;
  const auto source = kSourceAuditd.make(options);
  Collector sink;
  InputState input;
  const auto feed = [&](const std::string& text) {
    for (const std::string& line : lines_of(text))
      source->feed(line, source->stamp(line, input), sink);
  };
  feed(sshd("USER_LOGIN", 0, 900, word("\"alice\"")));
  feed("type=CWD msg=audit(1700000119.999:9): cwd=\"/\"");
  EXPECT_TRUE(sink.events.empty());
  feed("type=CWD msg=audit(1700000120.000:10): cwd=\"/\"");
  EXPECT_EQ(sink.events.size(), 1U);
  // The same pid, another peer: the first life is over.
  feed(sshd("USER_LOGIN", 130'000, 900, word("\"alice\"")));
  feed(sshd("USER_AUTH", 131'000, 900,
            pam("authentication", "\"alice\"", "failed", "/usr/sbin/sshd", "192.0.2.99")));
  EXPECT_EQ(sink.events.size(), 2U);
  // PAM was not asked: the end of the connection.
  feed(sshd("USER_LOGIN", 140'000, 901, word("\"bob\"")));
  feed(sshd("USER_ERR", 141'000, 901, pam("bad_ident", "\"?\"", "failed")));
  feed("type=CWD msg=audit(1700000144.000:11): cwd=\"/\"");
  EXPECT_EQ(sink.events.back().brief(), "ssh_login failure bob 192.0.2.7 901");
  // A hang-up that left nothing else is no attempt.
  const std::size_t before = sink.events.size();
  feed(sshd("USER_ERR", 150'000, 902, pam("bad_ident", "\"?\"", "failed")));
  source->finish(sink);
  EXPECT_EQ(sink.events.size(), before + 1);  // the guess at 131 s, which nobody spoke of
}

TEST(Auditd, KeyboardInteractiveAsksInAChild) {
  const std::string wrong =
      sshd("USER_AUTH", 0, 902, pam("authentication", "\"dave\"", "failed")) +
      sshd("USER_LOGIN", 2'000, 900, word("\"dave\"")) +
      sshd("USER_AUTH", 2'100, 905, pam("authentication", "\"dave\"", "failed")) +
      sshd("USER_LOGIN", 4'000, 900, word("\"dave\""));
  const Outcomes told = run(wrong);
  EXPECT_EQ(told.briefs(), (Briefs{"ssh_login failure dave 192.0.2.7 900",
                                   "ssh_login failure dave 192.0.2.7 900"}));
  for (const Told& event : told.events) EXPECT_EQ(event.method, "keyboard-interactive");
  const Outcomes right = run(
      sshd("USER_AUTH", 0, 902, pam("authentication", "\"dave\"", "success")) +
      sshd("USER_ACCT", 1, 902, pam("accounting", "\"dave\"", "success")) +
      sshd("CRED_ACQ", 2, 900, pam("setcred", "\"dave\"", "success")) +
      sshd("USER_START", 5, 900, pam("session_open", "\"dave\"", "success"), "auid=1003 ses=8"));
  ASSERT_EQ(right.briefs(), Briefs{"ssh_login success dave 192.0.2.7 900"});
  EXPECT_EQ(right.events[0].method, "keyboard-interactive");
}

TEST(Auditd, AccountDecides) {
  const std::string yes = sshd("USER_AUTH", 0, 900, pam("authentication", "\"eve\"", "success"));
  const std::string no = sshd("USER_ACCT", 1, 900, pam("accounting", "\"eve\"", "failed"));
  EXPECT_EQ(run(yes).events.size(), 0U);  // PAM's yes is no logon
  EXPECT_EQ(run(yes + no + sshd("USER_LOGIN", 2, 900, word("\"eve\""))).briefs(),
            Briefs{"ssh_login failure eve 192.0.2.7 900"});
  // Only the password is too old: the session opens.
  EXPECT_EQ(
      run(yes + no +
          sshd("USER_START", 9, 900, pam("session_open", "\"eve\"", "success"), "auid=5 ses=1"))
          .briefs(),
      Briefs{"ssh_login success eve 192.0.2.7 900"});
}

std::string sudo(const std::string& type, int ms, const std::string& message, int uid = 1000) {
  return record(type, ms, "pid=700 uid=" + std::to_string(uid) + " auid=1000 ses=3", message);
}
std::string sudo_pam(const std::string& op, const std::string& acct, const std::string& result) {
  return pam(op, acct, result, "/usr/bin/sudo", "?");
}
std::string command(const std::string& result) {
  return "cwd=\"/home/alice\" cmd=6C73 exe=\"/usr/bin/sudo\" terminal=pts/1 res=" + result;
}

TEST(Auditd, Sudo) {
  const std::string ask = sudo("USER_AUTH", 0, sudo_pam("authentication", "\"alice\"", "success")) +
                          sudo("USER_ACCT", 1, sudo_pam("accounting", "\"alice\"", "success"));
  const std::string session =
      sudo("CRED_REFR", 3, sudo_pam("setcred", "\"bob\"", "success"), 0) +
      sudo("USER_START", 4, sudo_pam("session_open", "\"bob\"", "success"), 0) +
      sudo("USER_END", 9, sudo_pam("session_close", "\"bob\"", "success"), 0) +
      sudo("CRED_DISP", 9, sudo_pam("setcred", "\"bob\"", "success"), 0);
  const std::string allowed = sudo("USER_CMD", 2, command("success"));
  const Briefs once = {"sudo success alice as bob 700"};
  EXPECT_EQ(run(ask + allowed + session).briefs(), once);
  EXPECT_EQ(run(ask + allowed + session).events[0].method, "password");
  EXPECT_EQ(run(ask + session).briefs(), once);  // the command's record lost
  EXPECT_EQ(run(ask + allowed).briefs(), Briefs{"sudo success alice 700"});  // no PAM session
  EXPECT_EQ(run(ask).briefs(), Briefs{"sudo success alice 700"});            // sudo -v
  // Twice with one pid.
  EXPECT_EQ(run(ask + allowed + session + sudo("USER_CMD", 50, command("success")) +
                sudo("USER_START", 60, sudo_pam("session_open", "\"root\"", "success"), 0))
                .events.size(),
            2U);
}

TEST(Auditd, SudoRefusals) {
  const std::string wrong =
      sudo("USER_AUTH", 0, sudo_pam("authentication", "\"alice\"", "failed")) +
      sudo("USER_AUTH", 2'000, sudo_pam("authentication", "\"alice\"", "failed"));
  const std::string refused = sudo("USER_CMD", 4'000, command("failed"));
  EXPECT_EQ(run(wrong + refused).events.size(), 2U);
  EXPECT_EQ(run(refused).briefs(), Briefs{"sudo failure 1000 700"});
  const std::string right =
      sudo("USER_AUTH", 3'000, sudo_pam("authentication", "\"alice\"", "success"));
  EXPECT_EQ(run(right + refused).briefs(), Briefs{"sudo failure alice 700"});
  EXPECT_EQ(run(wrong + right + refused).events.size(), 3U);
}

TEST(Auditd, SuNamesTheCallerAndTheTarget) {
  const auto su = [](const std::string& type, const std::string& op, const std::string& result,
                     const std::string& enriched) {
    return record(type, 0, "pid=800 uid=1000 auid=1001 ses=4",
                  pam(op, "\"root\"", result, "/bin/su", "?"), enriched);
  };
  const std::string names = "UID=\"alice\" AUID=\"bob\"";
  EXPECT_EQ(run(su("USER_AUTH", "authentication", "success", names) +
                su("USER_ACCT", "accounting", "success", names) +
                su("USER_START", "session_open", "success", names))
                .briefs(),
            Briefs{"su success alice as root 800"});
  EXPECT_EQ(run(su("USER_AUTH", "authentication", "failed", "")).briefs(),
            Briefs{"su failure 1000 as root 800"});
}

TEST(Auditd, ConsoleAndScreen) {
  const auto login = [](const std::string& type, int ms, const std::string& op,
                        const std::string& acct, const std::string& result) {
    return sshd(type, ms, 500, pam(op, acct, result, "/usr/bin/login", "?"));
  };
  EXPECT_EQ(run(login("USER_AUTH", 0, "authentication", "\"Tr0ub4dor\"", "failed") +
                login("USER_LOGIN", 3'000, "login", "\"UNKNOWN\"", "failed") +
                login("USER_AUTH", 9'000, "authentication", "\"bob\"", "success") +
                login("USER_START", 9'100, "session_open", "\"bob\"", "success") +
                login("USER_LOGIN", 9'100, "login", "\"bob\"", "success"))
                .briefs(),
            (Briefs{"console_login failure Tr0ub4dor 500", "console_login success bob 500"}));
  const auto gdm = [](const std::string& acct) {
    return sshd("USER_ACCT", 0, 501,
                pam("accounting", acct, "success", "/usr/libexec/gdm-session-worker", "?")) +
           sshd("USER_START", 1, 501,
                pam("session_open", acct, "success", "/usr/libexec/gdm-session-worker", "?"));
  };
  EXPECT_EQ(run(gdm("\"carol\"")).briefs(), Briefs{"gdm_login success carol 501"});
  EXPECT_EQ(run(gdm("\"Debian-gdm\"")).events.size(), 0U);
}

TEST(Auditd, LoginWithoutANameIsNoAttempt) {
  // The terminal hung up at the prompt after a failure: PAM was asked about nobody.
  const auto login = [](const std::string& type, int ms, const std::string& acct) {
    return sshd(type, ms, 500, pam("authentication", acct, "failed", "/usr/bin/login", "?"));
  };
  EXPECT_EQ(run(login("USER_AUTH", 0, "\"nosuch\"") + login("USER_LOGIN", 2500, "\"UNKNOWN\"") +
                login("USER_AUTH", 2501, "\"?\""))
                .briefs(),
            Briefs{"console_login failure nosuch 500"});
}

TEST(Auditd, CronAndServicesAreOther) {
  std::string log;
  for (const std::string exe : {"/usr/sbin/cron", "/usr/lib/systemd/systemd", "/usr/bin/passwd"}) {
    log += sshd("USER_ACCT", 0, 1, pam("accounting", "\"alice\"", "success", exe, "?"));
    log +=
        "type=LOGIN msg=audit(1700000000.001:2): pid=1 uid=0 old-auid=4294967295 auid=1000 res=1\n";
    log += sshd("USER_START", 2, 1, pam("session_open", "\"alice\"", "success", exe, "?"));
  }
  const Outcomes told = run(log);
  EXPECT_EQ(told.events.size(), 0U);
  EXPECT_EQ(told.counters.other, 6U);
  EXPECT_EQ(told.counters.malformed, 0U);
}

TEST(Auditd, EveryNameOfSshd) {
  for (const std::string exe :
       {"\"/usr/sbin/sshd\"", "\"/usr/lib/openssh/sshd-session\"",
        "\"/usr/libexec/openssh/sshd-session\"",
        "2F7573722F7362696E2F73736864202864656C6574656429" /* sshd (deleted) */}) {
    const Outcomes told = run(sshd(
        "USER_LOGIN", 0, 1,
        "op=login acct=\"x\" exe=" + exe + " hostname=? addr=192.0.2.7 terminal=ssh res=failed"));
    ASSERT_EQ(told.briefs(), Briefs{"ssh_login failure x 192.0.2.7 1"}) << exe;
    EXPECT_EQ(told.events[0].process, "sshd");
  }
}

}  // namespace
}  // namespace doorward::auditd_test
