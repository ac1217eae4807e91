// Ten million names or addresses take no memory and do not put out what a real attack has built up.
#include <gtest/gtest.h>

#include <memory>

#include "plugins/detectors/sequence/progress.h"
#include "tests/support/allocations.h"

namespace doorward::sequence {
namespace {

constexpr std::uint32_t kStart = 1'790'000'000;
constexpr std::uint32_t kFlood = 10'000'000;

Hash128 name(std::uint64_t kind, std::uint64_t number) {
  return join({kind * 0x9E3779B97F4A7C15 + 1, kind + 2}, {number + 3, ~number}, 0);
}

struct Table {
  Plan plan{.steps = 2, .count = {10, 1}, .window_s = 6 * 3600, .by_value = true};
  std::size_t bytes = Progress::bytes(plan);
  std::unique_ptr<std::byte, void (*)(void*)> memory{
      static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)),
      [](void* block) { std::free(block); }};

  Table() { std::fill_n(memory.get(), bytes, std::byte{}); }
  void take(Hash128 entity, Hash128 value, double seconds, bool success) {
    const std::array<bool, 2> matches = {!success, success};
    Progress(plan, {memory.get(), bytes})
        .take(entity, value, kStart + static_cast<std::uint32_t>(seconds), matches);
  }
  [[nodiscard]] const Verdict& verdict() const { return Progress::verdict({memory.get(), bytes}); }
};

const Hash128 kAttacker = name(1, 1);
const Hash128 kVictim = name(2, 1);

TEST(SequenceFlood, MemoryIsNamed) {
  const Table table;
  EXPECT_LE(table.bytes, std::size_t{4} << 20);
}

/// 200 guesses among ten million failures from as many addresses, in six hours.
TEST(SequenceFlood, OfAddresses) {
  Table table;
  const std::uint64_t before = allocations();
  const double step = 6.0 * 3600 / kFlood;
  for (std::uint32_t i = 0; i < kFlood; ++i) {
    table.take(name(3, i), name(4, i), i * step, false);
    if (i % (kFlood / 200) == 0) table.take(kAttacker, kVictim, i * step, false);
  }
  table.take(kAttacker, kVictim, 6 * 3600, true);
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(table.verdict().complete, 1U);
  EXPECT_GE(table.verdict().count, 100U);
}

/// Ten million names from one address, and the same guesses from another.
TEST(SequenceFlood, OfNames) {
  Table table;
  const double step = 6.0 * 3600 / kFlood;
  const Hash128 flooder = name(3, 0);
  for (std::uint32_t i = 0; i < kFlood; ++i) {
    table.take(flooder, name(4, i), i * step, false);
    if (i % (kFlood / 200) == 0) table.take(kAttacker, kVictim, i * step, false);
  }
  table.take(kAttacker, kVictim, 6 * 3600, true);
  EXPECT_EQ(table.verdict().count, 200U);
  EXPECT_EQ(table.verdict().events, 200U);
  // The flooder gets in: its names are told apart up to a limit, which is alarming enough.
  table.take(flooder, kVictim, 6 * 3600, true);
  EXPECT_EQ(table.verdict().complete, 1U);
  EXPECT_EQ(table.verdict().count, kValuesOfEntityMax);
}

/// A spraying of 60 names at one guess each in an hour of a day that brings ten million addresses.
TEST(SequenceFlood, SprayingAmongThem) {
  Table table;
  const double step = 24.0 * 3600 / kFlood;
  const std::uint32_t begin = kFlood / 2;
  const std::uint32_t every = kFlood / 24 / 60;
  std::uint32_t made = 0;
  for (std::uint32_t i = 0; i < begin + 60 * every; ++i) {
    table.take(name(3, i), name(4, i), i * step, false);
    if (i >= begin && (i - begin) % every == 0) {
      table.take(kAttacker, name(5, made++), i * step, false);
    }
  }
  EXPECT_EQ(made, 60U);
  table.take(kAttacker, kVictim, 13 * 3600, true);
  EXPECT_EQ(table.verdict().complete, 1U);
  EXPECT_GE(table.verdict().count, 20U);
}

/// The other way round: what everybody's failures leave is forgotten when the window has passed.
TEST(SequenceFlood, RoomAgainAfterwards) {
  Table table;
  for (std::uint32_t i = 0; i < kFlood / 10; ++i) table.take(name(3, i), name(4, i), 0, false);
  const double later = 7 * 3600;
  for (int i = 0; i < 10; ++i) table.take(kAttacker, kVictim, later + i, false);
  table.take(kAttacker, kVictim, later + 60, true);
  EXPECT_EQ(table.verdict().complete, 1U);
  EXPECT_EQ(table.verdict().count, 10U);
}

}  // namespace
}  // namespace doorward::sequence
