// sudo, su, login, gdm and what is none of them: one event an authentication.
#include <gtest/gtest.h>

#include "plugins/limits.h"
#include "tests/sources/authlog_feeder.h"

namespace doorward::testing_authlog {
namespace {

Briefs of(std::string_view tag, const std::vector<std::string>& messages) {
  Feeder feeder;
  int second = 0;
  for (const std::string& message : messages) feeder.line(tag, message, second++);
  feeder.finish();
  EXPECT_EQ(feeder.counters().malformed, 0U) << messages.front();
  return feeder.briefs();
}

constexpr char kSettings[] = "TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls";

TEST(AuthlogSudo, CommandsAreSuccesses) {
  const Briefs one = {"sudo success alice to root"};
  const std::string settings = kSettings;
  EXPECT_EQ(of("sudo", {"alice : " + settings}), one);
  EXPECT_EQ(of("sudo[77]", {"   alice : " + settings}), one);
  EXPECT_EQ(
      of("sudo", {"alice : TTY=unknown ; PWD=/ ; USER=root ; TSID=000001 ; ENV=A=b ; COMMAND=x"}),
      one);
  EXPECT_EQ(
      of("sudo", {"alice : HOST=web ; TTY=pts/0 ; PWD=/ ; USER=root ; GROUP=adm ; COMMAND=x"}),
      one);
  EXPECT_EQ(of("sudo", {"alice : CHROOT=/srv ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=x"}), one);
  // The line was too long for syslog; the rest follows.
  EXPECT_EQ(of("sudo", {"alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh -c a",
                        "alice : (command continued) b ; USER=bob"}),
            one);
}

TEST(AuthlogSudo, EventFields) {
  Feeder feeder;
  feeder.line("sudo[77]", std::string("alice : ") + kSettings);
  ASSERT_EQ(feeder.events.size(), 1U);
  EXPECT_EQ(feeder.events[0].process, "sudo");
  EXPECT_EQ(feeder.events[0].pid, 77U);
  EXPECT_EQ(feeder.events[0].host, "web-1");
  EXPECT_EQ(feeder.events[0].ip, "");
}

TEST(AuthlogSudo, Failures) {
  const std::string settings = kSettings;
  const std::string failure = "sudo failure alice to root";
  EXPECT_EQ(of("sudo", {"alice : 3 incorrect password attempts ; " + settings}),
            Briefs(3, failure));
  EXPECT_EQ(of("sudo", {"alice : 1 incorrect password attempt ; " + settings}), Briefs(1, failure));
  EXPECT_EQ(of("sudo", {"alice : user NOT in sudoers ; " + settings}), Briefs(1, failure));
  EXPECT_EQ(of("sudo", {"alice : command not allowed ; " + settings}), Briefs(1, failure));
  EXPECT_EQ(
      of("sudo", {"alice : unknown user nosuch ; TTY=pts/1 ; PWD=/ ; USER=nosuch ; COMMAND=x"}),
      Briefs{"sudo failure alice to nosuch"});
  EXPECT_EQ(of("sudo", {"alice : a password is required ; " + settings}), Briefs{});
  EXPECT_EQ(of("sudo", {"alice : problem with defaults entries ; " + settings}), Briefs{});
  EXPECT_EQ(of("sudo", {"alice : 0 incorrect password attempts ; " + settings}), Briefs{});
  EXPECT_EQ(of("sudo", {"alice : 4000000000 incorrect password attempts ; " + settings}).size(),
            kRepeatMax);
}

TEST(AuthlogSudo, PamIsDetailWhenSudoTellsTheFailure) {
  const std::string pam =
      "pam_unix(sudo:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/0 "
      "ruser=alice rhost=  user=alice";
  const std::string settings = kSettings;
  for (const char* tag : {"sudo", "sudo[9]"}) {
    EXPECT_EQ(of(tag, {pam, "alice : 3 incorrect password attempts ; " + settings}).size(), 3U);
    // sudo says nothing of a wrong password before the right one.
    EXPECT_EQ(of(tag, {pam, "alice : " + settings}),
              (Briefs{"sudo failure alice to root", "sudo success alice to root"}));
    // Another module of the stack took the password.
    EXPECT_EQ(of(tag, {pam,
                       "pam_sss(sudo:auth): authentication success; logname= uid=1 euid=0 tty=t "
                       "ruser=alice rhost= user=alice",
                       "alice : " + settings}),
              Briefs{"sudo success alice to root"});
    // The user went away.
    EXPECT_EQ(of(tag, {pam, pam}), Briefs{"sudo failure alice"});
  }
  EXPECT_EQ(
      of("sudo", {"pam_unix(sudo:session): session opened for user root(uid=0) by alice(uid=1)",
                  "pam_unix(sudo:session): session closed for user root"}),
      Briefs{});
}

TEST(AuthlogSudo, TwoUsersWithoutPidsDoNotMix) {
  Feeder feeder;
  feeder
      .line("sudo",
            "pam_unix(sudo:auth): authentication failure; logname=bob uid=1 euid=0 tty=/dev/pts/1 "
            "ruser=bob rhost=  user=bob")
      .line("sudo", std::string("alice : ") + kSettings)
      .line("sudo",
            "bob : 1 incorrect password attempt ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=x")
      .finish();
  EXPECT_EQ(feeder.briefs(), (Briefs{"sudo success alice to root", "sudo failure bob to root"}));
}

TEST(AuthlogSudo, CommandsCannotForgeUserOrOutcome) {
  EXPECT_EQ(of("sudo", {"eve : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo bob : user NOT in "
                        "sudoers ; USER=bob ; COMMAND=x"}),
            Briefs{"sudo success eve to root"});
  EXPECT_EQ(
      of("sudo", {"eve : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/a "
                  "alice : TTY=pts/0 ; USER=root"}),
      Briefs{"sudo failure eve to root"});
}

TEST(AuthlogSu, OneEventWhateverTheLines) {
  const std::string opened =
      "pam_unix(su:session): session opened for user root(uid=0) by alice(uid=1000)";
  const Briefs one = {"su success alice to root"};
  for (const char* tag : {"su[5]", "su"}) {
    EXPECT_EQ(of(tag, {"Successful su for root by alice", "+ /dev/pts/0 alice:root", opened}), one);
    EXPECT_EQ(of(tag, {opened, "(to root) alice on pts/1"}), one);
    EXPECT_EQ(of(tag, {"(to root) alice on pts/1", opened}), one);
    EXPECT_EQ(of(tag, {opened}), one);
    EXPECT_EQ(of(tag, {"pam_unix(su-l:session): session opened for user root by alice(uid=1000)"}),
              one);
    // Twice the same line: two of them.
    EXPECT_EQ(
        of(tag, {"(to root) alice on pts/1", opened, "(to root) alice on pts/1", opened}).size(),
        2U);
    EXPECT_EQ(of(tag, {opened, opened}).size(), 2U);
  }
  EXPECT_EQ(of("su[5]", {"pam_unix(su:session): session opened for user postgres by (uid=0)"}),
            Briefs{"su success root to postgres"});
  // Names differ where one module asks who is logged in and the other for the uid.
  EXPECT_EQ(of("su[5]", {"Successful su for tsg by root",
                         "pam_unix(su:session): session opened for user tsg by vagrant(uid=0)"}),
            Briefs{"su success root to tsg"});
}

TEST(AuthlogSu, Failures) {
  const std::string pam =
      "pam_unix(su:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/1 "
      "ruser=alice rhost=  user=root";
  const Briefs one = {"su failure alice to root"};
  EXPECT_EQ(of("su[5]", {pam, "FAILED su for root by alice", "- /dev/pts/0 alice:root"}), one);
  EXPECT_EQ(of("su[5]", {pam, "FAILED SU (to root) alice on pts/1"}), one);
  EXPECT_EQ(of("su[5]", {pam}), one);
  // A stack of modules: the second one let alice in.
  EXPECT_EQ(of("su[5]", {pam, "Successful su for root by alice"}),
            Briefs{"su success alice to root"});
  // util-linux: PAM's line bears no pid, su's own does.
  Feeder feeder;
  feeder.line("su", pam).line("su[5]", "FAILED SU (to root) alice on pts/1", 2).finish();
  EXPECT_EQ(feeder.briefs(), one);
}

TEST(AuthlogLogin, Successes) {
  const std::string opened =
      "pam_unix(login:session): session opened for user alice(uid=1000) by "
      "LOGIN(uid=0)";
  const Briefs one = {"console_login success alice"};
  EXPECT_EQ(of("login[5]", {opened, "LOGIN ON tty1 BY alice"}), one);
  EXPECT_EQ(of("login[5]", {"LOGIN ON tty1 BY alice"}), one);
  EXPECT_EQ(of("login[5]", {opened}), one);
  EXPECT_EQ(of("login[5]", {"LOGIN ON pts/3 BY alice FROM 10.0.0.7"}),
            Briefs{"console_login success alice from 10.0.0.7"});
  EXPECT_EQ(of("login[5]", {"ROOT LOGIN ON tty1"}), Briefs{"console_login success root"});
  EXPECT_EQ(of("login[5]", {"ROOT LOGIN ON pts/3 FROM 10.0.0.7"}),
            Briefs{"console_login success root from 10.0.0.7"});
  // shadow: root's line comes from a child.
  Feeder root;
  root.line("login[5]",
            "pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)")
      .line("login[6]", "ROOT LOGIN  on '/dev/tty1'")
      .finish();
  EXPECT_EQ(root.briefs(), Briefs{"console_login success root"});
}

TEST(AuthlogLogin, Failures) {
  const std::string pam =
      "pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 "
      "tty=/dev/tty1 ruser= rhost=  user=alice";
  const Briefs one = {"console_login failure alice"};
  const std::string shadow = "FAILED LOGIN (1) on '/dev/tty1' FOR 'alice', Authentication failure";
  EXPECT_EQ(of("login[5]", {pam, shadow}), one);
  EXPECT_EQ(of("login[5]", {pam, "FAILED LOGIN 1 FROM tty1 FOR alice, Authentication failure"}),
            one);
  EXPECT_EQ(
      of("login[5]", {pam, "FAILED LOGIN SESSION FROM tty1 FOR alice, Authentication failure"}),
      one);
  EXPECT_EQ(of("login[5]", {pam}), one);
  EXPECT_EQ(of("login[5]", {pam, pam}).size(), 2U);
  EXPECT_EQ(of("login[5]", {"FAILED LOGIN 1 FROM 10.0.0.7 FOR alice, Authentication failure"}),
            Briefs{"console_login failure alice from 10.0.0.7"});
  EXPECT_EQ(of("login[5]", {"FAILED LOGIN (1) on '/dev/pts/0' from '10.0.0.7' FOR 'alice', "
                            "Authentication failure"}),
            Briefs{"console_login failure alice from 10.0.0.7"});
  // util-linux says this in the place of the last failure, shadow behind it.
  EXPECT_EQ(of("login[5]", {"TOO MANY LOGIN TRIES (3) FROM tty1 FOR alice, Have exhausted maximum "
                            "number of retries for service"}),
            one);
  EXPECT_EQ(of("login[5]", {shadow, "TOO MANY LOGIN TRIES (5) on '/dev/tty1' FOR 'alice'"}), one);
  // What is typed cannot forge the terminal or end the name.
  EXPECT_EQ(
      of("login[5]", {"FAILED LOGIN 1 FROM tty1 FOR x FROM 10.0.0.1 FOR root, ok, Authentication "
                      "failure"}),
      Briefs{"console_login failure x FROM 10.0.0.1 FOR root, ok"});
}

TEST(AuthlogGdm, SessionsAndFailures) {
  Feeder feeder;
  feeder
      .line("gdm-password][12]",
            "pam_unix(gdm-password:auth): authentication failure; logname= uid=0 euid=0 "
            "tty=/dev/tty1 ruser= rhost=  user=alice")
      .line("gdm-password]",
            "pam_unix(gdm-password:session): session opened for user alice(uid=1000) by (uid=0)")
      .line("gdm-launch-environment]",
            "pam_unix(gdm-launch-environment:session): session opened for user gdm by (uid=0)")
      .line("gdm-password]", "gkr-pam: unable to locate daemon control file")
      .finish();
  EXPECT_EQ(feeder.briefs(), (Briefs{"gdm_login failure alice", "gdm_login success alice"}));
  EXPECT_EQ(feeder.events[0].process, "gdm-password");
  EXPECT_EQ(feeder.events[0].pid, 12U);
  EXPECT_EQ(feeder.counters().other, 2U);
}

TEST(AuthlogOther, ServicesThatAreNoLogonsAreCountedAsOther) {
  Feeder feeder;
  feeder.line("CRON[3]", "pam_unix(cron:session): session opened for user root by (uid=0)")
      .line("systemd", "pam_unix(systemd-user:session): session opened for user bob by (uid=0)")
      .line("chpasswd[4]", "pam_unix(chpasswd:chauthtok): password changed for bob")
      .line("useradd[4]", "new user: name=bob, UID=1001")
      .line("polkitd[4]", "Registered Authentication Agent for unix-process:1:2")
      .finish();
  EXPECT_TRUE(feeder.events.empty());
  EXPECT_EQ(feeder.counters().other, 5U);
}

TEST(AuthlogOther, LogindIsDetail) {
  EXPECT_EQ(of("systemd-logind[1]", {"New session 3 of user alice.", "Removed session 3."}),
            Briefs{});
}

}  // namespace
}  // namespace doorward::testing_authlog
