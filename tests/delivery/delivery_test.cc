// Delivery with receivers that are told what to answer: order, batches, back-off, halving, stop.
#include "plugins/delivery/delivery.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>

#include "tests/delivery/spool_world.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;

/// What a fake receiver got and what it says.
struct Script {
  std::vector<std::vector<std::string>> batches;
  std::function<DeliveryResult(std::span<const Document>)> answer =
      [](std::span<const Document> batch) { return DeliveryResult::all(batch.size()); };
  bool silent = false;  // never answers

  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> out;
    for (const auto& batch : batches) out.insert(out.end(), batch.begin(), batch.end());
    return out;
  }
};

class FakeSink final : public Sink {
 public:
  FakeSink(boost::asio::io_context& io, Script& script) : io_(io), script_(script) {}
  void deliver(std::span<const Document> batch, Done done) override {
    script_.batches.push_back(ids_of({batch.begin(), batch.end()}));
    if (script_.silent) return;
    boost::asio::post(io_,
                      [this, batch, done = std::move(done), alive = std::weak_ptr<char>(alive_)] {
                        if (!alive.expired()) done(script_.answer(batch));
                      });
  }

 private:
  boost::asio::io_context& io_;
  Script& script_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

class DeliveryTest : public ::testing::Test {
 protected:
  void open(std::size_t outputs, Backoff::Limits backoff = {milliseconds(1), milliseconds(4)}) {
    SpoolOptions options{folder_.path("spool"), 64 * kSmallSpool, {}};
    std::vector<OutputSettings> settings;
    for (std::size_t i = 0; i < outputs; ++i) {
      OutputSettings output;
      output.name = "o" + std::to_string(i);
      output.type = "fake";
      output.sink.make = [this, i](const SinkEnv& env) {
        return std::make_unique<FakeSink>(env.io, scripts_.at(i));
      };
      options.readers.push_back(output.name);
      settings.push_back(std::move(output));
    }
    spool_ = open_spool(world_, options);
    Delivery::Options how;
    how.backoff = backoff;
    how.tick = milliseconds(5);
    delivery_ = std::make_unique<Delivery>(io_, *spool_, settings, world_.env(), how);
    delivery_->start();
  }
  void TearDown() override {
    delivery_.reset();
    spool_.reset();
  }
  bool run_until(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      io_.run_one_for(milliseconds(5));
    }
    return true;
  }
  bool run_until_delivered(std::size_t output = 0) {
    return run_until([&] { return status(output).behind.behind_records == 0; });
  }
  OutputStatus status(std::size_t output) const { return delivery_->status().at(output); }

  TemporaryFolder folder_;
  World world_;
  boost::asio::io_context io_;
  std::deque<Script> scripts_{3};
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Delivery> delivery_;
};

TEST_F(DeliveryTest, OldestFirstInBoundedBatches) {
  open(1);
  for (std::uint64_t i = 1; i <= 1200; ++i) append(*spool_, i);
  delivery_->wake();
  ASSERT_TRUE(run_until_delivered());
  EXPECT_EQ(scripts_[0].all(), ids(1, 1200));
  ASSERT_EQ(scripts_[0].batches.size(), 3U);
  EXPECT_EQ(scripts_[0].batches[0].size(), kBatchDocumentsMax);
  EXPECT_EQ(status(0).delivered, 1200U);
}

TEST_F(DeliveryTest, BatchesAreBoundedInBytes) {
  open(1);
  for (std::uint64_t i = 1; i <= 20; ++i) append(*spool_, i, 50, 100'000);
  delivery_->wake();
  ASSERT_TRUE(run_until_delivered());
  EXPECT_EQ(scripts_[0].all(), ids(1, 20));
  for (const auto& batch : scripts_[0].batches) EXPECT_EQ(batch.size(), 2U);
}

TEST_F(DeliveryTest, AFailedBatchComesAgainAndHoldsUpNobodyElse) {
  int failures = 5;
  scripts_[0].answer = [&](std::span<const Document> batch) {
    return failures-- > 0 ? DeliveryResult::failed("no") : DeliveryResult::all(batch.size());
  };
  scripts_[1].silent = true;
  open(3);
  for (std::uint64_t i = 1; i <= 10; ++i) append(*spool_, i);
  delivery_->wake();
  ASSERT_TRUE(run_until_delivered(0));
  ASSERT_TRUE(run_until_delivered(2));
  EXPECT_EQ(scripts_[0].batches.size(), 6U);
  for (const auto& batch : scripts_[0].batches) EXPECT_EQ(batch, ids(1, 10));
  EXPECT_EQ(status(0).failures, 5U);
  EXPECT_EQ(status(0).last_error, "");
  EXPECT_EQ(status(1).behind.behind_records, 10U);
  EXPECT_EQ(status(1).behind.oldest, world_.now);
  EXPECT_EQ(scripts_[2].all(), ids(1, 10));
  EXPECT_EQ(world_.said_with("\"o0\" fails (no)"), 1U) << "said once";
  EXPECT_EQ(world_.said_with("\"o0\" delivers again"), 1U);
}

TEST_F(DeliveryTest, OnlyWhatWasNotTakenComesAgain) {
  int round = 0;
  scripts_[0].answer = [&](std::span<const Document> batch) {
    DeliveryResult result = DeliveryResult::all(batch.size());
    if (round++ == 0) {
      result.verdicts[1] = Verdict::again;
      result.verdicts[3] = Verdict::refused;
      result.verdicts[4] = Verdict::again;
      result.error = "busy";
      result.refusal = "bad";
    }
    return result;
  };
  open(1);
  for (std::uint64_t i = 1; i <= 6; ++i) append(*spool_, i);
  delivery_->wake();
  ASSERT_TRUE(run_until_delivered());
  ASSERT_EQ(scripts_[0].batches.size(), 2U);
  EXPECT_EQ(scripts_[0].batches[1], (std::vector<std::string>{"id-2", "id-5"}));
  EXPECT_EQ(status(0).delivered, 5U);
  EXPECT_EQ(status(0).refused, 1U);
  EXPECT_EQ(read_file(folder_.path("spool/rejected.ndjson")),
            R"({"output":"o0","reason":"bad","document":)" + document_of(4) + "}\n");
}

TEST_F(DeliveryTest, ARequestThatIsRefusedIsHalvedUntilTheCulpritIsAlone) {
  scripts_[0].answer = [&](std::span<const Document> batch) {
    for (const Document& document : batch) {
      if (document.id != "id-37") continue;
      DeliveryResult result = DeliveryResult::failed("HTTP 400");
      result.split = true;
      return result;
    }
    return DeliveryResult::all(batch.size());
  };
  open(1);
  for (std::uint64_t i = 1; i <= 100; ++i) append(*spool_, i);
  delivery_->wake();
  ASSERT_TRUE(run_until_delivered());
  EXPECT_EQ(status(0).delivered, 99U);
  EXPECT_EQ(status(0).refused, 1U);
  EXPECT_LT(scripts_[0].batches.size(), 40U);
  EXPECT_NE(read_file(folder_.path("spool/rejected.ndjson")).find("id-37"), std::string::npos);
}

TEST_F(DeliveryTest, AfterARestartItGoesOnBehindWhatWasTaken) {
  scripts_[1].answer = [](std::span<const Document> batch) {
    DeliveryResult result = DeliveryResult::all(batch.size());
    for (std::size_t i = 3; i < batch.size(); ++i) result.verdicts[i] = Verdict::again;
    result.error = "only three";
    return result;
  };
  open(2, {milliseconds(60'000), milliseconds(60'000)});
  for (std::uint64_t i = 1; i <= 10; ++i) append(*spool_, i);
  delivery_->wake();
  ASSERT_TRUE(run_until([&] { return status(1).failures > 0; }));
  ASSERT_TRUE(run_until_delivered(0));
  bool stopped = false;
  // What waits after a failure is tried once more, and three more are taken.
  delivery_->stop(std::chrono::seconds(20), [&] { stopped = true; });
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] { return stopped; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  TearDown();
  io_.restart();
  scripts_ = std::deque<Script>(3);
  open(2);
  ASSERT_TRUE(run_until_delivered(1));
  EXPECT_EQ(scripts_[0].all(), std::vector<std::string>());
  EXPECT_EQ(scripts_[1].all(), ids(7, 10));
}

TEST_F(DeliveryTest, StopWaitsNoLongerThanItMay) {
  scripts_[0].silent = true;
  open(1);
  append(*spool_, 1);
  delivery_->wake();
  bool stopped = false;
  const auto begin = std::chrono::steady_clock::now();
  delivery_->stop(milliseconds(50), [&] { stopped = true; });
  ASSERT_TRUE(run_until([&] { return stopped; }));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(50));
  EXPECT_LT(took, milliseconds(5000));
}

TEST(BackoffTest, DoublesWithFullJitterToItsLimit) {
  Backoff exact({milliseconds(1000), milliseconds(300'000)});
  std::int64_t ceiling = 1000;
  std::uint64_t random = 12345;
  for (int i = 0; i < 20; ++i) {
    random = random * 6364136223846793005U + 1;
    const auto wait = exact.next(random).count();
    EXPECT_GE(wait, 1);
    EXPECT_LE(wait, ceiling);
    EXPECT_EQ(wait, 1 + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(ceiling)));
    ceiling = std::min<std::int64_t>(ceiling * 2, 300'000);
  }
  exact.reset();
  EXPECT_LE(exact.next(999'999).count(), 1000);
}

}  // namespace
}  // namespace doorward
