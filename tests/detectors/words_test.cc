// Words of the sentences that people read at night.
#include "plugins/detectors/words.h"

#include <gtest/gtest.h>

#include <array>

#include "plugins/count_words.h"

namespace doorward {
namespace {

TEST(Words, OddsAreReadableAndNoMorePreciseThanKnown) {
  EXPECT_EQ(one_in(1), "");
  EXPECT_EQ(one_in(0.7), "");
  EXPECT_EQ(one_in(0.5), " (1 in 2)");
  EXPECT_EQ(one_in(1.0 / 480), " (1 in 480)");
  EXPECT_EQ(one_in(1.0 / 999.7), " (1 in 1,000)");
  EXPECT_EQ(one_in(1.0 / 1708), " (1 in 1,700)");
  EXPECT_EQ(one_in(1.0 / 9960), " (1 in 10,000)");
  EXPECT_EQ(one_in(1.0 / 16834), " (1 in 17,000)");
  EXPECT_EQ(one_in(1.0 / 996'000), " (1 in 1,000,000)");
  EXPECT_EQ(one_in(1e-13), " (less than 1 in a million)");
  EXPECT_EQ(one_in(1e-300), " (less than 1 in a million)");
}

TEST(Words, EveryNounHasItsPluralAndArticle) {
  struct Case {
    const char* view;
    const char* many;
    const char* one;
  };
  constexpr std::array<Case, 14> kCases = {{
      {"source.ip", "addresses", "an address"},
      {"source.ip/net", "networks", "a network"},
      {"user.name", "users", "a user"},
      {"user.id", "identities", "an identity"},
      {"host.name", "hosts", "a host"},
      {"host.name/class", "kinds of host", "a kind of host"},
      {"doorward.key_fingerprint", "keys", "a key"},
      {"doorward.method", "methods", "a method"},
      {"event.action", "actions", "an action"},
      {"error.code", "errors", "an error"},
      {"hour_of_week", "hours", "an hour"},
      {"source.geo.city_name", "cities", "a city"},
      {"source.geo.country_iso_code", "countries", "a country"},
      {"source.as.number", "network operators", "a network operator"},
  }};
  for (const Case& one : kCases) {
    const std::optional<View> view = View::from_name(one.view);
    ASSERT_TRUE(view) << one.view;
    EXPECT_EQ(plural(noun_of(*view)), one.many) << one.view;
    EXPECT_EQ(with_article(noun_of(*view)), one.one) << one.view;
  }
}

}  // namespace
}  // namespace doorward
