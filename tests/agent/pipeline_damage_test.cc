// Damaged states: refused, and the pipeline is as new; or taken, and it works on. Never a crash.
#include <random>

#include "tests/agent/office.h"
#include "tests/agent/restarts.h"

namespace doorward {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes saved(const Pipeline& pipeline) {
  Bytes bytes;
  StateWriter out(bytes);
  pipeline.save(out);
  return bytes;
}

/// Events with which every detector has something to do.
class PipelineDamage : public testing::Test {
 protected:
  PipelineDamage() : rules_(builtin_rules(), HashKey{}, mistakes_) {
    const std::string folder = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/rules/";
    for (const char* name :
         {"impossible_travel.fires.json", "signin_from_suspicious_source.fires.eve.json",
          "signin_from_suspicious_source.fires.json", "multiple_rules_for_entity.fires.log",
          "password_spraying.fires.log", "brute_force_success.fires.log"}) {
      logs_.push_back(folder + name);
    }
    Restarts run(rules_, {}, 0, 0);
    read_logs(logs_, run);
    good_ = saved(run.pipeline());
  }

  std::vector<Error> mistakes_;
  RuleSet rules_;
  std::vector<std::string> logs_;
  Bytes good_;
};

TEST_F(PipelineDamage, EveryTruncationIsRefusedAndLeavesThePipelineNew) {
  Baseline baseline = std::move(Baseline::make({})).value();
  Documents said;
  Pipeline pipeline(rules_, baseline, said, {});
  const Bytes fresh = saved(pipeline);
  for (std::size_t size = 0; size < good_.size(); size += size < 300 ? 1 : 97) {
    StateReader in({good_.data(), size});
    pipeline.load(in);
    ASSERT_FALSE(in.ok()) << size;
  }
  Bytes longer = good_;
  longer.push_back(0);
  StateReader in(longer);
  pipeline.load(in);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(saved(pipeline), fresh);
  StateReader again(good_);
  pipeline.load(again);
  EXPECT_TRUE(again.ok());
  // What is left of the last event is not kept; all else is.
  const Bytes back = saved(pipeline);
  Pipeline third(rules_, baseline, said, {});
  StateReader from_back(back);
  third.load(from_back);
  EXPECT_TRUE(from_back.ok());
  EXPECT_EQ(saved(third), back);
}

TEST_F(PipelineDamage, AnotherKeyIsRefused) {
  HashKey key;
  key.bytes[3] = 1;
  const RuleSet rules(builtin_rules(), key, mistakes_);
  Baseline baseline = std::move(Baseline::make({})).value();
  Documents said;
  Pipeline pipeline(rules, baseline, said, {});
  StateReader in(good_);
  pipeline.load(in);
  EXPECT_FALSE(in.ok());
}

TEST_F(PipelineDamage, AnyBytesAreRefusedOrWorkedWith) {
  std::mt19937_64 random(9);
  int refused = 0;
  int taken = 0;
  for (int i = 0; i < 100; ++i) {
    Bytes bad = good_;
    const std::size_t changes = 1 + random() % 8;
    for (std::size_t k = 0; k < changes; ++k) {
      const std::size_t at = random() % bad.size();
      const std::size_t length = std::min<std::size_t>(bad.size() - at, 1 + random() % 64);
      const auto how = random() % 3;
      for (std::size_t b = at; b < at + length; ++b) {
        bad[b] = how == 0 ? std::uint8_t{0xFF} : static_cast<std::uint8_t>(random());
      }
    }
    Baseline baseline = std::move(Baseline::make({kBaselineBytesMin, 8})).value();
    Documents said;
    Pipeline pipeline(rules_, baseline, said, {});
    StateReader in(bad);
    pipeline.load(in);
    ++(in.ok() ? taken : refused);
    if (!in.ok()) continue;
    read_logs(logs_, pipeline);
    pipeline.finish();
  }
  std::printf("%d refused, %d taken\n", refused, taken);
  EXPECT_GT(refused, 10);
  EXPECT_GT(taken, 10);
}

/// A block of nothing but noise in every rule: whatever a detector accepts it must live with.
TEST_F(PipelineDamage, DetectorsLiveWithWhatTheyAccept) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 12; ++i) {
    LiveState state = rules_.make_state();
    int accepted = 0;
    for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
      const std::span<std::byte> block = state.of(rule);
      const unsigned most = i % 4 == 0 ? 256 : 2;  // small numbers pass more checks
      for (std::byte& byte : block) {
        byte = random() % 4 == 0 ? std::byte(random() % most) : std::byte{};
      }
      if (rules_.restore(rule, block)) {
        accepted += block.empty() ? 0 : 1;
      } else {
        std::fill(block.begin(), block.end(), std::byte{});
      }
    }
    EXPECT_GT(accepted, 0);
    // Through the pipeline's own way in.
    Baseline baseline = std::move(Baseline::make({kBaselineBytesMin, 8})).value();
    Documents said;
    Bytes bytes;
    StateWriter out(bytes);
    Pipeline(rules_, baseline, said, {}).save(out);
    // The blocks are last: one empty block takes 12 bytes.
    bytes.resize(bytes.size() - rules_.size() * 12);
    for (std::size_t rule = 0; rule < rules_.size(); ++rule) state.save(rule, out);
    Pipeline pipeline(rules_, baseline, said, {});
    StateReader in(bytes);
    pipeline.load(in);
    ASSERT_TRUE(in.ok());
    read_logs(logs_, pipeline);
  }
}

}  // namespace
}  // namespace doorward
