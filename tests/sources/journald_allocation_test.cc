// Feeding entries allocates nothing once the pool of held events is warm.
#include <gtest/gtest.h>

#include "tests/sources/journald_support.h"
#include "tests/sources/recorded_truth.h"
#include "tests/support/allocations.h"

namespace doorward::testing_journald {
namespace {

class Counter : public EventSink {
 public:
  void on_event(const Event&) override { ++events; }
  std::size_t events = 0;
};

TEST(JournaldAllocation, None) {
  std::vector<std::string> entries = telling::read_lines(recorded::kFolder + "journal.ndjson");
  ASSERT_FALSE(entries.empty());
  Entry bytes;
  bytes.message = "HERE";
  std::string odd = bytes.json();
  odd.replace(odd.find("\"HERE\""), 6, "[70,97,255]");
  entries.push_back(odd);
  entries.emplace_back("{");
  const std::unique_ptr<Source> source = kSourceJournald.make({});
  InputState input;
  Counter counter;
  const auto feed_all = [&] {
    for (const std::string& entry : entries) {
      source->feed(entry, source->stamp(entry, input), counter);
    }
  };
  feed_all();
  const std::uint64_t before = allocations();
  feed_all();
  feed_all();
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_GT(counter.events, 300U);
}

}  // namespace
}  // namespace doorward::testing_journald
