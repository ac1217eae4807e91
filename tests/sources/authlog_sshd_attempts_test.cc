// Several of sshd's messages tell of one attempt: it is told once.
#include <gtest/gtest.h>

#include "plugins/limits.h"
#include "tests/sources/authlog_feeder.h"

namespace doorward::testing_authlog {
namespace {

constexpr char kKey[] = "SHA256:Kl8kPGZrTiz7g4FO1hyqHdsSBBb5Fge6NWOobN03XJg";

TEST(AuthlogSshd, InvalidUserIsToldByItsFailedLines) {
  Feeder run;
  run.sshd(10, "Invalid user bob from 10.0.0.1 port 2")
      .sshd(10, "input_userauth_request: invalid user bob [preauth]")
      .sshd(10, "pam_unix(sshd:auth): check pass; user unknown")
      .sshd(10, "Failed password for invalid user bob from 10.0.0.1 port 2 ssh2", 2)
      .sshd(10, "Failed password for invalid user bob from 10.0.0.1 port 2 ssh2", 4)
      .sshd(10, "Connection closed by invalid user bob 10.0.0.1 port 2 [preauth]", 5)
      .sshd(10, "PAM 1 more authentication failure; logname= uid=0 euid=0 tty=ssh", 5)
      .finish();
  EXPECT_EQ(run.briefs(), Briefs(2, "ssh_login failure bob from 10.0.0.1:2 via password"));
}

TEST(AuthlogSshd, InvalidUserAloneIsOneFailureOfItsOwnTime) {
  for (const char* end : {"Connection closed by invalid user bob 10.0.0.1 port 2 [preauth]",
                          "Connection closed by 10.0.0.1 [preauth]",
                          "Received disconnect from 10.0.0.1: 11: Bye Bye [preauth]",
                          "fatal: Timeout before authentication for 10.0.0.1 port 2"}) {
    Feeder run;
    run.sshd(10, "Invalid user bob from 10.0.0.1 port 2", 3);
    run.sshd(10, "Failed none for invalid user bob from 10.0.0.1 port 2 ssh2", 3);
    EXPECT_TRUE(run.events.empty()) << end;
    run.sshd(10, end, 60);
    ASSERT_EQ(run.events.size(), 1U) << end;
    EXPECT_EQ(run.events[0].brief(), "ssh_login failure bob from 10.0.0.1:2");
    EXPECT_EQ(run.events[0].time, 1770631203 * kSecondUs);
    EXPECT_NE(run.events[0].original.find("Invalid user bob"), std::string::npos);
    run.finish();
    EXPECT_EQ(run.events.size(), 1U) << end;
  }
}

TEST(AuthlogSshd, InvalidUserIsClosedAfterTwoMinutes) {
  Feeder run;
  run.sshd(10, "Invalid user bob from 10.0.0.1 port 2", 0).sshd(99, "Server listening.", 120);
  EXPECT_TRUE(run.events.empty());
  run.sshd(99, "Server listening.", 121);
  EXPECT_EQ(run.briefs(), Briefs{"ssh_login failure bob from 10.0.0.1:2"});
  run.sshd(10, "Connection closed by invalid user bob 10.0.0.1 port 2 [preauth]", 122).finish();
  EXPECT_EQ(run.events.size(), 1U);
}

TEST(AuthlogSshd, DeniedUserIsOneFailure) {
  Feeder run;
  run.sshd(10, "User bob from 10.0.0.1 not allowed because listed in DenyUsers")
      .sshd(10, "Failed password for invalid user bob from 10.0.0.1 port 2 ssh2", 2)
      .sshd(10, "Connection closed by invalid user bob 10.0.0.1 port 2 [preauth]", 3)
      .finish();
  EXPECT_EQ(run.briefs(), Briefs{"ssh_login failure bob from 10.0.0.1:2 via password"});
}

TEST(AuthlogSshd, EndOfAToldAttemptTellsNothing) {
  const std::string end = "Connection closed by authenticating user bob 10.0.0.1 port 2 [preauth]";
  for (const char* told : {"Failed password for bob from 10.0.0.1 port 2 ssh2",
                           "Accepted password for bob from 10.0.0.1 port 2 ssh2"}) {
    Feeder run;
    run.sshd(10, told).sshd(10, end, 3000).sshd(10, end, 3001).finish();
    EXPECT_EQ(run.events.size(), 1U) << told;
  }
}

/// A client whose keys are refused and one that hangs up at the prompt leave the same line.
TEST(AuthlogSshd, HangingUpIsNoAttempt) {
  for (const char* end : {"Connection closed by authenticating user bob 10.0.0.1 port 2 [preauth]",
                          "Connection reset by authenticating user bob 10.0.0.1 port 2 [preauth]",
                          "Disconnected from authenticating user bob 10.0.0.1 port 2 [preauth]"}) {
    Feeder run;
    run.sshd(10, "Postponed publickey for bob from 10.0.0.1 port 2 ssh2 [preauth]")
        .sshd(10, "Received disconnect from 10.0.0.1 port 2:11: Bye [preauth]")
        .sshd(10, end)
        .finish();
    EXPECT_EQ(run.briefs(), Briefs{}) << end;

    Feeder held;
    held.sshd(10, "error: PAM: Authentication failure for bob from 10.0.0.1").sshd(10, end, 5);
    EXPECT_EQ(held.events.size(), 1U) << end;
    held.finish();
    EXPECT_EQ(held.briefs(),
              Briefs{"ssh_login failure bob from 10.0.0.1 via keyboard-interactive"});
  }
}

TEST(AuthlogSshd, TooManyFailuresCountOnce) {
  const std::string most =
      "error: maximum authentication attempts exceeded for bob from 10.0.0.1 port 2 ssh2 [preauth]";
  const std::string enough =
      "Disconnecting authenticating user bob 10.0.0.1 port 2: Too many authentication failures "
      "[preauth]";
  const std::string end = "Connection closed by authenticating user bob 10.0.0.1 port 2 [preauth]";
  Feeder run;
  run.sshd(10, most)
      .sshd(10, enough)
      .sshd(10, enough)
      .sshd(10, "message repeated 7 times: [ " + enough + "]")
      .sshd(10, end)
      .sshd(10, end)
      .finish();
  EXPECT_EQ(run.briefs(), Briefs{"ssh_login failure bob from 10.0.0.1:2"});

  Feeder told;
  told.sshd(10, "Failed password for bob from 10.0.0.1 port 2 ssh2")
      .sshd(10, most)
      .sshd(10, enough)
      .finish();
  EXPECT_EQ(told.briefs(), Briefs{"ssh_login failure bob from 10.0.0.1:2 via password"});
}

TEST(AuthlogSshd, RootRefusedCountsOnce) {
  const std::string refused = "ROOT LOGIN REFUSED FROM 10.0.0.1 port 2";
  const std::string end = "Connection closed by authenticating user root 10.0.0.1 port 2 [preauth]";
  Feeder run;
  run.sshd(10, refused).sshd(10, refused + " [preauth]").sshd(10, end, 1).finish();
  EXPECT_EQ(run.briefs(), Briefs{"ssh_login failure root from 10.0.0.1:2"});

  // At LogLevel VERBOSE.
  Feeder verbose;
  verbose.sshd(10, refused)
      .sshd(10, "Failed publickey for root from 10.0.0.1 port 2 ssh2: RSA " + std::string(kKey))
      .sshd(10, refused + " [preauth]")
      .sshd(10, end)
      .finish();
  EXPECT_EQ(verbose.briefs(), Briefs{"ssh_login failure root from 10.0.0.1:2 via publickey"});
}

TEST(AuthlogSshd, APidUsedAgainIsANewAttempt) {
  Feeder run;
  run.sshd(10, "Failed password for bob from 10.0.0.1 port 2 ssh2")
      // Another port, so another connection: the earlier Failed line does not tell this one.
      .sshd(10,
            "Disconnecting authenticating user bob 10.0.0.1 port 3: Too many authentication "
            "failures [preauth]",
            50)
      .sshd(11, "Invalid user eve from 10.0.0.7 port 4", 51)
      .sshd(11, "Connection from 10.0.0.8 port 9 on 10.0.0.2 port 22", 52)
      .sshd(11, "Accepted password for bob from 10.0.0.8 port 9 ssh2", 53)
      .sshd(12, "Invalid user eve from 10.0.0.7", 54)
      .sshd(12, "Invalid user mallory from 10.0.0.7", 55)
      .finish();
  EXPECT_EQ(
      run.briefs(),
      (Briefs{"ssh_login failure bob from 10.0.0.1:2 via password",
              "ssh_login failure bob from 10.0.0.1:3", "ssh_login failure eve from 10.0.0.7:4",
              "ssh_login success bob from 10.0.0.8:9 via password",
              "ssh_login failure eve from 10.0.0.7", "ssh_login failure mallory from 10.0.0.7"}));
}

TEST(AuthlogSshd, HostsKeepTheirPidsApart) {
  Feeder run;
  run.feed("2026-02-09T10:00:00Z a sshd[10]: Invalid user bob from 10.0.0.1 port 2")
      .feed("2026-02-09T10:00:01Z b sshd[10]: Failed password for bob from 10.0.0.1 port 2 ssh2")
      .finish();
  EXPECT_EQ(run.events.size(), 2U);
}

TEST(AuthlogSshd, KeyboardInteractiveRoundsCountOnceEach) {
  // For accounts that exist sshd writes no Failed line in the first rounds.
  Feeder known;
  known.sshd(10, "error: PAM: Authentication failure for dave from 10.0.0.5")
      .sshd(10, "error: PAM: Authentication failure for dave from 10.0.0.5", 2)
      .sshd(10, "Connection closed by authenticating user dave 10.0.0.5 port 7 [preauth]", 3)
      .finish();
  EXPECT_EQ(known.events.size(), 2U);

  Feeder third;
  third.sshd(10, "error: PAM: Authentication failure for dave from 10.0.0.5")
      .sshd(10, "error: PAM: Authentication failure for dave from 10.0.0.5", 2)
      .sshd(10, "Failed keyboard-interactive/pam for dave from 10.0.0.5 port 7 ssh2", 2)
      .finish();
  EXPECT_EQ(third.events.size(), 2U);

  Feeder unknown;
  unknown.sshd(10, "Invalid user hadoop from 10.0.0.5 port 7")
      .sshd(10, "Postponed keyboard-interactive for invalid user hadoop from 10.0.0.5 port 7 ssh2")
      .sshd(10, "error: PAM: Authentication failure for illegal user hadoop from 10.0.0.5", 2)
      .sshd(10, "Failed keyboard-interactive/pam for invalid user hadoop from 10.0.0.5 port 7 ssh2",
            2)
      .sshd(10, "Connection closed by invalid user hadoop 10.0.0.5 port 7 [preauth]", 3)
      .finish();
  EXPECT_EQ(unknown.briefs(),
            Briefs{"ssh_login failure hadoop from 10.0.0.5:7 via keyboard-interactive"});

  Feeder repeated;
  repeated.sshd(10, "error: PAM: Authentication failure for dave from 10.0.0.5")
      .sshd(10,
            "message repeated 2 times: [ error: PAM: Authentication failure for dave from "
            "10.0.0.5]",
            2)
      .sshd(10, "Failed keyboard-interactive/pam for dave from 10.0.0.5 port 7 ssh2", 2)
      .finish();
  EXPECT_EQ(repeated.events.size(), 3U);

  Feeder then_right;
  then_right.sshd(10, "error: PAM: Authentication failure for dave from 10.0.0.5")
      .sshd(10, "Accepted keyboard-interactive/pam for dave from 10.0.0.5 port 7 ssh2", 2)
      .finish();
  ASSERT_EQ(then_right.events.size(), 2U);
  EXPECT_EQ(then_right.events[0].outcome, Outcome::failure);
  EXPECT_EQ(then_right.events[1].outcome, Outcome::success);
}

TEST(AuthlogSshd, RepeatedLines) {
  Feeder run;
  run.sshd(10, "Failed password for root from 10.0.0.1 port 2 ssh2")
      .sshd(10, "message repeated 5 times: [ Failed password for root from 10.0.0.1 port 2 ssh2]",
            9)
      .finish();
  ASSERT_EQ(run.events.size(), 6U);
  EXPECT_EQ(run.events[5].time - run.events[0].time, 9 * kSecondUs);
  EXPECT_EQ(run.events[5].port, 2);

  Feeder old;
  old.sshd(10, "Failed password for root from 10.0.0.1 port 2 ssh2")
      .line("CRON[3]", "pam_unix(cron:session): session opened for user root by (uid=0)", 1)
      .feed("2026-02-09T10:00:02Z  sshd[10]: last message repeated 2 times")
      .feed("2026-02-09T10:00:03Z web-1 sshd[11]: last message repeated 4 times")
      .feed("2026-02-09T10:00:03Z web-2 sshd[10]: last message repeated 4 times")
      .finish();
  EXPECT_EQ(old.briefs(), Briefs(3, "ssh_login failure root from 10.0.0.1:2 via password"));

  // Without a tag it speaks of the line before it, whoever wrote that.
  Feeder untagged;
  untagged.sshd(10, "Failed password for root from 10.0.0.1 port 2 ssh2")
      .feed("2026-02-09T10:00:02Z web-1 last message repeated 2 times")
      .line("CRON[3]", "pam_unix(cron:session): session opened for user root by (uid=0)", 3)
      .feed("2026-02-09T10:00:04Z web-1 last message repeated 2 times")
      .finish();
  EXPECT_EQ(untagged.events.size(), 3U);

  Feeder details;
  details.sshd(10, "Invalid user x from 10.0.0.1 port 2")
      .sshd(10, "message repeated 3 times: [ Invalid user x from 10.0.0.1 port 2]")
      .finish();
  EXPECT_EQ(details.events.size(), 1U);
}

TEST(AuthlogSshd, HugeRepeatsAreCapped) {
  Feeder run;
  run.sshd(10,
           "message repeated 99999999999999999999 times: [ Failed password for root from "
           "10.0.0.1 port 2 ssh2]")
      .finish();
  EXPECT_EQ(run.events.size(), kRepeatMax);
  EXPECT_EQ(run.counters().repeats_capped, 1U);
}

}  // namespace
}  // namespace doorward::testing_authlog
