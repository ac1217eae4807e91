#include "plugins/span_words.h"

#include <gtest/gtest.h>

namespace doorward {
namespace {

TEST(SpanWords, TheLargestUnitOfWhichThereAreTwo) {
  EXPECT_EQ(span_words(0), "0 s");
  EXPECT_EQ(span_words(119), "119 s");
  EXPECT_EQ(span_words(120), "2 min");
  EXPECT_EQ(span_words(7'199), "119 min");
  EXPECT_EQ(span_words(7'200), "2 h");
  EXPECT_EQ(span_words(172'799), "47 h");
  EXPECT_EQ(span_words(172'800), "2 days");
  EXPECT_EQ(span_words(2'591'999), "29 days");
}

}  // namespace
}  // namespace doorward
