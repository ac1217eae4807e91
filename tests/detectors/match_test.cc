// A network alert and a sign-in of one address, in whatever order and however late.
#include <gtest/gtest.h>

#include "plugins/ecs_document.h"
#include "tests/detectors/match_support.h"

namespace doorward {
namespace {

constexpr std::string_view kIp = "1.2.3.4";

class PairMatchTest : public testing::Test, public MatchRules {
 protected:
  PairMatchTest() : MatchRules(match_rule(kPairTables)) {}
};

TEST_F(PairMatchTest, TheSignInAfterTheAlertCompletesThePair) {
  ASSERT_TRUE(mistakes.empty()) << mistakes.front().message();
  EXPECT_FALSE(fires(network_alert(kIp, at(0))));
  const Event event = sign_in(kIp, at(2 * kHourUs + 10 * kMinuteUs));
  EXPECT_TRUE(fires(event));
  EXPECT_EQ(said(event),
            "alice@example.com signed in from 1.2.3.4 2 h 10 min after \"SCAN SSH\" was raised on "
            "it");
  EXPECT_EQ(evidence[0].pair.events, 2U);
  EXPECT_NEAR(score_of(evidence[0].p_value), 80, 1e-6);
}

TEST_F(PairMatchTest, TheAlertAfterTheSignInTellsWhoSignedIn) {
  EXPECT_FALSE(fires(sign_in(kIp, at(0), "bob")));
  EXPECT_FALSE(fires(sign_in(kIp, at(kHourUs))));
  const Event event = network_alert(kIp, at(3 * kHourUs));
  EXPECT_TRUE(fires(event));
  EXPECT_EQ(said(event),
            "alice@example.com signed in from 1.2.3.4 2 h before \"SCAN SSH\" was raised on it");
  EXPECT_EQ(evidence[0].pair.action, "UserLoggedIn");
  EXPECT_EQ(evidence[0].pair.signed_in_at, at(kHourUs));
  EXPECT_EQ(evidence[0].pair.raised_at, at(3 * kHourUs));
}

TEST_F(PairMatchTest, AFeedThatIsHoursLateMatchesByEventTime) {
  EXPECT_FALSE(fires(network_alert(kIp, at(9 * kHourUs))));
  const Event event = sign_in(kIp, at(2 * kHourUs));
  EXPECT_TRUE(fires(event)) << "seven hours apart, the older one comes last";
  EXPECT_EQ(said(event),
            "alice@example.com signed in from 1.2.3.4 7 h before \"SCAN SSH\" was raised on it");
  EXPECT_FALSE(fires(sign_in(kIp, at(kHourUs - kSecondUs)))) << "eight hours and a second";
}

TEST_F(PairMatchTest, ALateEventFindsAnOlderPartnerThanTheNewest) {
  EXPECT_FALSE(fires(network_alert(kIp, at(kHourUs))));
  EXPECT_FALSE(fires(network_alert(kIp, at(15 * kHourUs))));
  const Event event = sign_in(kIp, at(3 * kHourUs));
  EXPECT_TRUE(fires(event));
  EXPECT_EQ(said(event),
            "alice@example.com signed in from 1.2.3.4 2 h after a network alert was raised on it")
      << "of the older one the time is known and the name is not";
}

TEST_F(PairMatchTest, TheWindowEndsToTheSecond) {
  EXPECT_FALSE(fires(network_alert(kIp, at(0))));
  EXPECT_FALSE(fires(sign_in(kIp, at(8 * kHourUs + kSecondUs))));
  EXPECT_TRUE(fires(sign_in(kIp, at(8 * kHourUs))));
  EXPECT_FALSE(fires(network_alert("5.6.7.8", at(8 * kHourUs))));
  EXPECT_FALSE(fires(sign_in("5.6.7.8", at(-kSecondUs))));
  EXPECT_TRUE(fires(sign_in("5.6.7.8", at(0))));
}

TEST_F(PairMatchTest, ASignInThatWasToldIsNotToldAgainByTheNextNetworkAlert) {
  EXPECT_FALSE(fires(network_alert(kIp, at(0))));
  EXPECT_TRUE(fires(sign_in(kIp, at(kHourUs))));
  const Event again = network_alert(kIp, at(2 * kHourUs));
  EXPECT_FALSE(fires(again));
  EXPECT_TRUE(evidence[0].applies) << "it is still evidence beside another rule's alert";
  EXPECT_EQ(said(again),
            "alice@example.com signed in from 1.2.3.4 1 h before \"SCAN SSH\" was raised on it");
  EXPECT_TRUE(fires(sign_in(kIp, at(3 * kHourUs), "bob")));
}

TEST_F(PairMatchTest, AHundredEventsAreAPersonOneMoreIsAGateway) {
  EXPECT_FALSE(fires(network_alert(kIp, at(0))));
  for (int i = 2; i <= 110; ++i) {
    EXPECT_EQ(fires(sign_in(kIp, at(i * 4 * kMinuteUs))), i <= 100) << i;
  }
  // The next day it is nobody's gateway any more.
  EXPECT_FALSE(fires(sign_in(kIp, at(24 * kHourUs))));
  EXPECT_TRUE(fires(network_alert(kIp, at(25 * kHourUs))));
}

TEST_F(PairMatchTest, ALateEventIsCountedInTheWindowOfTheNewerOne) {
  for (int i = 0; i < 100; ++i) fires(sign_in(kIp, at(i * 4 * kMinuteUs)));
  EXPECT_FALSE(fires(network_alert(kIp, at(-kMinuteUs)))) << "the newest is 6 h 36 min later";
}

TEST_F(PairMatchTest, OneDataSetAloneIsNoSecondOpinion) {
  EXPECT_FALSE(fires(network_alert(kIp, at(0), "suricata.eve")));
  EXPECT_FALSE(fires(network_alert(kIp, at(kHourUs), "zeek.notice"))) << "no sign-in";
  EXPECT_FALSE(fires(sign_in("5.6.7.8", at(0), "alice", "feed")));
  EXPECT_FALSE(fires(network_alert("5.6.7.8", at(kHourUs), "feed")));
  EXPECT_TRUE(fires(network_alert("5.6.7.8", at(2 * kHourUs), "suricata.eve")));
}

TEST_F(PairMatchTest, AnotherDataSetsAlertIsFoundBehindOnesOwn) {
  EXPECT_FALSE(fires(network_alert(kIp, at(0), "feed")));
  EXPECT_FALSE(fires(network_alert(kIp, at(kHourUs), "suricata.eve")));
  EXPECT_FALSE(fires(network_alert(kIp, at(2 * kHourUs), "feed")));
  const Event event = sign_in(kIp, at(3 * kHourUs), "alice", "feed");
  EXPECT_TRUE(fires(event));
  EXPECT_EQ(said(event), "alice signed in from 1.2.3.4 2 h after a network alert was raised on it");
}

TEST_F(PairMatchTest, FailuresAndOtherAddressesDoNotCount) {
  EXPECT_FALSE(fires(network_alert(kIp, at(0))));
  Event failed = sign_in(kIp, at(kHourUs));
  failed.outcome = Outcome::failure;
  EXPECT_FALSE(fires(failed));
  EXPECT_FALSE(fires(sign_in("1.2.3.5", at(kHourUs))));
}

TEST_F(PairMatchTest, Ipv6AndTheSameAddressInOtherLetters) {
  EXPECT_FALSE(fires(network_alert("2A00:0:0:1::0009", at(0))));
  EXPECT_FALSE(fires(sign_in("2a00:0:0:1::8", at(kHourUs))));
  const Event event = sign_in("2a00:0:0:1::9", at(0));
  EXPECT_TRUE(fires(event));
  EXPECT_EQ(said(event),
            "alice@example.com signed in from 2a00:0:0:1::9 as \"SCAN SSH\" was raised on it");
  EXPECT_FALSE(fires(network_alert("::ffff:5.6.7.8", at(0))));
  EXPECT_TRUE(fires(sign_in("5.6.7.8", at(kHourUs)))) << "IPv4 within IPv6 is that IPv4 address";
}

TEST_F(PairMatchTest, TheFarEndOfAnAlertFromInsideIsTheSuspiciousParty) {
  Event alert = network_alert("10.0.0.5", at(0));
  alert[Field::destination_address] = kIp;
  EXPECT_FALSE(fires(alert));
  EXPECT_FALSE(fires(sign_in("10.0.0.5", at(kHourUs)))) << "private addresses are no party";
  const Event event = sign_in(kIp, at(kHourUs));
  EXPECT_TRUE(fires(event));
  // And when the alert comes last.
  EXPECT_FALSE(fires(sign_in("2a00::9", at(0))));
  alert[Field::destination_address] = "2a00::9";
  EXPECT_TRUE(fires(alert));
  EXPECT_EQ(said(alert),
            "alice@example.com signed in from 2a00::9 as \"SCAN SSH\" was raised on it");
  // A far end that is a name or nonsense is nobody.
  alert[Field::destination_address] = "evil.example";
  EXPECT_FALSE(fires(alert));
}

TEST_F(PairMatchTest, PrivateAddressesAreQuiet) {
  for (const std::string_view ip :
       {"10.0.0.5", "192.168.1.1", "172.16.0.9", "100.64.0.1", "169.254.1.1", "203.0.113.9",
        "127.0.0.1", "fe80::1", "::1", "fd00::5", "2001:db8::1"}) {
    EXPECT_FALSE(fires(network_alert(ip, at(0)))) << ip;
    EXPECT_FALSE(fires(sign_in(ip, at(kHourUs)))) << ip;
    EXPECT_FALSE(fires(network_alert(ip, at(kHourUs)))) << ip;
  }
}

TEST(PairMatch, AnyScopeTakesPrivateAddressesAsWell) {
  std::string tables = kPairTables;
  tables.replace(tables.find("score"), 0, "scope = \"any\"\n");
  MatchRules match(match_rule(tables));
  ASSERT_TRUE(match.mistakes.empty()) << match.mistakes.front().message();
  EXPECT_FALSE(match.fires(network_alert("10.0.0.5", at(0))));
  EXPECT_TRUE(match.fires(sign_in("10.0.0.5", at(kHourUs))));
}

TEST(PairMatch, JoinsOnAnyView) {
  std::string tables = kPairTables;
  tables.replace(tables.find("source.ip"), 9, "user.name");
  MatchRules match(match_rule(tables));
  Event alert = network_alert("10.0.0.5", at(0));
  EXPECT_FALSE(match.fires(alert)) << "nobody to match by";
  alert[Field::user_name] = "alice";
  EXPECT_FALSE(match.fires(alert));
  const Event event = sign_in("10.0.0.9", at(kHourUs), "alice");
  EXPECT_TRUE(match.fires(event));
  EXPECT_EQ(match.said(event),
            "alice signed in from alice 1 h after \"SCAN SSH\" was raised on it");
}

TEST_F(PairMatchTest, LongNamesAreCut) {
  const std::string user(1'000'000, 'u');
  EXPECT_FALSE(fires(sign_in(kIp, at(0), user)));
  EXPECT_TRUE(fires(network_alert(kIp, at(kHourUs))));
  EXPECT_EQ(evidence[0].pair.user, std::string(64, 'u'));
}

TEST_F(PairMatchTest, TheAlertsDocumentNamesBoth) {
  fires(sign_in(kIp, at(0)));
  const Event event = network_alert(kIp, at(kHourUs));
  ASSERT_TRUE(fires(event));
  std::string document;
  append_alert_document({event, evidence[0], evidence, 80, 1}, document);
  EXPECT_NE(
      document.find(R"("match":{"value":"1.2.3.4","events":2,)"
                    R"("raised":{"rule":"SCAN SSH","@timestamp":"2026-03-02T09:00:00.000000Z"},)"
                    R"("signed_in":{"user":"alice@example.com","action":"UserLoggedIn",)"
                    R"("@timestamp":"2026-03-02T08:00:00.000000Z"}})"),
      std::string::npos)
      << document;
}

TEST(PairMatch, MistakesAreNamedWithFileAndLine) {
  const auto told = [](const std::string& toml) {
    std::vector<std::string> out;
    for (const Error& mistake : MatchRules(match_rule(toml)).mistakes) {
      out.push_back(mistake.message());
    }
    return out;
  };
  using Mistakes = std::vector<std::string>;
  EXPECT_EQ(told(R"([match]
by = "source.planet"
window = "soon"
most = 1000
scope = "local"
[match.one]
event.shoe = "x"
)"),
            (Mistakes{"r.toml:7: by: no such view: \"source.planet\"",
                      "r.toml:8: window: expected a duration from 1m to 30d",
                      "r.toml:9: most: expected a whole number from 2 to 250",
                      "r.toml:10: scope: expected \"public\" or \"any\"",
                      "r.toml:12: event.shoe: no such field",
                      "r.toml:6: other: expected a table [match.other] with conditions"}));
}

}  // namespace
}  // namespace doorward
