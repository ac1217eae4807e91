// Feeding records allocates nothing, from the first record on.
#include <gtest/gtest.h>

#include "plugins/sources/json_record.h"
#include "tests/sources/json_support.h"
#include "tests/support/allocations.h"

namespace doorward::testing_json {
namespace {

class Counter : public EventSink {
 public:
  void on_event(const Event&) override { ++events; }
  std::size_t events = 0;
};

class JsonAllocation : public testing::TestWithParam<const SourcePlugin*> {};

TEST_P(JsonAllocation, None) {
  std::vector<std::string> records = lines_of(read_file(data_file(*GetParam())));
  const std::string good = records[0];
  records.emplace_back("{");
  records.push_back(good + " ");
  records.push_back("{\"pad\":\"" + std::string(500'000, 'x') + "\"," + good.substr(1));
  const std::unique_ptr<Source> source = GetParam()->make({});
  InputState input;
  Counter counter;
  const std::uint64_t before = allocations();
  for (int i = 0; i < 3; ++i) {
    for (const std::string& record : records) {
      source->feed(record, source->stamp(record, input), counter);
    }
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_GE(counter.events, 3U * 5);
}

INSTANTIATE_TEST_SUITE_P(Sources, JsonAllocation, testing::ValuesIn(kJsonSources),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace doorward::testing_json
