#include "plugins/count_words.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace doorward {
namespace {

TEST(CountWords, APluralIsSpeltAsPeopleDo) {
  EXPECT_EQ(plural("host"), "hosts");
  EXPECT_EQ(plural("address"), "addresses");
  EXPECT_EQ(plural("country"), "countries");
  EXPECT_EQ(plural("key"), "keys");
  EXPECT_EQ(plural("day"), "days");
}

TEST(CountWords, OnlyOneIsSingular) {
  EXPECT_EQ(counted(0U, "alert"), "0 alerts");
  EXPECT_EQ(counted(std::int64_t{1}, "alert"), "1 alert");
  EXPECT_EQ(counted(std::size_t{2}, "entry"), "2 entries");
}

}  // namespace
}  // namespace doorward
