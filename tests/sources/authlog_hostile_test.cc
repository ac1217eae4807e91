// Names, lines and numbers made to mislead: nothing that a client types may change who, from where,
// or whether.
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "plugins/limits.h"
#include "tests/sources/authlog_feeder.h"

namespace doorward::testing_authlog {
namespace {

constexpr char kKey[] = "SHA256:Kl8kPGZrTiz7g4FO1hyqHdsSBBb5Fge6NWOobN03XJg";

/// Names that look like the rest of a line, or like another one.
const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> names = {
      "root from 10.0.0.1 port 22 ssh2",
      "root from 10.0.0.1 port 22 ssh2: RSA " + std::string(kKey),
      "x from 10.0.0.1 port 22 ssh2\\nAccepted password for root from 10.0.0.1 port 22 ssh2",
      " from 10.0.0.1 port 22 ssh2",
      "from 10.0.0.1",
      " from ",
      "from",
      "port 22",
      "x port 22",
      "x [preauth]",
      "invalid user root",
      "authenticating user root 10.0.0.1 port 22",
      "x not allowed because y",
      "message repeated 5 times: [ Failed password for root from 10.0.0.1 port 22 ssh2]",
      "last message repeated 9 times",
      "\"quoted\" 'name'",
      "x]: Accepted password for root",
      "sshd[1]: Accepted password for root from 10.0.0.1 port 22 ssh2",
      "caf\xe9\xff\xfe",
      "\xEF\xBB\xBFroot",
      "x#012y",
      "x\\012y",
      "%s%n%x",
      " ",
      "",
      std::string("nul\0byte", 8),
      std::string(100, 'A'),
      std::string(100, ' '),
  };
  return names;
}

TEST(AuthlogHostile, NamesCannotForgeAddressNameOrOutcome) {
  for (const std::string& name : hostile_names()) {
    const std::string from = name + " from 203.0.113.9 port 4711 ssh2";
    for (const std::string& message :
         {"Failed password for invalid user " + from,
          "Failed keyboard-interactive/pam for invalid user " + from,
          "Failed publickey for invalid user " + from + ": RSA " + kKey,
          "Invalid user " + name + " from 203.0.113.9 port 4711"}) {
      Feeder feeder;
      feeder.sshd(10, message).finish();
      ASSERT_EQ(feeder.events.size(), 1U) << message;
      const Seen& event = feeder.events[0];
      EXPECT_EQ(event.user, name) << message;
      EXPECT_EQ(event.address, "203.0.113.9") << message;
      EXPECT_EQ(event.ip, "203.0.113.9") << message;
      EXPECT_EQ(event.port, 4711) << message;
      EXPECT_EQ(event.outcome, Outcome::failure) << message;
    }
    // Old forms have no port; the address is still the last word.
    Feeder old;
    old.sshd(10, "Invalid user " + name + " from 203.0.113.9").finish();
    ASSERT_EQ(old.events.size(), 1U) << name;
    EXPECT_EQ(old.events[0].user, name);
    EXPECT_EQ(old.events[0].address, "203.0.113.9");
  }
}

TEST(AuthlogHostile, WholeConnectionsUnderHostileNamesAreOneFailureATry) {
  for (const std::string& name : hostile_names()) {
    Feeder feeder;
    feeder.sshd(10, "Invalid user " + name + " from 203.0.113.9 port 4711")
        .sshd(10, "input_userauth_request: invalid user " + name + " [preauth]")
        .sshd(10, "Failed none for invalid user " + name + " from 203.0.113.9 port 4711 ssh2")
        .sshd(10, "Postponed keyboard-interactive for invalid user " + name +
                      " from 203.0.113.9 port 4711 ssh2 [preauth]")
        .sshd(10,
              "error: PAM: Authentication failure for illegal user " + name + " from 203.0.113.9")
        .sshd(10, "Failed keyboard-interactive/pam for invalid user " + name +
                      " from 203.0.113.9 port 4711 ssh2")
        .sshd(10, "error: maximum authentication attempts exceeded for invalid user " + name +
                      " from 203.0.113.9 port 4711 ssh2 [preauth]")
        .sshd(10, "Disconnecting invalid user " + name +
                      " 203.0.113.9 port 4711: Change of username or service not allowed: (" +
                      name +
                      ",ssh-connection) -> (authenticating user root,ssh-connection) [preauth]")
        .sshd(10, "Connection closed by invalid user " + name + " 203.0.113.9 port 4711 [preauth]")
        .finish();
    ASSERT_EQ(feeder.events.size(), 1U) << name;
    EXPECT_EQ(feeder.events[0].user, name);
    EXPECT_EQ(feeder.events[0].address, "203.0.113.9");
    EXPECT_EQ(feeder.events[0].outcome, Outcome::failure);
    EXPECT_EQ(feeder.counters().malformed, 0U) << name;
  }
}

TEST(AuthlogHostile, RepeatedNamesEndWhereSshdEndsThem) {
  const std::string name = "x] from 10.0.0.1 port 22 ssh2]";
  Feeder feeder;
  feeder
      .sshd(10, "message repeated 2 times: [ Failed password for invalid user " + name +
                    " from 203.0.113.9 port 4711 ssh2]")
      .finish();
  ASSERT_EQ(feeder.events.size(), 2U);
  EXPECT_EQ(feeder.events[0].user, name);
  EXPECT_EQ(feeder.events[0].address, "203.0.113.9");
}

constexpr char kForgedCertificate[] = "evil from 10.0.0.1 port 22 ssh2: RSA-CERT x ID";

TEST(AuthlogHostile, CertificateIdsCannotForgeTheAddress) {
  const std::string extra = std::string(": ED25519-CERT ") + kKey + " ID ";
  const std::string ca = std::string(" (serial 0) CA ED25519 ") + kKey;
  const std::string forged_id = "x from 10.0.0.1 port 22 ssh2: RSA " + std::string(kKey);

  // An account that exists: the first address is sshd's.
  Feeder account;
  account.sshd(10,
               "Failed publickey for bob from 203.0.113.9 port 4711 ssh2" + extra + forged_id + ca);
  ASSERT_EQ(account.events.size(), 1U);
  EXPECT_EQ(account.events[0].brief(), "ssh_login failure bob from 203.0.113.9:4711 via publickey");

  // No such account, name and certificate both forged: what the process said before decides.
  const std::string message = "Failed publickey for invalid user " +
                              std::string(kForgedCertificate) + " from 203.0.113.9 port 4711 ssh2" +
                              extra + forged_id + ca;
  Feeder known;
  known.sshd(10, "Invalid user " + std::string(kForgedCertificate) + " from 203.0.113.9 port 4711")
      .sshd(10, message)
      .finish();
  ASSERT_EQ(known.events.size(), 1U);
  EXPECT_EQ(known.events[0].user, kForgedCertificate);
  EXPECT_EQ(known.events[0].address, "203.0.113.9");

  // Nothing said before: the failure counts, without an address rather than with a forged one.
  Feeder doubtful;
  doubtful.sshd(10, message).finish();
  ASSERT_EQ(doubtful.events.size(), 1U);
  EXPECT_EQ(doubtful.events[0].address, "");
  EXPECT_EQ(doubtful.events[0].port, 0);
  EXPECT_EQ(doubtful.events[0].outcome, Outcome::failure);
}

TEST(AuthlogHostile, LongNamesAreCutAndCounted) {
  const std::string name(5000, 'n');
  for (const std::string& message :
       {"Invalid user " + name + " from 203.0.113.9 port 4711",
        "Failed password for invalid user " + name + " from 203.0.113.9 port 4711 ssh2"}) {
    Feeder feeder;
    feeder.sshd(10, message).finish();
    ASSERT_EQ(feeder.events.size(), 1U);
    EXPECT_EQ(feeder.events[0].user, name.substr(0, kHeldFieldBytesMax));
    EXPECT_EQ(feeder.events[0].address, "203.0.113.9");
    EXPECT_LE(feeder.events[0].original.size(), kHeldFieldBytesMax);
    EXPECT_EQ(feeder.counters().cut_fields, 2U) << "name and original";
  }
}

TEST(AuthlogHostile, LongestLines) {
  for (const char c : {'A', ' ', '[', ':', '<', '5', '\xff'}) {
    const std::string filler(kLineBytesMax, c);
    Feeder feeder;
    feeder.feed(filler.substr(0, kLineBytesMax));
    const std::string head = "Feb  9 21:19:40 web-1 sshd[10]: Failed password for invalid user ";
    const std::string tail = " from 203.0.113.9 port 4711 ssh2";
    feeder.feed(head + filler.substr(0, kLineBytesMax - head.size() - tail.size()) + tail);
    ASSERT_EQ(feeder.events.size(), 1U) << c;
    EXPECT_EQ(feeder.events[0].address, "203.0.113.9");
  }
}

TEST(AuthlogHostile, ManyOpenAttemptsCloseTheOldestEarly) {
  Feeder feeder;
  const int more = 300;
  const int all = static_cast<int>(kOpenAttemptsMax) + more;
  for (int pid = 1; pid <= all; ++pid) {
    feeder.sshd(
        pid, std::string("Invalid user u") + std::to_string(pid) + " from 203.0.113.9 port 4711");
  }
  ASSERT_EQ(feeder.events.size(), static_cast<std::size_t>(more));
  EXPECT_EQ(feeder.events[0].user, "u1");
  EXPECT_EQ(feeder.counters().closed_early, static_cast<std::uint64_t>(more));
  feeder.finish();
  ASSERT_EQ(feeder.events.size(), static_cast<std::size_t>(all));
  for (int pid = 1; pid <= all; ++pid) {
    EXPECT_EQ(feeder.events[static_cast<std::size_t>(pid - 1)].user,
              std::string("u") + std::to_string(pid));
  }
}

TEST(AuthlogHostile, ToldAttemptsAreForgottenBeforeOpenOnesAreClosed) {
  Feeder feeder;
  feeder.sshd(1, "Invalid user held from 203.0.113.9 port 1");
  for (int pid = 2; pid < 10'000; ++pid) {
    feeder.sshd(pid, "Failed password for root from 203.0.113.9 port 4711 ssh2");
  }
  EXPECT_EQ(feeder.counters().closed_early, 0U);
  feeder.sshd(1, "Failed password for invalid user held from 203.0.113.9 port 1 ssh2").finish();
  EXPECT_EQ(feeder.events.size(), 9999U);
}

TEST(AuthlogHostile, AStampFarAheadDoesNotPoisonWhatFollows) {
  Feeder feeder;
  feeder.feed("9999-12-31T23:59:59Z web-1 sshd[1]: Server listening on :: port 22.");
  feeder.sshd(10, "Invalid user bob from 203.0.113.9 port 2")
      .sshd(10, "Failed password for invalid user bob from 203.0.113.9 port 2 ssh2", 3)
      .finish();
  EXPECT_EQ(feeder.events.size(), 1U);
}

/// Holds every event against its line.
class Checker : public EventSink {
 public:
  void on_event(const Event& event) override {
    ++count;
    const std::string_view original = event[Field::original];
    ASSERT_FALSE(original.empty());
    ASSERT_NE(event.outcome, Outcome::unknown);
    ASSERT_EQ(event.told, Told::authlog);
    ASSERT_FALSE(event[Field::event_action].empty());
    for (const Field field : {Field::user_name, Field::user_effective_name, Field::source_address,
                              Field::host_name, Field::key_fingerprint}) {
      const std::string_view text = event[field];
      ASSERT_LE(text.size(), kHeldFieldBytesMax);
      // "root" may stand for a bare uid 0, and login writes no name for it.
      const bool stands_for_uid = text == "root";
      if (original.size() < 900 && !stands_for_uid && field != Field::user_effective_name) {
        ASSERT_NE(original.find(text), std::string_view::npos) << original;
      }
    }
    if (event.ip.valid()) {
      ASSERT_EQ(*IpAddress::parse(event[Field::source_address]), event.ip);
    }
  }
  std::size_t count = 0;
};

TEST(AuthlogHostile, MutatedLinesAreHarmless) {
  const std::vector<std::string> seeds = {
      "Feb  9 21:19:40 web-1 sshd[10]: Failed password for invalid user bob from 10.0.0.1 port 22 "
      "ssh2",
      "Feb  9 21:19:40 web-1 sshd[10]: Accepted publickey for bob from fe80::1%eth0 port 22 ssh2: "
      "RSA SHA256:Kl8kPGZrTiz7g4FO1hyqHdsSBBb5Fge6NWOobN03XJg",
      "2026-02-09T21:19:40.123456+01:00 web-1 sshd[10]: Invalid user bob from 10.0.0.1 port 22",
      "<86>1 2026-02-09T21:19:40Z web-1 sshd 10 - [a b=\"c\\]\"] Connection closed by "
      "authenticating user bob 10.0.0.1 port 22 [preauth]",
      "Feb  9 21:19:40 web-1 sshd[10]: message repeated 3 times: [ Failed password for root from "
      "10.0.0.1 port 22 ssh2]",
      "Feb  9 21:19:40  sshd[10]: last message repeated 2 times",
      "Feb  9 21:19:40 web-1 sshd[10]: error: PAM: Authentication failure for bob from 10.0.0.1",
      "Feb  9 21:19:40 web-1 sshd[10]: User bob from 10.0.0.1 not allowed because listed in "
      "DenyUsers",
      "Feb  9 21:19:40 web-1 sshd[10]: Connection from 10.0.0.1 port 22 on 10.0.0.2 port 22",
      "Feb  9 21:19:40 web-1 sudo:    bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; "
      "USER=root ; COMMAND=/bin/ls",
      "Feb  9 21:19:40 web-1 sudo: pam_unix(sudo:auth): authentication failure; logname=a uid=1 "
      "euid=0 tty=/dev/pts/1 ruser=bob rhost=  user=bob",
      "Feb  9 21:19:40 web-1 su[7]: FAILED SU (to root) bob on pts/1",
      "Feb  9 21:19:40 web-1 su[7]: Successful su for root by bob",
      "Feb  9 21:19:40 web-1 su[7]: pam_unix(su-l:session): session opened for user root(uid=0) by "
      "bob(uid=1000)",
      "Feb  9 21:19:40 web-1 login[8]: FAILED LOGIN (1) on '/dev/tty1' from 'h' FOR 'bob', failure",
      "Feb  9 21:19:40 web-1 login[8]: LOGIN ON tty1 BY bob FROM 10.0.0.1",
      "Feb  9 21:19:40 web-1 gdm-password][9]: pam_unix(gdm-password:session): session opened for "
      "user bob(uid=1000) by (uid=0)",
  };
  std::mt19937_64 random(20260209);
  const std::unique_ptr<Source> source = kSourceAuthlog.make({});
  InputState input;
  input.year = 2026;
  Checker checker;
  const auto start = std::chrono::steady_clock::now();
  constexpr int kLines = 200'000;
  const std::string_view inserts[] = {
      " from ", " port ",      " ssh2",         ": ",   "[",    "]",     " for ",
      "\xff",   " [preauth]",  "invalid user ", " by ", " on ", " FOR ", "\"",
      "\\",     "99999999999", " ; USER="};
  for (int i = 0; i < kLines; ++i) {
    std::string line = seeds[random() % seeds.size()];
    for (std::uint64_t edits = random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % (line.size() + 1);
      switch (random() % 5) {
        case 0:
          line.resize(at);
          break;
        case 1:
          line.erase(at, random() % 9);
          break;
        case 2:
          line.insert(at, inserts[random() % std::size(inserts)]);
          break;
        case 3:
          if (at < line.size()) line[at] = static_cast<char>(random());
          break;
        default: {
          const std::string& other = seeds[random() % seeds.size()];
          line = line.substr(0, at) + other.substr(random() % other.size());
          break;
        }
      }
    }
    // A buffer of its own, so that sanitizers see every read past the end.
    const std::vector<char> bytes(line.begin(), line.end());
    const std::string_view view(bytes.data(), bytes.size());
    const Stamp stamp = source->stamp(view, input);
    ASSERT_LE(stamp.length, view.size());
    source->feed(view, stamp, checker);
    if (HasFatalFailure()) return;
  }
  source->finish(checker);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(source->counters().lines, static_cast<std::uint64_t>(kLines));
  EXPECT_GT(checker.count, static_cast<std::size_t>(kLines) / 4);
  EXPECT_LT(took.count(), 60.0);
}

}  // namespace
}  // namespace doorward::testing_authlog
