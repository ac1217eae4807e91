// Views, filters and times: what rules are written in.
#include <gtest/gtest.h>

#include "plugins/example_event.h"
#include "plugins/filter.h"
#include "plugins/time_text.h"
#include "plugins/view.h"

namespace doorward {
namespace {

Event event_of(const std::vector<FieldValue>& pairs) {
  const Result<Event> event = example_event(pairs);
  EXPECT_TRUE(event.ok()) << event.error().message();
  return event.value();
}

TEST(View, NamesGoBothWays) {
  for (const char* name : {"user.name", "source.ip", "source.ip/net", "source.ip/wide", "host.name",
                           "host.name/class", "source.ip/scope", "credential", "hour_of_week",
                           "hour_of_day", "fleet", "doorward.method", "event.action"}) {
    const std::optional<View> view = View::from_name(name);
    ASSERT_TRUE(view) << name;
    EXPECT_EQ(view->name(), name);
  }
  for (const char* name : {"", "user", "source.ip/16", "event.original", "hour"}) {
    EXPECT_FALSE(View::from_name(name)) << name;
  }
}

TEST(View, TextOfEachCut) {
  const std::vector<FieldValue> pairs = {{"@timestamp", "2026-11-20T03:12:00Z"},
                                         {"source.ip", "203.0.113.9"},
                                         {"host.name", "db-04.example.org"},
                                         {"doorward.method", "password"}};
  const Event event = event_of(pairs);
  const auto text = [&](const char* name) { return view_text(*View::from_name(name), event); };
  EXPECT_EQ(text("source.ip"), "203.0.113.9");
  EXPECT_EQ(text("source.ip/net"), "203.0.113.0/24");
  EXPECT_EQ(text("source.ip/wide"), "203.0.0.0/16");
  EXPECT_EQ(text("host.name/class"), "db-");
  EXPECT_EQ(text("credential"), "password");
  EXPECT_EQ(text("hour_of_week"), "Friday 03:00");
  EXPECT_EQ(text("hour_of_day"), "03:00");
  EXPECT_EQ(text("user.name"), "");

  const std::vector<FieldValue> six = {{"source.ip", "2001:db8:1:2:3::4"}};
  const Event other = event_of(six);
  EXPECT_EQ(view_text(*View::from_name("source.ip/net"), other), "2001:db8:1:2::/64");
  EXPECT_EQ(view_text(*View::from_name("source.ip/wide"), other), "2001:db8:1::/48");
}

TEST(View, EqualViewsHashAlikeAndOthersDoNot) {
  ViewTable views(HashKey{});
  const std::uint8_t ip = *views.add(*View::from_name("source.ip"));
  const std::uint8_t net = *views.add(*View::from_name("source.ip/net"));
  const std::uint8_t user = *views.add(*View::from_name("user.name"));
  EXPECT_EQ(*views.add(*View::from_name("source.ip")), ip) << "a view is there once";
  const std::vector<FieldValue> a = {{"source.ip", "203.0.113.9"}, {"user.name", "alice"}};
  const std::vector<FieldValue> b = {{"source.ip", "203.0.113.10"}, {"user.name", "alice"}};
  EventKeys of_a;
  EventKeys of_b;
  views.compute(event_of(a), of_a);
  views.compute(event_of(b), of_b);
  EXPECT_EQ(of_a.hash[user], of_b.hash[user]);
  EXPECT_EQ(of_a.hash[net], of_b.hash[net]);
  EXPECT_FALSE(of_a.hash[ip] == of_b.hash[ip]);
  EXPECT_FALSE(of_a.hash[ip] == of_a.hash[net]);
  // Under another key nothing is alike.
  HashKey secret;
  secret.bytes[0] = 1;
  ViewTable keyed(secret);
  keyed.add(*View::from_name("source.ip"));
  EventKeys under_secret;
  keyed.compute(event_of(a), under_secret);
  EXPECT_FALSE(under_secret.hash[0] == of_a.hash[ip]);
}

TEST(View, WhatAnEventDoesNotHaveIsNone) {
  ViewTable views(HashKey{});
  const std::uint8_t net = *views.add(*View::from_name("source.ip/net"));
  const std::uint8_t credential = *views.add(*View::from_name("credential"));
  EventKeys keys;
  views.compute(event_of({}), keys);
  EXPECT_TRUE(keys.hash[net].none());
  EXPECT_TRUE(keys.hash[credential].none());
}

TEST(View, HourOfWeekBeginsOnMondayAndGoesRound) {
  EXPECT_EQ(hour_of_week(*parse_time("2026-11-16T00:00:00Z")), 0);
  EXPECT_EQ(hour_of_week(*parse_time("2026-11-22T23:59:59Z")), 167);
  EXPECT_EQ(hour_of_week(*parse_time("1969-12-31T23:00:00Z")), 2 * 24 + 23);
  const ViewTable views(HashKey{});
  EXPECT_EQ(views.hour_hash(Cut::hour_of_week, -1), views.hour_hash(Cut::hour_of_week, 167));
  EXPECT_EQ(views.hour_hash(Cut::hour_of_day, 25), views.hour_hash(Cut::hour_of_day, 1));
}

TEST(Glob, StarsStandForAnyBytes) {
  EXPECT_TRUE(glob_match("svc-*", "svc-backup"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a*b*c", "aXXbYYbZc"));
  EXPECT_TRUE(glob_match("exact", "exact"));
  EXPECT_FALSE(glob_match("exact", "exactly"));
  EXPECT_FALSE(glob_match("svc-*", "xsvc-a"));
  EXPECT_FALSE(glob_match("a*b", "a"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("web-0?", "web-01"));  // no sign but the star
  EXPECT_TRUE(glob_match("web-0?", "web-0?"));
}

TEST(Time, ReadsAndWritesRfc3339) {
  const TimeUs time = *parse_time("2026-11-20T08:15:00.123456Z");
  EXPECT_EQ(format_time(time), "2026-11-20T08:15:00.123456Z");
  EXPECT_EQ(*parse_time("2026-11-20 09:15:00.123456+01:00"), time);
  EXPECT_EQ(*parse_time("2026-11-20T03:45:00.123456-0430"), time);
  EXPECT_EQ(format_time(*parse_time("2024-02-29")), "2024-02-29T00:00:00.000000Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999999Z");
  for (const char* bad : {"", "2026", "2026-13-01", "2025-02-29", "2026-11-20T25:00", "yesterday",
                          "2026-11-20T08:15:00.Z", "2026-11-20T08:15:00+1", "-026-11-20"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Time, ReadsDurations) {
  EXPECT_EQ(*parse_duration("90s"), 90 * kSecondUs);
  EXPECT_EQ(*parse_duration("15m"), 900 * kSecondUs);
  EXPECT_EQ(*parse_duration("7d"), 7 * 86'400 * kSecondUs);
  for (const char* bad : {"", "7", "d", "-1h", "1w", "99999d", "1.5h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace doorward
