// What match keeps, beside twins that keep everything.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "plugins/detectors/match/short_text.h"
#include "plugins/detectors/match/sightings.h"
#include "plugins/detectors/match/span_text.h"
#include "plugins/detectors/match/window_count.h"

namespace doorward {
namespace {

constexpr std::uint32_t kHour = 3600;
constexpr std::uint32_t kWindow = 8 * kHour;

TEST(Sightings, AnswerExactlyWhetherAKindWasSeenWithinTheWindow) {
  struct Seen {
    std::uint32_t kind;
    std::uint32_t time;
  };
  std::mt19937 random(7);
  int yes = 0;
  int no = 0;
  for (int run = 0; run < 300; ++run) {
    Sightings<2> sightings;
    std::vector<Seen> all;
    const std::uint32_t begin = 1'700'000'000 + static_cast<std::uint32_t>(run) * 12'345;
    for (int i = 0; i < 60; ++i) {
      // Time goes on by about two hours a step, and what comes may be six hours late.
      const std::uint32_t time = begin + static_cast<std::uint32_t>(i) * 2 * kHour +
                                 static_cast<std::uint32_t>(random() % (6 * kHour));
      const auto kind = static_cast<std::uint32_t>(1 + random() % 2);
      for (const std::uint32_t asked : {std::uint32_t{1}, std::uint32_t{2}}) {
        bool expected = false;
        for (const Seen& one : all) {
          const std::uint32_t gap = one.time > time ? one.time - time : time - one.time;
          expected = expected || (one.kind == asked && gap <= kWindow);
        }
        bool found = false;
        sightings.near(time, kWindow, [&](std::uint32_t one, std::uint32_t at) {
          EXPECT_LE(at > time ? at - time : time - at, kWindow);
          found = found || one == asked;
        });
        ASSERT_EQ(found, expected) << "run " << run << " step " << i;
        (expected ? yes : no) += 1;
      }
      if (random() % 6 == 0) {
        sightings.note(kind, time, kWindow);
        all.push_back({kind, time});
      }
    }
  }
  EXPECT_GT(yes, 1000);
  EXPECT_GT(no, 1000);
}

TEST(Sightings, ForgetWhatIsThreeWindowsOlderAndKindsBeyondTheLimit) {
  Sightings<2> sightings;
  const std::uint32_t now = 100 * kWindow;
  sightings.note(1, now, kWindow);
  sightings.note(2, now - 3 * kWindow, kWindow);
  sightings.note(3, now, kWindow);
  sightings.note(4, now + 5, kWindow);
  std::vector<std::uint32_t> kinds;
  const auto collect = [&](std::uint32_t kind, std::uint32_t /*time*/) { kinds.push_back(kind); };
  sightings.near(now - 3 * kWindow, kWindow, collect);
  EXPECT_TRUE(kinds.empty());
  sightings.near(now, kWindow, collect);
  EXPECT_EQ(kinds, (std::vector<std::uint32_t>{1, 3}));
}

TEST(WindowCount, CountsAtLeastTheWindowAndAtMostASlotMore) {
  std::mt19937 random(3);
  WindowCount count;
  std::vector<std::uint32_t> all;
  constexpr std::uint32_t kSlot = kWindow / 16;
  std::uint32_t newest = 0;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::uint32_t time =
        1'700'000'000 + i * 600 + static_cast<std::uint32_t>(random() % (4 * kHour));
    newest = std::max(newest, time);
    count.note(time, kWindow);
    all.push_back(time);
    std::uint32_t least = 0;
    std::uint32_t most = 0;
    for (const std::uint32_t one : all) {
      if (one <= newest && one + kWindow >= newest) ++least;
      if (one <= newest + kSlot && one + kWindow + kSlot >= newest) ++most;
    }
    const std::uint32_t counted = count.count(newest, kWindow);
    ASSERT_GE(counted, least) << i;
    ASSERT_LE(counted, most) << i;
  }
  EXPECT_EQ(count.count(newest + 2 * kWindow, kWindow), 0U);
}

TEST(WindowCount, ASlotStopsAt255) {
  WindowCount count;
  for (int i = 0; i < 1000; ++i) count.note(kWindow, kWindow);
  EXPECT_EQ(count.count(kWindow, kWindow), 255U);
}

TEST(ShortText, IsCutAtItsLimitAndNotWithinASequence) {
  ShortText<8> text;
  EXPECT_EQ(text.view(), "");
  text.set("12345678");
  EXPECT_EQ(text.view(), "12345678");
  text.set("123456789");
  EXPECT_EQ(text.view(), "12345678");
  text.set("1234567\xC3\xA9");
  EXPECT_EQ(text.view(), "1234567");
  text.set("12345\xF0\x9F\x98\x80");
  EXPECT_EQ(text.view(), "12345");
  text.set(std::string(20, '\x80'));
  EXPECT_EQ(text.view(), std::string(8, '\x80')) << "what is no UTF-8 is cut at the byte";
}

TEST(SpanText, SaysTheTwoLargestUnits) {
  EXPECT_EQ(span_text(0), "0 s");
  EXPECT_EQ(span_text(59'999'999), "59 s");
  EXPECT_EQ(span_text(60 * kSecondUs), "1 min");
  EXPECT_EQ(span_text((2 * 3600 + 10 * 60 + 5) * kSecondUs), "2 h 10 min");
  EXPECT_EQ(span_text(8 * 3600 * kSecondUs), "8 h");
  EXPECT_EQ(span_text(76 * 3600 * kSecondUs), "3 d 4 h");
}

}  // namespace
}  // namespace doorward
