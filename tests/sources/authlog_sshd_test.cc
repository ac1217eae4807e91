// What sshd's messages tell: each kind with its event.
#include <gtest/gtest.h>

#include "plugins/limits.h"
#include "tests/sources/authlog_feeder.h"

namespace doorward::testing_authlog {
namespace {

TEST(AuthlogSshd, AcceptedPasswordGivesEveryField) {
  Feeder run;
  const std::string line =
      "Feb  9 21:19:40 web-1 sshd[8317]: Accepted password for alice from 192.0.2.10 port 50022 "
      "ssh2";
  run.feed(line).finish();
  ASSERT_EQ(run.events.size(), 1U);
  const Seen& event = run.events[0];
  EXPECT_EQ(event.user, "alice");
  EXPECT_EQ(event.address, "192.0.2.10");
  EXPECT_EQ(event.ip, "192.0.2.10");
  EXPECT_EQ(event.port, 50022);
  EXPECT_EQ(event.host, "web-1");
  EXPECT_EQ(event.process, "sshd");
  EXPECT_EQ(event.pid, 8317U);
  EXPECT_EQ(event.action, "ssh_login");
  EXPECT_EQ(event.dataset, "system.auth");
  EXPECT_EQ(event.method, "password");
  EXPECT_EQ(event.key, "");
  EXPECT_EQ(event.outcome, Outcome::success);
  EXPECT_EQ(event.original, line);
  EXPECT_EQ(event.time, 1770671980 * kSecondUs);
}

// One line that tells an outcome by itself.
TEST(AuthlogSshd, MessagesThatTellAnOutcome) {
  const std::string key = "SHA256:Kl8kPGZrTiz7g4FO1hyqHdsSBBb5Fge6NWOobN03XJg";
  const std::vector<std::pair<std::string, std::string>> table = {
      {"Accepted password for root from ::1 port 22 ssh2",
       "ssh_login success root from ::1:22 via password"},
      {"Accepted publickey for bob from 10.0.2.2 port 63673 ssh2: RSA " + key,
       "ssh_login success bob from 10.0.2.2:63673 via publickey " + key},
      {"Accepted publickey for bob from 10.0.2.2 port 63673 ssh2: RSA "
       "39:33:99:e9:a0:dc:f2:33:a3:e5:72:3b:7c:3a:56:84",
       "ssh_login success bob from 10.0.2.2:63673 via publickey "
       "39:33:99:e9:a0:dc:f2:33:a3:e5:72:3b:7c:3a:56:84"},
      {"Accepted publickey for bob from 10.0.2.2 port 63673 ssh2: RSA "
       "MD5:39:33:99:e9:a0:dc:f2:33:a3:e5:72:3b:7c:3a:56:84",
       "ssh_login success bob from 10.0.2.2:63673 via publickey "
       "MD5:39:33:99:e9:a0:dc:f2:33:a3:e5:72:3b:7c:3a:56:84"},
      {"Accepted publickey for bob from 10.0.2.2 port 63673 ssh2",
       "ssh_login success bob from 10.0.2.2:63673 via publickey"},
      {"Accepted publickey for bob from 10.0.2.2 port 6 ssh2: ED25519-CERT " + key +
           " ID bob@corp (serial 7) CA ED25519 SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "ssh_login success bob from 10.0.2.2:6 via publickey " + key},
      {"Accepted keyboard-interactive/pam for bob from 10.0.2.2 port 6 ssh2",
       "ssh_login success bob from 10.0.2.2:6 via keyboard-interactive"},
      {"Accepted gssapi-with-mic for bob from 10.0.2.2 port 6 ssh2: bob@EXAMPLE.ORG",
       "ssh_login success bob from 10.0.2.2:6 via gssapi-with-mic"},
      {"Accepted hostbased for bob from 10.0.2.2 port 6 ssh2: RSA " + key +
           ", client user \"bob\", client host \"build.example.org\"",
       "ssh_login success bob from 10.0.2.2:6 via hostbased " + key},
      {"Failed password for root from 203.0.113.9 port 1786 ssh2",
       "ssh_login failure root from 203.0.113.9:1786 via password"},
      {"Failed password for root from 203.0.113.9 port 1786 ssh2 [preauth]",
       "ssh_login failure root from 203.0.113.9:1786 via password"},
      {"Failed password for invalid user oracle from 203.0.113.9 port 1 ssh2",
       "ssh_login failure oracle from 203.0.113.9:1 via password"},
      {"Failed password for illegal user oracle from 203.0.113.9 port 1 ssh2",
       "ssh_login failure oracle from 203.0.113.9:1 via password"},
      {"Failed password for invalid user  from 203.0.113.9 port 1 ssh2",
       "ssh_login failure  from 203.0.113.9:1 via password"},
      {"Failed password for invalid user  0101 from 203.0.113.9 port 1 ssh2",
       "ssh_login failure  0101 from 203.0.113.9:1 via password"},
      {"Failed publickey for root from 203.0.113.9 port 1 ssh2: RSA " + key,
       "ssh_login failure root from 203.0.113.9:1 via publickey"},
      {"Failed password for root from 203.0.113.9 port 1",
       "ssh_login failure root from 203.0.113.9:1 via password"},
      {"Failed password for root from UNKNOWN port 65535 ssh2",
       "ssh_login failure root from UNKNOWN:65535 via password"},
      {"Disconnecting authenticating user root 2001:db8::5 port 5: Too many authentication "
       "failures "
       "[preauth]",
       "ssh_login failure root from 2001:db8::5:5"},
      {"ROOT LOGIN REFUSED FROM 2001:db8::5 port 5 [preauth]",
       "ssh_login failure root from 2001:db8::5:5"},
      {"ROOT LOGIN REFUSED FROM 10.0.0.2", "ssh_login failure root from 10.0.0.2"},
      {"Invalid user test from 10.0.2.2", "ssh_login failure test from 10.0.2.2"},
      {"Invalid user test from 10.0.2.2 port 17", "ssh_login failure test from 10.0.2.2:17"},
      {"Illegal user test from 10.0.2.2", "ssh_login failure test from 10.0.2.2"},
      {"Invalid user  from 10.0.2.2 port 17", "ssh_login failure  from 10.0.2.2:17"},
      {"User root from 192.0.2.10 not allowed because not listed in AllowUsers",
       "ssh_login failure root from 192.0.2.10"},
      {"User bob from gate.example.org not allowed because listed in DenyUsers",
       "ssh_login failure bob from gate.example.org"},
      {"error: PAM: User not known to the underlying authentication module for illegal user test "
       "from test.example.com",
       "ssh_login failure test from test.example.com via keyboard-interactive"},
      {"error: PAM: Have exhausted maximum number of retries for service for bob from 10.0.0.2",
       "ssh_login failure bob from 10.0.0.2 via keyboard-interactive"},
  };
  for (const auto& [message, brief] : table) {
    Feeder run;
    run.sshd(10, message).finish();
    EXPECT_EQ(run.briefs(), Briefs{brief}) << message;
    EXPECT_EQ(run.counters().malformed, 0U) << message;
    EXPECT_EQ(run.counters().other, 0U) << message;
  }
}

TEST(AuthlogSshd, MessagesThatTellNone) {
  for (
      const char* message : {
          "Failed none for invalid user x from 10.0.0.1 port 2 ssh2",
          "Failed none for root from 10.0.0.1 port 2 ssh2",
          "Failed to allocate internet-domain X11 display socket.",
          "Accepted certificate ID \"x for root from 10.0.0.1 port 2 ssh2\" (serial 0) signed by "
          "ED25519 CA SHA256:x via /etc/ssh/ca.pub",
          "Accepted key RSA SHA256:x found at /home/bob/.ssh/authorized_keys:1",
          "Postponed publickey for root from 10.0.0.1 port 2 ssh2 [preauth]",
          "Partial publickey for root from 10.0.0.1 port 2 ssh2: RSA SHA256:x",
          "Connection closed by invalid user x 10.0.0.1 port 2 [preauth]",
          "Connection closed by authenticating user root 10.0.0.1 port 5 [preauth]",
          "Connection reset by authenticating user root 10.0.0.1 port 5 [preauth]",
          "Disconnected from authenticating user root 10.0.0.1 port 5 [preauth]",
          "Disconnecting authenticating user root 10.0.0.1 port 5: Change of username or service "
          "not allowed: (root,ssh-connection) -> (x: Too many authentication failures,ssh) "
          "[preauth]",
          "Connection closed by 10.0.0.1 port 2 [preauth]",
          "Connection closed by 10.0.0.1 [preauth]",
          "Disconnected from user root 10.0.0.1 port 2",
          "Received disconnect from 10.0.0.1 port 2:11: Bye Bye [preauth]",
          "error: Received disconnect from 10.0.0.1: 14: No more user authentication methods "
          "available. [preauth]",
          "Disconnecting: Too many authentication failures for root [preauth]",
          "Disconnecting invalid user x 10.0.0.1 port 2: Too many authentication failures",
          "error: maximum authentication attempts exceeded for root from 10.0.0.1 port 2 ssh2",
          "PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.1",
          "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
          "rhost=10.0.0.1  user=root",
          "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)",
          "input_userauth_request: invalid user x [preauth]",
          "Did not receive identification string from 10.0.0.1",
          "Bad protocol version identification 'Failed password for root from 1.1.1.1 port 1 ssh2' "
          "from 10.0.0.1 port 2",
          "Server listening on 0.0.0.0 port 22.",
          "subsystem request for sftp by user vagrant",
          "fatal: Read from socket failed: Connection reset by peer [preauth]",
          "Connection from 10.0.0.1 port 2 on 10.0.0.9 port 22",
          "",
      }) {
    Feeder run;
    run.sshd(10, message).finish();
    EXPECT_EQ(run.briefs(), Briefs{}) << message;
    EXPECT_EQ(run.counters().malformed, 0U) << message;
  }
}

TEST(AuthlogSshd, MalformedLinesAreCountedAndTellNothing) {
  for (const char* message : {
           "Failed password for root",
           "Failed password for root from 10.0.0.1 port 65536 ssh2",
           "Failed password for root from 10.0.0.1 port 123456 ssh2",
           "Accepted password for root from",
           "Accepted publickey for root ssh2: RSA SHA256:x",
           "Invalid user root",
           "Connection closed by authenticating user root",
           "Disconnecting authenticating user root 10.0.0.1",
           "ROOT LOGIN REFUSED FROM",
       }) {
    Feeder run;
    run.sshd(10, message).finish();
    EXPECT_EQ(run.briefs(), Briefs{}) << message;
    EXPECT_EQ(run.counters().malformed, 1U) << message;
  }
}

TEST(AuthlogSshd, ProgramNamesOfTenAreSshd) {
  for (const char* tag : {"sshd[5]", "sshd-session[5]", "sshd-auth[5]", "sshd"}) {
    Feeder run;
    run.line(tag, "Accepted password for bob from 10.0.0.1 port 2 ssh2").finish();
    ASSERT_EQ(run.events.size(), 1U) << tag;
    EXPECT_EQ(run.events[0].process, "sshd");
  }
  Feeder run;
  run.line("sshdx[5]", "Accepted password for bob from 10.0.0.1 port 2 ssh2").finish();
  EXPECT_TRUE(run.events.empty());
  EXPECT_EQ(run.counters().other, 1U);
}

}  // namespace
}  // namespace doorward::testing_authlog
