// Merging baselines is the same as reading both logs, in every order, to the byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "proto/baseline_codec.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using testing::baseline_of;
using testing::Log;
using testing::LogShape;

using Bytes = std::vector<std::uint8_t>;

Baseline merged(const Baseline& a, const Baseline& b) {
  Baseline out = a.copy();
  const Status status = out.merge(b);
  EXPECT_TRUE(status.ok()) << status.error().message();
  return out;
}

Log concatenated(std::initializer_list<Log> logs) {
  Log out;
  for (const Log& log : logs) out.insert(out.end(), log.begin(), log.end());
  return out;
}

struct Case {
  const char* name;
  LogShape shape;
  bool crowded;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class Merge : public ::testing::TestWithParam<Case> {};

TEST_P(Merge, EqualsTheConcatenatedLogInEveryOrder) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Log a = random_log(GetParam().shape, 10 * seed + 1);
    const Log b = random_log(GetParam().shape, 10 * seed + 2);
    LogShape third = GetParam().shape;
    third.partitions = third.partitions * 2 + 1;
    third.additions /= 2;
    const Log c = random_log(third, 10 * seed + 3);
    const Baseline of_a = baseline_of(a);
    const Baseline of_b = baseline_of(b);
    const Baseline of_c = baseline_of(c);

    const Bytes together = encode_baseline(baseline_of(concatenated({a, b})));
    EXPECT_EQ(encode_baseline(merged(of_a, of_b)), together);
    EXPECT_EQ(encode_baseline(merged(of_b, of_a)), together);

    Log all = concatenated({a, b, c});
    const Baseline of_all = baseline_of(all);
    const Bytes all_bytes = encode_baseline(of_all);
    EXPECT_EQ(encode_baseline(merged(merged(of_a, of_b), of_c)), all_bytes);
    EXPECT_EQ(encode_baseline(merged(of_a, merged(of_b, of_c))), all_bytes);
    EXPECT_EQ(encode_baseline(merged(of_c, merged(of_a, of_b))), all_bytes);

    std::shuffle(all.begin(), all.end(), std::mt19937_64(seed));
    EXPECT_EQ(encode_baseline(baseline_of(all)), all_bytes) << "the order of events shows";

    const double given_up = of_all.distinct(Space::successes).partitions_given_up();
    EXPECT_EQ(given_up > 0, GetParam().crowded) << given_up << ": the case does not test its point";
  }
}

TEST_P(Merge, WithNothingChangesNothing) {
  const Baseline some = baseline_of(random_log(GetParam().shape, 1));
  const Bytes bytes = encode_baseline(some);
  Baseline nothing = testing::make_baseline();
  EXPECT_EQ(encode_baseline(merged(some, nothing)), bytes);
  EXPECT_EQ(encode_baseline(merged(nothing, some)), bytes);
}

INSTANTIATE_TEST_SUITE_P(
    , Merge,
    ::testing::Values(
        Case{"small", {.additions = 300, .partitions = 20, .values = 10}, false},
        Case{"dense", {.additions = 20'000, .partitions = 20, .values = 100}, false},
        Case{
            "epochs",
            {.additions = 2000, .partitions = 20, .values = 10, .first_epoch = -3, .last_epoch = 4},
            false},
        Case{"crowded_directory", {.additions = 6000, .partitions = 3000, .values = 2}, true},
        Case{"crowded_arena",
             {.additions = 20'000,
              .partitions = 100,
              .values = 100,
              .first_epoch = 8,
              .last_epoch = 15},
             true},
        Case{"crowded_both",
             {.additions = 30'000,
              .partitions = 700,
              .values = 30,
              .first_epoch = 100,
              .last_epoch = 107},
             true}),
    [](const auto& tested) { return std::string(tested.param.name); });

// One log is much newer: only the epochs that the newer ring holds are taken over, whichever side
// it is.
TEST(MergeRings, AlignsOnTheNewer) {
  const Log old = testing::random_log(
      {.additions = 3000, .partitions = 30, .values = 20, .first_epoch = 0, .last_epoch = 7}, 1);
  const Log young = testing::random_log(
      {.additions = 3000, .partitions = 30, .values = 20, .first_epoch = 5, .last_epoch = 12}, 2);
  Log shared;
  std::copy_if(old.begin(), old.end(), std::back_inserter(shared),
               [](const auto& addition) { return addition.epoch >= 5; });
  ASSERT_FALSE(shared.empty());
  const Bytes expected = encode_baseline(baseline_of(concatenated({young, shared})));
  // 20 values a partition, 400 for every sixteenth: none of those is dense by 3000 additions alone.
  EXPECT_EQ(encode_baseline(merged(baseline_of(old), baseline_of(young))), expected);
  EXPECT_EQ(encode_baseline(merged(baseline_of(young), baseline_of(old))), expected);
}

TEST(MergeRings, NothingInCommonLeavesTheNewer) {
  const Log old = testing::random_log({.first_epoch = 0, .last_epoch = 7}, 1);
  const Log young = testing::random_log({.first_epoch = 8, .last_epoch = 15}, 2);
  const Bytes expected = encode_baseline(baseline_of(young));
  EXPECT_EQ(encode_baseline(merged(baseline_of(young), baseline_of(old))), expected);
  EXPECT_EQ(encode_baseline(merged(baseline_of(old), baseline_of(young))), expected);
}

TEST(MergeRefusal, SaysWhyAndChangesNothing) {
  const Log log = testing::random_log({.additions = 100}, 1);
  Baseline baseline = baseline_of(log);
  const Bytes before = encode_baseline(baseline);
  const auto refuses = [&](BaselineOptions options, const char* because) {
    Baseline other = Baseline::make(options).value();
    other.advance(1000);
    const Status status = baseline.merge(other);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message().find(because), std::string::npos)
        << status.error().message();
    EXPECT_EQ(encode_baseline(baseline), before);
  };
  BaselineOptions options{.bytes = kBaselineBytesMin};
  options.key.bytes[0] = 1;
  refuses(options, "key");
  refuses({.bytes = kBaselineBytesMin + 4096}, "size");
  refuses({.bytes = kBaselineBytesMin, .epochs = 7}, "number of epochs");
  refuses({.bytes = kBaselineBytesMin, .epoch_us = 1}, "length of an epoch");
  EXPECT_FALSE(baseline.merge(baseline).ok());
  EXPECT_EQ(encode_baseline(baseline), before);
}

}  // namespace
}  // namespace doorward
