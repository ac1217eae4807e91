// Entries that are odd, damaged or made to mislead, and how files are told apart.
#include <gtest/gtest.h>

#include "plugins/limits.h"
#include "tests/sources/journald_support.h"

namespace doorward::testing_journald {
namespace {

using Briefs = std::vector<std::string>;

std::string with_message(const std::string& json_value) {
  Entry entry;
  entry.message = "HERE";
  std::string json = entry.json();
  return json.replace(json.find("\"HERE\""), 6, json_value);
}

std::string bytes_of(std::string_view text) {
  std::string out = "[";
  for (const char c : text) {
    if (out.size() > 1) out += ',';
    out += std::to_string(static_cast<unsigned char>(c));
  }
  return out + "]";
}

TEST(JournaldHostile, BytesThatAreNoUtf8) {
  const std::string message = "Failed password for invalid user caf\xe9 from 192.0.2.1 port 5 ssh2";
  const telling::Outcomes told = tell_one(with_message(bytes_of(message)));
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].user, "caf\xe9");
  EXPECT_EQ(told.events[0].original, message);
  EXPECT_EQ(told.events[0].ip_text(), "192.0.2.1");
}

TEST(JournaldHostile, MessagesThatAreNone) {
  for (const char* message :
       {"null", "[]", "{}", "17", "true", "[1,2,256]", "[1,-2]", "[1,\"2\"]",
        "[\"Accepted password for a from 192.0.2.1 port 5 ssh2\",\"b\"]", "[[65,66],\"b\"]"}) {
    const telling::Outcomes told = tell_one(with_message(message));
    EXPECT_TRUE(told.events.empty()) << message;
    EXPECT_EQ(told.counters.malformed, 1U) << message;
  }
}

TEST(JournaldHostile, LongMessages) {
  const std::string tail = " from 192.0.2.1 port 5 ssh2";
  const std::string head = "Failed password for ";
  const std::string fits(kLineBytesMax - head.size() - tail.size(), 'x');
  const telling::Outcomes told = tell_one(with_message("\"" + head + fits + tail + "\""));
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].user, fits.substr(0, kHeldFieldBytesMax));
  EXPECT_GT(told.counters.cut_fields, 0U);
  EXPECT_EQ(tell_one(with_message("\"" + head + fits + "x" + tail + "\"")).counters.malformed, 1U);
  EXPECT_EQ(tell_one(with_message(bytes_of(head + fits + tail))).events.size(), 1U);
  EXPECT_EQ(tell_one(with_message(bytes_of(head + fits + "x" + tail))).counters.malformed, 1U);
}

TEST(JournaldHostile, DamagedRecords) {
  Entry entry;
  entry.message = "Accepted password for a from 192.0.2.1 port 5 ssh2";
  const std::string good = entry.json();
  for (std::size_t end = 0; end < good.size(); ++end) {
    const telling::Outcomes told = tell_one(good.substr(0, end));
    EXPECT_TRUE(told.events.empty());
    EXPECT_EQ(told.counters.malformed, 1U);
  }
  EXPECT_EQ(tell_one(std::string("[1]")).counters.malformed, 1U);
  EXPECT_EQ(tell_one(std::string("{}")).counters.no_stamp, 1U);
  EXPECT_EQ(tell_one(std::string("{\"__REALTIME_TIMESTAMP\":\"-5\"}")).counters.no_stamp, 1U);
  EXPECT_EQ(tell_one(std::string("{\"__REALTIME_TIMESTAMP\":\"99999999999999999999\"}"))
                .counters.no_stamp,
            1U);
  EXPECT_EQ(tell_one(std::string("{\"__REALTIME_TIMESTAMP\":\"1\"}")).counters.other, 1U);
}

TEST(JournaldHostile, OddPids) {
  for (const char* pid : {"0", "-1", "99999999999", "x", "99999999999999999999999"}) {
    Entry entry;
    entry.pid = pid;
    entry.message = "Accepted password for a from 192.0.2.1 port 5 ssh2";
    const telling::Outcomes told = tell_one(entry);
    ASSERT_EQ(told.events.size(), 1U) << pid;
    EXPECT_EQ(told.events[0].pid, 0U) << pid;
  }
}

/// sudo gives up before it knows the command; journald cuts the blank at the end.
TEST(JournaldHostile, SudoWithoutACommand) {
  Entry entry;
  entry.identifier = entry.command = "sudo";
  entry.executable = "/usr/bin/sudo";
  entry.message = "    ivan : unknown user nosuch ; TTY=pts/1 ; PWD=/home/ivan ; USER=nosuch ;";
  EXPECT_EQ(tell_one(entry).briefs(), Briefs{"sudo failure ivan as nosuch 4711"});
}

/// Only syslog daemons write these, and journald is none: nothing is told a thousand times.
TEST(JournaldHostile, NothingIsRepeated) {
  Entry entry;
  entry.message =
      "message repeated 900 times: [ Failed password for root from 192.0.2.1 port 5 ssh2]";
  EXPECT_TRUE(tell_one(entry).events.empty());
  Entry first;
  first.message = "Failed password for root from 192.0.2.1 port 5 ssh2";
  Entry notice;
  notice.message = "last message repeated 900 times";
  EXPECT_EQ(tell({first.json(), notice.json()}).events.size(), 1U);
}

/// Attempts whose end is told by a clock and not by a line.
TEST(JournaldHostile, TimeAloneClosesAttempts) {
  Entry entry;
  entry.message = "Invalid user ghost from 192.0.2.1 port 5";
  const std::unique_ptr<Source> source = kSourceJournald.make({});
  telling::Collector sink;
  InputState input;
  const std::string line = entry.json();
  const Stamp stamp = source->stamp(line, input);
  source->feed(line, stamp, sink);
  source->advance(stamp.time + kAttemptTimeMaxUs, sink);
  EXPECT_TRUE(sink.events.empty());
  source->advance(stamp.time + kAttemptTimeMaxUs + 1, sink);
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(sink.events[0].user, "ghost");
}

TEST(JournaldHostile, Sniff) {
  Entry entry;
  entry.message = "x";
  EXPECT_EQ(kSourceJournald.sniff(entry.json()), 95);
  EXPECT_EQ(kSourceJournald.sniff("{\"MESSAGE\":\"x\",\"__REALTIME_TIMESTAMP\":\"1\"}"), 95);
  EXPECT_EQ(kSourceJournald.sniff("{\"MESSAGE\":\"x\"}"), 0);
  EXPECT_EQ(kSourceJournald.sniff("Feb  9 21:19:40 web-1 sshd[1]: x"), 0);
  EXPECT_EQ(kSourceJournald.sniff(""), 0);
}

}  // namespace
}  // namespace doorward::testing_journald
