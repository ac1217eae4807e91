// Sliding windows against slow, exact twins that keep every event.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "sketch/first_seen.h"
#include "sketch/sliding_counts.h"
#include "sketch/sliding_distinct.h"

namespace doorward {
namespace {

using sliding::bucket_of;
using sliding::Counts;
using sliding::kSlots;

/// The events of the window one by one.
struct Exact {
  std::uint32_t newest = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> events;  // slot, value

  void add(std::uint32_t slot, std::uint32_t value) {
    newest = std::max(newest, slot);
    events.emplace_back(slot, value);
    std::erase_if(events, [&](const auto& event) { return newest - event.first >= kSlots; });
  }
  [[nodiscard]] Counts counts() const {
    Counts out;
    for (const auto& [slot, value] : events) {
      ++out.window;
      out.bucket += bucket_of(slot) == bucket_of(newest) ? 1 : 0;
    }
    return out;
  }
  [[nodiscard]] Counts distinct() const {
    std::map<std::uint32_t, std::uint32_t> last;
    for (const auto& [slot, value] : events) last[value] = std::max(last[value], slot);
    Counts out;
    for (const auto& [value, slot] : last) {
      ++out.window;
      out.bucket += bucket_of(slot) == bucket_of(newest) ? 1 : 0;
    }
    return out;
  }
};

std::uint32_t below(std::mt19937& random, std::uint32_t n) {
  return static_cast<std::uint32_t>(random() % n);
}

/// Mostly forwards, at times late, at times after a long silence.
std::uint32_t next_slot(std::mt19937& random, std::uint32_t& clock) {
  const std::uint32_t dice = below(random, 100);
  if (dice < 40) clock += 1;
  if (dice >= 40 && dice < 45) clock += below(random, 40);
  if (dice == 45) clock += 300 + below(random, 600);
  return dice > 90 ? clock - below(random, 20) : clock;
}

TEST(SlidingCounts, IsExactToTheSlot) {
  std::mt19937 random(1);
  std::uint32_t clock = 100'000;
  SlidingCounts window;
  Exact exact;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t slot = next_slot(random, clock);
    const std::uint32_t before = exact.newest;
    const bool next = window.advance(slot);
    window.add(slot);
    exact.add(slot, 0);
    EXPECT_TRUE(i == 0 || next == (bucket_of(exact.newest) != bucket_of(before))) << i;
    ASSERT_EQ(window.window, exact.counts().window) << i;
    ASSERT_EQ(window.bucket, exact.counts().bucket) << i;
  }
}

TEST(SlidingFew, IsExactUpToTwelveValues) {
  std::mt19937 random(2);
  std::uint32_t clock = 100'000;
  SlidingFew window;
  Exact exact;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t slot = next_slot(random, clock);
    const std::uint32_t value = below(random, SlidingFew::kMax);
    window.advance(slot);
    ASSERT_TRUE(window.add(value, slot)) << i;
    exact.add(slot, value);
    ASSERT_EQ(window.counts().window, exact.distinct().window) << i;
    ASSERT_EQ(window.counts().bucket, exact.distinct().bucket) << i;
  }
  for (std::uint32_t value = 0; value < SlidingFew::kMax; ++value) {
    EXPECT_TRUE(window.add(value, window.newest));
  }
  EXPECT_FALSE(window.add(99, window.newest)) << "a thirteenth has no room";
}

/// Values that fall into cells of their own are counted like bits in a set: only the rounding of
/// the formula may differ from an exact count of touched cells.
TEST(SlidingMany, ForgetsEveryValueWithItsSlot) {
  std::mt19937 random(3);
  std::uint32_t clock = 100'000;
  SlidingMany window;
  window.newest = clock;
  Exact exact;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t slot = next_slot(random, clock);
    const std::uint32_t value = below(random, 400);
    window.advance(slot);
    window.add(value, slot);
    exact.add(slot, value);
    const auto formula = [](std::uint32_t touched) {
      return std::lround(-512 * std::log1p(-static_cast<double>(touched) / 512));
    };
    ASSERT_EQ(window.counts().window, formula(exact.distinct().window)) << i;
    ASSERT_EQ(window.counts().bucket, formula(exact.distinct().bucket)) << i;
  }
}

TEST(SlidingMany, CountsAHundredWithinATenthAndAThousandWithinAFifth) {
  const auto off = [](std::uint32_t distinct) {
    std::mt19937 random(distinct);
    double worst = 0;
    double squares = 0;
    constexpr int kTimes = 200;
    for (int time = 0; time < kTimes; ++time) {
      std::set<std::uint32_t> values;
      while (values.size() < distinct)
        values.insert(static_cast<std::uint32_t>(random()) & FirstSeen::kValueMask);

      SlidingMany window;
      window.newest = 1000;
      std::uint32_t slot = 1000;
      for (const std::uint32_t value : values) window.add(value, 985 + slot++ % kSlots);
      const double error = window.counts().window / static_cast<double>(distinct) - 1;
      worst = std::max(worst, std::abs(error));
      squares += error * error;
    }
    return std::pair(worst, std::sqrt(squares / kTimes));
  };
  for (const std::uint32_t distinct : {20U, 50U, 100U}) {
    EXPECT_LE(off(distinct).second, 0.04) << distinct;
    EXPECT_LE(off(distinct).first, std::max(0.10, 3.5 / distinct)) << distinct;
  }
  EXPECT_LE(off(1000).second, 0.06);
  EXPECT_LE(off(1000).first, 0.20);
}

TEST(SlidingMany, TakesOverWhatAFewHeld) {
  SlidingFew few;
  few.advance(1000);
  for (std::uint32_t value = 0; value < 6; ++value) few.add(value, 1000);
  few.advance(1008);
  for (std::uint32_t value = 10; value < 16; ++value) few.add(value, 1008);
  SlidingMany many;
  many.take(few);
  EXPECT_EQ(many.counts().window, 12U);
  many.advance(1016);  // 1000 leaves
  EXPECT_EQ(many.counts().window, 6U);
}

class FirstSeenTest : public testing::Test {
 protected:
  static constexpr std::size_t kNotes = 1024;
  static Hash128 entity(int i) { return hash_text(HashKey{}, "entity" + std::to_string(i)); }
  std::vector<std::byte> memory_ = std::vector<std::byte>(FirstSeen::bytes(kNotes));
  FirstSeen seen_{memory_};
};

TEST_F(FirstSeenTest, RemembersOneAndGivesItOnce) {
  EXPECT_FALSE(seen_.take(entity(1), 500, 15));
  seen_.put(entity(1), {77, 500});
  EXPECT_FALSE(seen_.take(entity(2), 501, 15));
  const std::optional<FirstSeen::Note> note = seen_.take(entity(1), 515, 15);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->value, 77U);
  EXPECT_EQ(note->slot, 500U);
  EXPECT_FALSE(seen_.take(entity(1), 515, 15)) << "it was taken out";
}

TEST_F(FirstSeenTest, ForgetsWhatIsOutOfReachAndTakesWhatCameLate) {
  seen_.put(entity(1), {7, 500});
  EXPECT_FALSE(seen_.take(entity(1), 516, 15));
  seen_.put(entity(1), {7, 500});
  ASSERT_TRUE(seen_.take(entity(1), 490, 15));
  // Slots are kept modulo 2^20 and given back whole.
  seen_.put(entity(1), {7, (5U << 20) - 3});
  const std::optional<FirstSeen::Note> note = seen_.take(entity(1), (5U << 20) + 4, 15);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->slot, (5U << 20) - 3);
}

TEST_F(FirstSeenTest, StrangersPushOutTheOldestFirst) {
  // As many strangers as a quarter of the places leave nearly everybody, four times as many nobody.
  int kept = 0;
  for (int i = 0; i < 100; ++i) seen_.put(entity(i), {1, 500});
  for (int i = 1000; i < 1256; ++i) seen_.put(entity(i), {1, 500});
  for (int i = 0; i < 100; ++i) kept += seen_.take(entity(i), 500, 15) ? 1 : 0;
  EXPECT_GE(kept, 98);
  for (int i = 0; i < 100; ++i) seen_.put(entity(i), {1, 500});
  for (int i = 2000; i < 6096; ++i) seen_.put(entity(i), {1, 500});
  kept = 0;
  for (int i = 0; i < 100; ++i) kept += seen_.take(entity(i), 500, 15) ? 1 : 0;
  EXPECT_EQ(kept, 0);
}

}  // namespace
}  // namespace doorward
