// What the fleet's baseline does not take, and what takes no room in it.
#include "tests/server/baselines_world.h"

namespace doorward {
namespace {

TEST_F(BaselinesTest, RefusesWhatNobodyMayTeach) {
  const auto reason = [&](const Additions& additions) {
    const Status status = server_->check("a", encode_additions(additions), key_name(key_), kNow);
    return status.ok() ? "" : status.error().message();
  };
  Additions future;
  future.pair(Space::successes, 1, kNow / kEpochUs + 100'000);
  EXPECT_EQ(reason(future), "it tells of the future: epoch 100103");
  Additions often;
  often.pair(Space::successes, 1, 102, 1'000'001);
  EXPECT_EQ(reason(often), "it tells of one thing more than 1000000 times");
  Additions fine;
  fine.pair(Space::successes, 1, 102, 1'000'000);
  EXPECT_EQ(reason(fine), "");
  EXPECT_FALSE(server_->check("a", std::vector<std::uint8_t>{7, 7}, key_name(key_), kNow).ok());
}

TEST_F(BaselinesTest, AnAgentTeachesNoMoreThanItsShareOfAnEpoch) {
  Baselines::Options small = options();
  small.limits.entries_an_epoch = 1000;
  server_ = std::make_unique<Baselines>(small);
  for (const LogEntry& entry : log_.kept) server_->fold(entry);
  SmallAgent a("a", key_);
  Additions much;
  for (std::uint64_t i = 1; i <= 600; ++i) much.pair(Space::successes, i, 102);
  a.open = much;
  send(a);
  EXPECT_EQ(server_->check("a", encode_additions(much), key_name(key_), kNow).error().message(),
            "the agent has taught all that one may teach in an epoch (1000 entries)");
  EXPECT_TRUE(server_->check("b", encode_additions(much), key_name(key_), kNow).ok());
}

TEST_F(BaselinesTest, ADeltaThatTaughtNothingIsInARoundToo) {
  SmallAgent a("a", key_);
  send(a);
  close_round();
  sync(a);
  EXPECT_EQ(a.generation, 1U);
  EXPECT_TRUE(a.sealed.empty());
  EXPECT_FALSE(server_->close_round("g", kNow).has_value());
}

TEST_F(BaselinesTest, OldEpochsTakeNoPlaces) {
  SmallAgent odd("odd", key_);
  for (std::int64_t epoch = 80; epoch < 88; ++epoch) odd.open.pair(Space::successes, 7, epoch);
  odd.open.bin({1, 2}, 3, 80);
  send(odd);
  SmallAgent good("good", key_);
  hear(good, 1);
  send(good);
  close_round();
  expect_all(*server_->baseline("g"));
  // And from the other side: what is old comes last.
  Additions old;
  old.pair(Space::successes, 7, 20);
  odd.open = old;
  send(odd);
  hear(good, 2);
  send(good);
  close_round();
  sync(good);
  expect_all(*server_->baseline("g"));
  expect_all(good.baseline);
}

}  // namespace
}  // namespace doorward
