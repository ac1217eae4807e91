// Prefixes and sets of them, against a plain list.
#include "plugins/ip_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace doorward {
namespace {

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

IpRanges ranges_of(const std::vector<const char*>& texts) {
  IpRanges ranges;
  for (const char* text : texts) {
    const Result<IpRange> range = IpRange::parse(text);
    EXPECT_TRUE(range.ok()) << text;
    ranges.add(range.value());
  }
  ranges.seal();
  return ranges;
}

TEST(IpRange, EndsAreInAndNeighboursAreOut) {
  struct Row {
    const char* prefix;
    const char* before;
    const char* first;
    const char* last;
    const char* after;
  };
  for (const Row& row : {
           Row{"10.0.0.0/8", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
           Row{"192.0.2.128/25", "192.0.2.127", "192.0.2.128", "192.0.2.255", "192.0.3.0"},
           Row{"192.0.2.7", "192.0.2.6", "192.0.2.7", "192.0.2.7", "192.0.2.8"},
           Row{"192.0.2.8/31", "192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10"},
           Row{"2001:db8::/32", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
               "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
           Row{"2001:DB8:0::5", "2001:db8::4", "2001:db8::5", "2001:db8:0:0::5", "2001:db8::6"},
           Row{"fe80::/10", "fe7f:ffff::", "fe80::", "febf:ffff::", "fec0::"},
           Row{"::ffff:10.0.0.0/104", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
       }) {
    const IpRanges ranges = ranges_of({row.prefix});
    EXPECT_FALSE(ranges.contains(ip(row.before))) << row.prefix;
    EXPECT_TRUE(ranges.contains(ip(row.first))) << row.prefix;
    EXPECT_TRUE(ranges.contains(ip(row.last))) << row.prefix;
    EXPECT_FALSE(ranges.contains(ip(row.after))) << row.prefix;
  }
}

TEST(IpRange, FamiliesAreApart) {
  EXPECT_FALSE(ranges_of({"::/0"}).contains(ip("192.0.2.1")));
  EXPECT_FALSE(ranges_of({"0.0.0.0/0"}).contains(ip("2001:db8::1")));
  EXPECT_TRUE(ranges_of({"0.0.0.0/0"}).contains(ip("255.255.255.255")));
  EXPECT_TRUE(ranges_of({"::/0"}).contains(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(ranges_of({"::/0", "0.0.0.0/0"}).contains(IpAddress{}));
}

TEST(IpRange, SaysWhatIsWrong) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8",
                           "2001:db8::/129", "::ffff:10.0.0.0/8", "web-01", "10.0.0.0/ 8", "/8"}) {
    EXPECT_FALSE(IpRange::parse(text).ok()) << text;
  }
  EXPECT_EQ(IpRange::parse("10.1.2.3/8").error().what,
            "bits are set behind the prefix; is 10.0.0.0/8 meant?");
}

TEST(IpRanges, WhatTouchesIsOne) {
  const IpRanges halves = ranges_of({"128.0.0.0/1", "0.0.0.0/1", "10.0.0.0/8"});
  ASSERT_EQ(halves.v4().size(), 1U);
  EXPECT_TRUE(halves.contains(IpRange::parse("0.0.0.0/0").value()));
  const IpRanges apart = ranges_of({"10.0.0.0/24", "10.0.2.0/24"});
  EXPECT_EQ(apart.v4().size(), 2U);
  EXPECT_TRUE(apart.contains(IpRange::parse("10.0.2.64/26").value()));
  EXPECT_FALSE(apart.contains(IpRange::parse("10.0.0.0/23").value()));
  EXPECT_FALSE(apart.contains(IpRange::parse("10.0.0.0/22").value()));
}

TEST(IpRanges, AnswerLikeAPlainList) {
  std::mt19937 random(7);
  IpRanges ranges;
  std::vector<IpRange> plain;
  for (int i = 0; i < 10'000; ++i) {
    IpAddress address;
    address.family = i % 2 == 0 ? IpAddress::Family::v4 : IpAddress::Family::v6;
    for (std::size_t b = 0; b < (i % 2 == 0 ? 4U : 16U); ++b) {
      address.bytes[b] = static_cast<std::uint8_t>(random());
    }
    const int bits = 12 + static_cast<int>(random() % (i % 2 == 0 ? 21 : 117));
    std::array<char, IpAddress::kTextMax> room{};
    const std::string text =
        std::string(address.prefix(bits).format(room)) + "/" + std::to_string(bits);
    const Result<IpRange> range = IpRange::parse(text);
    ASSERT_TRUE(range.ok()) << text;
    plain.push_back(range.value());
    ranges.add(range.value());
  }
  ranges.seal();
  int inside = 0;
  for (int i = 0; i < 2'000; ++i) {
    IpAddress address;
    if (i % 2 == 0) {
      const IpRange& near = plain[random() % plain.size()];
      address = i % 4 == 0 ? near.first : near.last;
      address.bytes[3] = static_cast<std::uint8_t>(address.bytes[3] + i % 3);
    } else {
      address.family = IpAddress::Family::v4;
      for (std::size_t b = 0; b < 4; ++b) address.bytes[b] = static_cast<std::uint8_t>(random());
    }
    const bool expected = std::any_of(plain.begin(), plain.end(),
                                      [&](const IpRange& r) { return r.contains(address); });
    EXPECT_EQ(ranges.contains(address), expected);
    inside += expected;
  }
  EXPECT_GT(inside, 500);
  EXPECT_LT(inside, 1'900);
}

}  // namespace
}  // namespace doorward
