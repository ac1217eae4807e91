// Stamps and heads of syslog lines.
#include <gtest/gtest.h>

#include "plugins/sources/authlog/stamp.h"
#include "tests/sources/authlog_feeder.h"

namespace doorward::testing_authlog {
namespace {

using authlog::StampReader;

/// 2026-02-09T21:19:40Z
constexpr TimeUs kNoon = 1770671980 * kSecondUs;

Stamp read(std::string_view line, TimeZone zone = {}, int year = 2026) {
  StampReader reader(zone);
  InputState input;
  input.year = year;
  return reader.read(line, input);
}

TEST(AuthlogStamp, Forms) {
  struct Row {
    const char* line;
    TimeUs time;
    std::uint32_t length;
  };
  const Row rows[] = {
      {"Feb  9 21:19:40 h p: m", kNoon, 15},
      {"Feb 09 21:19:40 h p: m", kNoon, 15},
      {"Feb 9 21:19:40 h p: m", kNoon, 14},
      {"Feb  9 21:19:40.25 h p: m", kNoon + 250'000, 18},
      {"Feb  9 2026 21:19:40 h p: m", kNoon, 20},
      {"<86>Feb  9 21:19:40 h p: m", kNoon, 19},
      {"2026-02-09T21:19:40Z h p: m", kNoon, 20},
      {"2026-02-09t21:19:40z h p: m", kNoon, 20},
      {"2026-02-09 21:19:40 h p: m", kNoon, 19},
      {"2026-02-09T21:19:40.1 h p: m", kNoon + 100'000, 21},
      {"2026-02-09T21:19:40.123456789Z h p: m", kNoon + 123'456, 30},
      {"2026-02-09T21:19:40,123Z h p: m", kNoon + 123'000, 24},
      {"2026-02-09T22:49:40+01:30 h p: m", kNoon, 25},
      {"2026-02-09T22:49:40+0130 h p: m", kNoon, 24},
      {"2026-02-09T19:19:40-02 h p: m", kNoon, 22},
      {"2026-02-09T21:19:40.5-00:00 h p: m", kNoon + 500'000, 27},
      {"<86>2026-02-09T21:19:40Z h p: m", kNoon, 24},
      {"<86>1 2026-02-09T21:19:40Z h p 1 - - m", kNoon, 26},
      {"<0>1 2026-02-09T21:19:40.000003+00:00 h p 1 - - m", kNoon + 3, 37},
      {"2016-12-31T23:59:60Z h p: m", 1483228800 * kSecondUs, 20},
      {"1969-12-31T23:59:59Z h p: m", -1 * kSecondUs, 20},
      {"2024-02-29T00:00:00Z h p: m", 1709164800 * kSecondUs, 20},
      {"2000-02-29T00:00:00Z h p: m", 951782400 * kSecondUs, 20},
      {"2026-02-09T21:19:40Z", kNoon, 20},
  };
  for (const Row& row : rows) {
    const Stamp stamp = read(row.line);
    EXPECT_EQ(stamp.time, row.time) << row.line;
    EXPECT_EQ(stamp.length, row.length) << row.line;
  }
}

// What the reader remembers of the line before changes nothing: each line as by a reader of its
// own.
TEST(AuthlogStamp, OneAfterTheOther) {
  const char* const lines[] = {
      "2026-02-09T21:19:40Z m",     "2026-02-09T21:19:41.5+01:00 m",
      "2026-02-09T21:19:40 m",      "2026-02-09T21:19:60Z m",
      "2026-02-09T21:19:61Z m",     "2026-02-09T21:19:4xZ m",
      "2026-02-09T21:19:59-0530 m", "2026-02-09T21:19:59.Z m",
      "2026-02-09T21:20:00Z m",     "2026-02-30T21:20:00Z m",
      "2026-02-09T21:20:01Zm",      "<86>1 2026-02-09T21:20:07Z h",
      "2026-02-09 21:20:08 m",      "2026-02-09 21:20:09Z m",
      "2026-02-09t21:20:09z m",     "Feb  9 21:19:40 h p: m",
      "2026-02-09T21:20:10Z m",     "2026-02-09T21-20:10Z m",
      "2026-02-09T24:20:10Z m",     "2026-02-09T21:20:11.1234567890Z m",
      "2026-02-10T21:20:11Z m",     "2025-02-10T21:20:11+25:00 m",
      "2025-02-10T21:20:12+02 m",
  };
  StampReader reader{TimeZone{}};
  InputState input;
  input.year = 2026;
  int stamps = 0;
  for (const char* line : lines) {
    const Stamp here = reader.read(line, input);
    const Stamp alone = read(line);
    EXPECT_EQ(here.time, alone.time) << line;
    EXPECT_EQ(here.length, alone.length) << line;
    if (alone.time != kNoTime) ++stamps;
  }
  EXPECT_EQ(stamps, 14);
}

TEST(AuthlogStamp, NoStamp) {
  for (const char* line : {"",
                           " ",
                           "x",
                           "Feb",
                           "Feb  9",
                           "Feb  9 21:19",
                           "Feb  9 21:19:4 h",
                           "feb  9 21:19:40 h",
                           "Feb 30 21:19:40 h",
                           "Feb  0 21:19:40 h",
                           "Feb 29 21:19:40 h",
                           "Apr 31 21:19:40 h",
                           "Feb  9 24:00:00 h",
                           "Feb  9 21:60:40 h",
                           "Feb  9 21:19:61 h",
                           "Feb  9 21-19-40 h",
                           "Feb 9  21:19:40 h",
                           "Feb 123 21:19:40 h",
                           "Feb  9 21:19:40x h",
                           "Feb  9 21:19:40. h",
                           "Feb 29 2025 21:19:40 h",
                           "Feb  9 21:19:40.1234567890 h",
                           "Foo  9 21:19:40 h",
                           "2026-02-30T21:19:40Z h",
                           "2025-02-29T21:19:40Z h",
                           "1900-02-29T00:00:00Z h",
                           "2026-13-01T21:19:40Z h",
                           "2026-00-01T21:19:40Z h",
                           "2026-02-00T21:19:40Z h",
                           "2026-02-09T24:19:40Z h",
                           "2026-02-09T21:19:40+24:00 h",
                           "2026-02-09T21:19:40+01:60 h",
                           "2026-02-09T21:19:40+1 h",
                           "2026-02-09T21:19:40+01: h",
                           "2026-02-09T21:19:40.Z h",
                           "2026-02-09T21:19:40.1234567890Z h",
                           "2026-02-09T21:19:40Zx h",
                           "2026/02/09 21:19:40 h",
                           "2026-02-09_21:19:40 h",
                           "<86>",
                           "<86>1 ",
                           "<86>1 - h p 1 - - m",
                           "<1234>Feb  9 21:19:40 h",
                           "<>Feb  9 21:19:40 h",
                           "<8x>Feb  9 21:19:40 h",
                           "type=USER_AUTH msg=audit(1.2:3): pid=1",
                           "\xff\xfe\x00",
                           "2026-02-09T21:19:4\xb2Z h"}) {
    EXPECT_EQ(read(line).time, kNoTime) << line;
  }
}

TEST(AuthlogStamp, ZoneOfTheOptionsIsForStampsWithoutOne) {
  const TimeZone east = TimeZone::parse("+02:00").value();
  EXPECT_EQ(read("2026-02-09T23:19:40 h", east).time, kNoon);
  EXPECT_EQ(read("Feb  9 23:19:40 h p", east).time, kNoon);
  EXPECT_EQ(read("2026-02-09T21:19:40Z h", east).time, kNoon);
}

TEST(AuthlogStamp, ClockChangesInBerlin) {
  const TimeZone berlin = TimeZone::parse("Europe/Berlin").value();
  const auto utc = [](std::string_view line) { return read(line).time; };
  struct Row {
    const char* local;
    const char* instant;
  };
  for (const Row& row : {
           Row{"Mar 29 01:59:59", "2026-03-29T00:59:59Z"},
           Row{"Mar 29 02:30:00", "2026-03-29T01:30:00Z"},  // skipped: the offset before
           Row{"Mar 29 03:00:00", "2026-03-29T01:00:00Z"},
           Row{"Oct 25 01:59:59", "2026-10-24T23:59:59Z"},
           Row{"Oct 25 02:30:00", "2026-10-25T00:30:00Z"},  // repeated: the first pass
           Row{"Oct 25 03:00:00", "2026-10-25T02:00:00Z"},
           Row{"2026-10-25T02:30:00.5", "2026-10-25T00:30:00.5Z"},
       }) {
    EXPECT_EQ(read(row.local, berlin).time, utc(row.instant)) << row.local;
  }
}

/// Feeds stamps at noon of the given dates and gives their years.
std::vector<int> years(InputState input, const std::vector<const char*>& dates) {
  StampReader reader{TimeZone{}};
  std::vector<int> all;
  for (const char* date : dates) {
    const Stamp stamp = reader.read(std::string(date) + " 12:00:00 h p: m", input);
    all.push_back(
        stamp.time == kNoTime ? 0 : static_cast<int>(1970 + stamp.time / kSecondUs / 31'556'952));
  }
  return all;
}

InputState starting(int year) {
  InputState input;
  input.year = year;
  return input;
}

/// A file last written at noon of the day that many days after 1970.
InputState ending(std::int64_t day, int year) {
  InputState input;
  input.year = year;
  input.year_is_of_end = true;
  input.end_time = (day * 86'400 + 43'200) * kSecondUs;
  return input;
}

using Years = std::vector<int>;

TEST(AuthlogStamp, YearsGoForwardOverNewYear) {
  EXPECT_EQ(years(starting(2025), {"Nov 30", "Dec 31", "Jan  2", "Jun  1", "Dec 30", "Jan  3"}),
            (Years{2025, 2025, 2026, 2026, 2026, 2027}));
  // A quiet host.
  EXPECT_EQ(years(starting(2025), {"Sep 20", "Mar  3"}), (Years{2025, 2026}));
  EXPECT_EQ(years(starting(2025), {"Dec 20", "Apr  3"}), (Years{2025, 2026}));
}

TEST(AuthlogStamp, DisorderIsNoNewYear) {
  EXPECT_EQ(years(starting(2025), {"Dec 31", "Jan  1", "Dec 31", "Jan  1", "Jan  2"}),
            (Years{2025, 2026, 2025, 2026, 2026}));
  EXPECT_EQ(years(starting(2026), {"Mar  3", "Feb 27", "Mar  4"}), (Years{2026, 2026, 2026}));
  EXPECT_EQ(years(starting(2026), {"Jan  3", "Dec 30", "Jan  4"}), (Years{2026, 2025, 2026}));
  // Not in the first days of January: the year goes on to its end.
  EXPECT_EQ(years(starting(2026), {"Jan 20", "Dec 30"}), (Years{2026, 2026}));
}

TEST(AuthlogStamp, FirstYearIsFoundFromTheEnd) {
  // 20458 is 2026-01-05, 20498 is 2026-02-14.
  EXPECT_EQ(years(ending(20458, 2026), {"Dec 20", "Dec 31", "Jan  2", "Jan  5"}),
            (Years{2025, 2025, 2026, 2026}));
  EXPECT_EQ(years(ending(20458, 2026), {"Jan  2", "Jan  5"}), (Years{2026, 2026}));
  EXPECT_EQ(years(ending(20498, 2026), {"Feb 15"}), (Years{2026})) << "a day of grace";
  EXPECT_EQ(years(ending(20498, 2026), {"Feb 16"}), (Years{2025}));
  // 20453 is 2025-12-31; a stamp of the next local year within the grace.
  EXPECT_EQ(years(ending(20453, 2025), {"Jan  1"}), (Years{2026}));
  // The newest Feb 29 before 2026-02-14 was in 2024.
  EXPECT_EQ(years(ending(20498, 2026), {"Feb 29", "Mar  1"}), (Years{2024, 2024}));
  InputState unknown;
  unknown.year = 2026;
  unknown.year_is_of_end = true;
  EXPECT_EQ(years(unknown, {"Jun  1"}), (Years{2026}));
}

TEST(AuthlogStamp, LeapDaysExistOnlyInLeapYears) {
  EXPECT_EQ(years(starting(2024), {"Feb 28", "Feb 29", "Mar  1"}), (Years{2024, 2024, 2024}));
  EXPECT_EQ(years(starting(2026), {"Feb 28", "Feb 29", "Mar  1"}), (Years{2026, 0, 2026}));
  EXPECT_EQ(years(starting(2023), {"Dec 30", "Feb 29"}), (Years{2023, 2024}));
}

TEST(AuthlogLine, Rfc5424) {
  const std::string message = "Accepted password for bob from 10.0.0.1 port 2 ssh2";
  const std::string stamp = "<86>1 2026-02-09T21:19:40Z ";
  for (const std::string& head :
       {std::string("web-1 sshd 123 - - "), std::string("web-1 sshd 123 ID47 - \xEF\xBB\xBF"),
        std::string("web-1 sshd 123 - [a@1 k=\"v\"] "),
        std::string("web-1 sshd 123 - [a k=\"\\]\\\"x \\\\\" l=\"]\"][b] "),
        std::string("web-1 sshd 123 - -  ")}) {
    Feeder feeder;
    feeder.feed(stamp + head + message);
    ASSERT_EQ(feeder.events.size(), 1U) << head;
    EXPECT_EQ(feeder.events[0].host, "web-1");
    EXPECT_EQ(feeder.events[0].pid, 123U);
    EXPECT_EQ(feeder.events[0].user, "bob");
    EXPECT_EQ(feeder.events[0].time, kNoon);
  }
  Feeder nil;
  nil.feed(stamp + "- sshd - - - " + message);
  ASSERT_EQ(nil.events.size(), 1U);
  EXPECT_EQ(nil.events[0].host, "");
  EXPECT_EQ(nil.events[0].pid, 0U);
  for (const char* broken : {"", "web-1", "web-1 sshd 123 -", "web-1 sshd 123 - [a k=\"v] x",
                             "web-1 sshd 123 - [a", "web-1 sshd 123 - x y"}) {
    Feeder feeder;
    feeder.feed(stamp + broken).finish();
    EXPECT_TRUE(feeder.events.empty());
    EXPECT_EQ(feeder.counters().malformed, 1U) << broken;
  }
}

TEST(AuthlogLine, Heads) {
  const std::string message = "Accepted password for bob from 10.0.0.1 port 2 ssh2";
  struct Row {
    const char* head;
    const char* host;
    std::uint32_t pid;
  };
  for (const Row& row :
       {Row{"Feb  9 21:19:40 web-1 sshd[123]: ", "web-1", 123},
        Row{"Feb  9 21:19:40 web-1 sshd: ", "web-1", 0},
        Row{"Feb  9 21:19:40  sshd[123]: ", "", 123}, Row{"Feb  9 21:19:40 sshd[123]: ", "", 123},
        Row{"<38>Feb  9 21:19:40 10.1.2.3 sshd[123]: ", "10.1.2.3", 123},
        Row{"2026-02-09T21:19:40.5+00:00 web-1 sshd[123]: ", "web-1", 123}}) {
    Feeder feeder;
    feeder.feed(row.head + message);
    ASSERT_EQ(feeder.events.size(), 1U) << row.head;
    EXPECT_EQ(feeder.events[0].host, row.host);
    EXPECT_EQ(feeder.events[0].pid, row.pid);
    Feeder windows;
    windows.feed(row.head + message + "\r");
    EXPECT_EQ(windows.briefs(), feeder.briefs());
  }
}

TEST(AuthlogLine, CountersSayWhy) {
  Feeder feeder;
  feeder.feed("").feed("garbage").feed("Feb  9 21:19:40").feed("Feb  9 21:19:40 host");
  feeder.feed("Feb  9 21:19:40 host kernel: x").feed("Feb  9 21:19:40 host words without a tag");
  EXPECT_EQ(feeder.counters().lines, 6U);
  EXPECT_EQ(feeder.counters().no_stamp, 2U);
  EXPECT_EQ(feeder.counters().malformed, 2U);
  EXPECT_EQ(feeder.counters().other, 2U);
}

TEST(AuthlogLine, Sniffing) {
  const auto sniff = kSourceAuthlog.sniff;
  EXPECT_EQ(sniff(""), 0);
  EXPECT_EQ(sniff("type=USER_AUTH msg=audit(1.2:3): pid=1\n"), 0);
  EXPECT_EQ(sniff("{\"eventTime\":\"2026-02-09T21:19:40Z\"}\n"), 0);
  EXPECT_GE(sniff("Feb 29 21:19:40 h sshd[1]: Server listening on :: port 22.\n"), 80);
  EXPECT_GE(sniff("<86>1 2026-02-09T21:19:40Z h sudo 1 - - x\n"), 80);
  EXPECT_LT(sniff("Feb  9 21:19:40 h kernel: x\n"), 80);
}

}  // namespace
}  // namespace doorward::testing_authlog
