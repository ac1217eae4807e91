#include "plugins/timezone.h"

#include <gtest/gtest.h>

namespace doorward {
namespace {

// Seconds since 1970 of wall clocks of 2026. Clocks in Berlin go forward on March 29 at 02:00 and
// back on October 25 at 03:00.
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kMarch29 = 1774742400;
constexpr std::int64_t kOctober25 = 1792886400;

TEST(TimeZone, FixedOffsets) {
  struct Row {
    const char* text;
    std::int32_t offset;
  };
  for (const Row& row :
       {Row{"UTC", 0}, Row{"Z", 0}, Row{"+00:00", 0}, Row{"+02:00", 7200}, Row{"-0330", -12600},
        Row{"+05:45", 20700}, Row{"-12", -43200}, Row{"+14:00", 50400}, Row{"+23:59", 86340}}) {
    Result<TimeZone> zone = TimeZone::parse(row.text);
    ASSERT_TRUE(zone.ok()) << row.text;
    EXPECT_EQ(zone.value().offset_at_local(0), row.offset) << row.text;
    EXPECT_EQ(zone.value().offset_at_utc(kMarch29), row.offset) << row.text;
  }
}

TEST(TimeZone, Errors) {
  for (const char* text : {"", "+", "+2", "+2:00", "+02:0", "+02:60", "+24:00", "+0a:00", "+02:00x",
                           "++2:00", "02:00", "Europe/Nowhere", "../etc/passwd", "/etc/localtime",
                           "Europe/../Europe/Berlin", "Europe", "zone.tab", "Europe/Berlin\n"}) {
    const Result<TimeZone> zone = TimeZone::parse(text);
    ASSERT_FALSE(zone.ok()) << text;
    EXPECT_NE(zone.error().what, "");
  }
}

TEST(TimeZone, BerlinInWinterAndSummer) {
  Result<TimeZone> parsed = TimeZone::parse("Europe/Berlin");
  ASSERT_TRUE(parsed.ok());
  TimeZone zone = parsed.value();
  EXPECT_EQ(zone.offset_at_local(kMarch29 - 40 * kHour), 3600);
  EXPECT_EQ(zone.offset_at_local(kMarch29 + 40 * kHour), 7200);
  EXPECT_EQ(zone.offset_at_utc(kMarch29 + kHour - 1), 3600);
  EXPECT_EQ(zone.offset_at_utc(kMarch29 + kHour), 7200);
}

TEST(TimeZone, TheSkippedHourHasTheOffsetBefore) {
  TimeZone zone = TimeZone::parse("Europe/Berlin").value();
  EXPECT_EQ(zone.offset_at_local(kMarch29 + 2 * kHour - 1), 3600);
  EXPECT_EQ(zone.offset_at_local(kMarch29 + 2 * kHour), 3600);
  EXPECT_EQ(zone.offset_at_local(kMarch29 + 3 * kHour - 1), 3600);
  EXPECT_EQ(zone.offset_at_local(kMarch29 + 3 * kHour), 7200);
}

TEST(TimeZone, TheRepeatedHourIsItsFirstPass) {
  TimeZone zone = TimeZone::parse("Europe/Berlin").value();
  EXPECT_EQ(zone.offset_at_local(kOctober25 + 2 * kHour - 1), 7200);
  EXPECT_EQ(zone.offset_at_local(kOctober25 + 2 * kHour), 7200);
  EXPECT_EQ(zone.offset_at_local(kOctober25 + 3 * kHour - 1), 7200);
  EXPECT_EQ(zone.offset_at_local(kOctober25 + 3 * kHour), 3600);
}

TEST(TimeZone, CopiesAndOrderDoNotMatter) {
  TimeZone zone = TimeZone::parse("Europe/Berlin").value();
  TimeZone copy = zone;
  for (std::int64_t hour = 0; hour < 24 * 400; ++hour) {
    const std::int64_t local = kMarch29 + (hour * 7919 % (24 * 400)) * kHour;
    EXPECT_EQ(zone.offset_at_local(local), TimeZone(copy).offset_at_local(local));
  }
}

TEST(TimeZone, OnlyOneNamedZoneAtATime) {
  ASSERT_TRUE(TimeZone::parse("Europe/Berlin").ok());
  EXPECT_TRUE(TimeZone::parse("Europe/Berlin").ok());
  const Result<TimeZone> other = TimeZone::parse("Asia/Tokyo");
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().what.find("Europe/Berlin"), std::string::npos);
  EXPECT_TRUE(TimeZone::parse("+09:00").ok());
}

}  // namespace
}  // namespace doorward
