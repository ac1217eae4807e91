// A file written when version 2 of the format was fixed must be readable for ever.
// DOORWARD_WRITE_GOLDEN=PATH makes the test write the file instead: for a new version, under a new
// name.
#include <gtest/gtest.h>

#include <cstdlib>

#include "proto/baseline_file.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

HashKey golden_key() {
  HashKey key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i)
    key.bytes[i] = static_cast<std::uint8_t>(i * 17);
  return key;
}

// Some of everything: sparse and dense partitions, several epochs, both spaces, histograms.
Baseline golden_content() {
  BaselineOptions options{.bytes = kBaselineBytesMin, .epochs = 5, .epoch_us = 86'400'000'000};
  options.key = golden_key();
  Baseline baseline = Baseline::make(options).value();
  for (unsigned i = 0; i < 900; ++i) {
    const std::int64_t epoch = 20'000 + i / 100;
    baseline.advance(epoch);
    const Hash128 user = hash_text(options.key, "user" + std::to_string(i % 7));
    const Hash128 address = hash_text(options.key, "192.0.2." + std::to_string(i * i % 251));
    const Space space = i % 5 == 0 ? Space::failures : Space::successes;
    baseline.pairs(space).add(join(user, address, 1), epoch);
    baseline.totals(space).add(user, epoch, 1 + i % 3);
    baseline.distinct(space).add(user, address, epoch);
    baseline.distinct(space).add(hash_text(options.key, "fleet"), address, epoch);
    baseline.histograms().add(hash_text(options.key, "hours" + std::to_string(i % 3)), i % 128,
                              epoch);
  }
  return baseline;
}

TEST(BaselineGolden, Version2IsStillRead) {
  if (const char* path = std::getenv("DOORWARD_WRITE_GOLDEN")) {
    const Status status = write_baseline_file(path, golden_content());
    ASSERT_TRUE(status.ok()) << status.error().message();
    GTEST_SKIP() << "wrote " << path;
  }
  const std::string path = DOORWARD_PROTO_TEST_DATA "/baseline-v2.bin";
  const auto read = read_baseline_file(path, golden_key());
  ASSERT_TRUE(read.ok()) << read.error().message();
  const Baseline expected = golden_content();
  EXPECT_EQ(read.value().newest(), 20'008);
  EXPECT_EQ(read.value().options().epochs, 5U);
  EXPECT_GT(read.value().distinct(Space::successes).blocks_charged(), 9U);
  // Written again both are the same, so they are the same in every cell.
  EXPECT_EQ(encode_baseline(read.value()), encode_baseline(expected));
}

}  // namespace
}  // namespace doorward
