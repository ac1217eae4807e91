// Journeys too fast to be true: distances, limits, late events, usual places, bounds.
#include <gtest/gtest.h>

#include <cmath>

#include "plugins/alert.h"
#include "plugins/detectors/sequence/last_places.h"
#include "plugins/geo/great_circle.h"
#include "plugins/rule_set.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

struct Spot {
  const char* city;
  const char* country;
  float latitude;
  float longitude;
};
constexpr Spot kBerlin = {"Berlin", "DE", 52.52F, 13.41F};
constexpr Spot kStockholm = {"Stockholm", "SE", 59.33F, 18.07F};
constexpr Spot kAshburn = {"Ashburn", "US", 39.04F, -77.49F};
constexpr Spot kTokyo = {"Tokyo", "JP", 35.68F, 139.69F};

/// On the equator; a degree of it is 111.195 km.
constexpr Spot on_equator(float longitude) {
  return {"", "", 0, longitude};
}

class Travel : public testing::Test {
 protected:
  Travel() {
    std::vector<Error> mistakes;
    const std::string settings = "by = \"user.name\"\nfaster_than_kmh = 900\nleast_km = 500\n";
    const std::vector<RuleText> texts = {{"travel.toml",
                                          "id = \"t\"\nname = \"t\"\ndescription = \"t\"\n"
                                          "detector = \"sequence\"\n[sequence]\n" +
                                              settings}};
    rules_ = std::make_unique<RuleSet>(texts, HashKey{}, mistakes);
    EXPECT_TRUE(mistakes.empty()) << mistakes.front().message();
    state_ = std::make_unique<LiveState>(rules_->make_state());
    evidence_.resize(1);
  }

  /// What the rule says of a logon; empty when it stays quiet.
  std::string logon(const std::string& user, const std::string& time, const Spot& spot) {
    Event event;
    event.time = *parse_time(time);
    event.outcome = Outcome::success;
    event[Field::user_name] = user;
    event[Field::geo_city] = spot.city;
    event[Field::geo_country] = spot.country;
    event.latitude = spot.latitude;
    event.longitude = spot.longitude;
    EventKeys keys;
    const RuleMask mask = rules_->prepare(event, keys);
    rules_->observe(event, keys, mask, *state_);
    rules_->score(event, keys, mask, baseline_, *state_, evidence_);
    if (!evidence_[0].applies) return {};
    EXPECT_GE(score_of(evidence_[0].p_value), 75);
    EXPECT_LT(score_of(evidence_[0].p_value), 75.01);
    return evidence_phrase(evidence_[0], event);
  }

  std::unique_ptr<RuleSet> rules_;
  std::unique_ptr<LiveState> state_;
  Baseline baseline_ = std::move(Baseline::make({})).value();
  std::vector<Evidence> evidence_;
};

TEST(GreatCircle, KnownDistances) {
  EXPECT_NEAR(great_circle_km(52.52, 13.41, 59.33, 18.07), 811, 2);
  EXPECT_NEAR(great_circle_km(51.5, -0.13, 40.71, -74.01), 5570, 10);
  EXPECT_NEAR(great_circle_km(0, 179.5, 0, -179.5), 111.2, 0.1) << "over the date line";
  EXPECT_NEAR(great_circle_km(89.5, 0, 89.5, 180), 111.2, 0.1) << "over the pole";
  EXPECT_NEAR(great_circle_km(0, 0, 0, 180), kFarthestKm, 0.1);
  EXPECT_NEAR(great_circle_km(-90, 0, 90, 77), kFarthestKm, 0.1);
  EXPECT_EQ(great_circle_km(12.5, 13.5, 12.5, 13.5), 0);
}

TEST_F(Travel, SaysFromWhereHowFarAndHowFast) {
  EXPECT_EQ(logon("alice", "2026-03-02T08:00:00Z", kBerlin), "");
  EXPECT_EQ(logon("alice", "2026-03-02T08:20:00Z", kStockholm),
            "in Stockholm, SE 20 minutes after Berlin, DE, 811 km away: 2,432 km/h");
  EXPECT_EQ(logon("bob", "2026-03-02T08:21:00Z", kTokyo), "") << "somebody else";
  EXPECT_EQ(logon("bob", "2026-03-02T12:21:00Z", {"", "DE", 52.5F, 13.4F}),
            "in DE 4.0 hours after Tokyo, JP, 8,919 km away: 2,230 km/h");
  EXPECT_EQ(logon("carol", "2026-03-02T08:00:00Z", on_equator(0)), "");
  EXPECT_EQ(logon("carol", "2026-03-02T08:00:01Z", on_equator(10)),
            "in 0.0, 10.0 1 second after 0.0, 0.0, 1,112 km away: 4,003,023 km/h");
  EXPECT_EQ(logon("carol", "2026-03-02T08:00:01Z", on_equator(20)),
            "in 0.0, 20.0 at the same time as in 0.0, 10.0, 1,112 km away");
}

TEST_F(Travel, TheSpeedIsTheLimit) {
  // Nine degrees are 1,000.76 km: at 900 km/h an hour and 403.0 seconds.
  logon("alice", "2026-03-02T08:00:00Z", on_equator(0));
  EXPECT_NE(logon("alice", "2026-03-02T09:06:42Z", on_equator(9)), "");
  logon("bob", "2026-03-02T08:00:00Z", on_equator(0));
  EXPECT_EQ(logon("bob", "2026-03-02T09:06:44Z", on_equator(9)), "");
}

TEST_F(Travel, ShortJourneysAreNotJudged) {
  logon("alice", "2026-03-02T08:00:00Z", on_equator(0));
  EXPECT_EQ(logon("alice", "2026-03-02T08:01:00Z", on_equator(4.49F)), "") << "499 km";
  logon("bob", "2026-03-02T08:00:00Z", on_equator(0));
  EXPECT_NE(logon("bob", "2026-03-02T08:01:00Z", on_equator(4.51F)), "") << "501 km";
}

TEST_F(Travel, TheMiddleOfACountryIsNoPlaceInIt) {
  logon("alice", "2026-03-02T08:00:00Z", kAshburn);
  EXPECT_EQ(logon("alice", "2026-03-02T08:10:00Z", {"", "US", 37.75F, -97.82F}), "");
  EXPECT_NE(logon("alice", "2026-03-02T08:20:00Z", {"", "JP", 36, 138}), "");
  logon("bob", "2026-03-02T08:00:00Z", kAshburn);
  EXPECT_NE(logon("bob", "2026-03-02T08:10:00Z", {"Wichita", "US", 37.69F, -97.34F}), "");
}

TEST_F(Travel, EventsWithoutAPlaceOrUserSayNothing) {
  const float nan = std::nanf("");
  logon("alice", "2026-03-02T08:00:00Z", kBerlin);
  EXPECT_EQ(logon("alice", "2026-03-02T08:10:00Z", {"Tokyo", "JP", nan, nan}), "");
  EXPECT_EQ(logon("alice", "2026-03-02T08:10:00Z", {"Tokyo", "JP", 35, nan}), "");
  EXPECT_EQ(logon("", "2026-03-02T08:10:00Z", kBerlin), "");
  EXPECT_EQ(logon("", "2026-03-02T08:11:00Z", kTokyo), "");
  EXPECT_NE(logon("alice", "2026-03-02T08:20:00Z", kTokyo), "") << "Berlin is still known";
}

TEST_F(Travel, LateEventsAreJudgedAndReplaceNothing) {
  logon("alice", "2026-03-02T08:00:00Z", kBerlin);
  logon("alice", "2026-03-02T12:00:00Z", kBerlin);
  // Four hours late, and between two logons in Berlin.
  EXPECT_EQ(logon("alice", "2026-03-02T11:30:00Z", kStockholm),
            "in Stockholm, SE 30 minutes before Berlin, DE, 811 km away: 1,621 km/h");
  EXPECT_EQ(logon("alice", "2026-03-02T12:01:00Z", kBerlin), "") << "Berlin is still the last";
  EXPECT_NE(logon("alice", "2026-03-02T12:02:00Z", kStockholm), "");
  // A late one that fits what was before and after it.
  logon("bob", "2026-03-02T08:00:00Z", kBerlin);
  logon("bob", "2026-03-02T23:00:00Z", kStockholm);
  EXPECT_EQ(logon("bob", "2026-03-02T12:00:00Z", kStockholm), "");
  // And one that fits what was before it but not what came after.
  logon("carol", "2026-03-02T08:00:00Z", kBerlin);
  logon("carol", "2026-03-02T23:00:00Z", kBerlin);
  EXPECT_NE(logon("carol", "2026-03-02T22:30:00Z", kTokyo), "");
}

TEST_F(Travel, TwoUsualPlacesStayQuietFromTheirThirdDayOn) {
  int alerts = 0;
  for (const char* day : {"02", "03", "04", "05", "06"}) {
    const std::string date = std::string("2026-03-") + day;
    alerts += logon("alice", date + "T08:00:00Z", kBerlin).empty() ? 0 : 1;
    alerts += logon("alice", date + "T08:10:00Z", kAshburn).empty() ? 0 : 1;
  }
  EXPECT_EQ(alerts, 3) << "on the way to Ashburn on the first three days, and never after";
  EXPECT_NE(logon("alice", "2026-03-06T08:30:00Z", kTokyo), "") << "a third place is another thing";
}

TEST_F(Travel, ManyLogonsOfOneDayMakeNothingUsual) {
  for (const char* day : {"02", "03", "04", "05"}) {
    logon("alice", std::string("2026-03-") + day + "T08:00:00Z", kBerlin);
  }
  for (int minute = 10; minute < 60; ++minute) {
    logon("alice", "2026-03-06T09:" + std::to_string(minute) + ":00Z", kTokyo);
  }
  EXPECT_NE(logon("alice", "2026-03-06T10:00:00Z", kBerlin), "");
  EXPECT_NE(logon("alice", "2026-03-06T10:01:00Z", kTokyo), "");
}

TEST_F(Travel, UsualPlacesAreForgottenAfterAMonth) {
  for (const char* day : {"02", "03", "04"}) {
    logon("alice", std::string("2026-03-") + day + "T08:00:00Z", kBerlin);
    logon("alice", std::string("2026-03-") + day + "T08:10:00Z", kAshburn);
  }
  EXPECT_EQ(logon("alice", "2026-03-05T08:00:00Z", kBerlin), "");
  for (const char* time : {"2026-03-25T08:00:00Z", "2026-04-03T08:10:01Z"}) {
    logon("alice", time, kBerlin);
  }
  EXPECT_NE(logon("alice", "2026-04-03T08:20:00Z", kAshburn), "");
}

TEST_F(Travel, OnlyTheLastPlacesAreKept) {
  // Ten hours apart: 9,000 km are possible, and these are far less.
  const std::array<Spot, 5> spots = {on_equator(0), on_equator(10), on_equator(20), on_equator(30),
                                     on_equator(40)};
  TimeUs time = *parse_time("2026-03-02T00:00:00Z");
  for (int round = 0; round < 12; ++round) {
    for (const Spot& spot : spots) {
      EXPECT_EQ(logon("alice", format_time(time), spot), "");
      time += 10 * 3600 * kSecondUs;
    }
  }
  // Five places in turn in room for four: none comes to three days, so a jump is still seen.
  EXPECT_NE(logon("alice", format_time(time - 10 * 3600 * kSecondUs + 60 * kSecondUs), spots[0]),
            "");
}

TEST_F(Travel, AFloodOfUsersIsBoundedAndABusyUserIsKept) {
  const std::size_t bytes = state_->bytes();
  EXPECT_LT(bytes, 4U << 20);
  for (int i = 0; i < 20; ++i) {
    logon("alice", "2026-03-02T08:00:" + std::to_string(10 + i) + "Z", kBerlin);
  }
  const TimeUs start = *parse_time("2026-03-02T08:10:00Z");
  for (int i = 0; i < 100'000; ++i) {
    logon("forged" + std::to_string(i), format_time(start + i * 1000), kTokyo);
  }
  EXPECT_EQ(rules_->make_state().bytes(), bytes);
  EXPECT_NE(logon("alice", "2026-03-02T08:20:00Z", kTokyo), "");
}

TEST_F(Travel, LongNamesAreCutBetweenCharacters) {
  const std::string city = "Llanfairpwllgwyngyllgogerychwyrndrobwllll\xc3\xa4ntysiliogogogoch";
  logon("alice", "2026-03-02T08:00:00Z", {city.c_str(), "GB", 53.2F, -4.2F});
  const std::string phrase = logon("alice", "2026-03-02T08:01:00Z", kTokyo);
  EXPECT_TRUE(
      phrase.starts_with("in Tokyo, JP 60 seconds after "
                         "Llanfairpwllgwyngyllgogerychwyrndrobwllll, GB, "))
      << phrase;
}

TEST(TravelRule, MistakesNameTheirPlace) {
  std::vector<Error> mistakes;
  const auto rule = [](const std::string& settings) {
    return RuleText{"t.toml",
                    "id = \"t\"\nname = \"t\"\ndescription = \"t\"\ndetector = \"sequence\"\n"
                    "[sequence]\n" +
                        settings};
  };
  const std::vector<RuleText> texts = {
      rule("by = \"user.planet\"\nfaster_than_kmh = 900\n"),
      rule("by = \"user.name\"\nfaster_than_kmh = -1\n"),
      rule("by = \"user.name\"\nfaster_than_kmh = 900\nleast_miles = 3\n")};
  const RuleSet rules(texts, HashKey{}, mistakes);
  ASSERT_EQ(mistakes.size(), 3U);
  EXPECT_EQ(mistakes[0].message(), "t.toml:6: by: no such view: \"user.planet\"");
  EXPECT_TRUE(mistakes[1].message().starts_with("t.toml:7: faster_than_kmh: "));
  EXPECT_TRUE(mistakes[2].message().starts_with("t.toml:8: "));
  EXPECT_EQ(rules.size(), 0U);
}

}  // namespace
}  // namespace doorward
