// Reading records costs no allocation once the input is open.
#include <gtest/gtest.h>

#include "agent/line_reader.h"
#include "plugins/limits.h"
#include "tests/support/allocations.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

TEST(RecordAllocation, NoneForARecord) {
  const TemporaryFolder folder;
  std::string text = "{\"Records\":[";
  std::size_t expected = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t size = i % 1000 == 0 ? 500'000 : static_cast<std::size_t>(i % 700);
    text += (i > 0 ? ",{\"k\":\"" : "{\"k\":\"") + std::string(size, 'x') + "\\\"\"}";
    ++expected;
  }
  Result<LineReader> reader = LineReader::open(folder.write("a.json", text + "]}"));
  ASSERT_TRUE(reader.ok());
  reader.value().frame(Framing::json_records);
  const std::uint64_t before = allocations();
  std::size_t records = 0;
  while (reader.value().next()) ++records;
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(records, expected);
}

TEST(RecordAllocation, ReadsWhatIsDamagedInBoundedMemory) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "oops\n{\"a\":\n";
  Result<LineReader> reader = LineReader::open(folder.write("a.json", text));
  ASSERT_TRUE(reader.ok());
  reader.value().frame(Framing::json_records);
  const std::uint64_t before = allocations();
  while (reader.value().next()) continue;
  // The places that are named, and the fault.
  EXPECT_LT(allocations() - before, 20U);
  EXPECT_GT(reader.value().malformed(), 20'000U);
}

}  // namespace
}  // namespace doorward
