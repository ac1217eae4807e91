#include "plugins/ip_address.h"

#include <gtest/gtest.h>

#include <string>

namespace doorward {
namespace {

std::string text_of(const IpAddress& address) {
  std::array<char, IpAddress::kTextMax> out;
  return std::string(address.format(out));
}

/// The canonical form of a text; "-" when it is no address.
std::string canonical(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::parse(text);
  return address ? text_of(*address) : "-";
}

TEST(IpAddress, Canonical) {
  struct Row {
    const char* text;
    const char* form;
  };
  const Row rows[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"10.0.100.9", "10.0.100.9"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      // RFC 5952, sections 1 to 4
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
      {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},
      {"2001:db8:0:0:0::1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"fe80::1%eth0", "fe80::1"},
      {"fe80::5eff:fe00:5306%br0", "fe80::5eff:fe00:5306"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::FFFF:c000:201", "192.0.2.1"},
      {"::fffe:192.0.2.1", "::fffe:c000:201"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (const Row& row : rows) EXPECT_EQ(canonical(row.text), row.form) << row.text;
}

TEST(IpAddress, NoAddress) {
  for (const char* text : {"",
                           ".",
                           "1",
                           "1.2.3",
                           "1.2.3.4.",
                           ".1.2.3.4",
                           "1.2.3.4.5",
                           "256.1.1.1",
                           "01.2.3.4",
                           "1.2.3.00",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "1.2.3.-4",
                           "1.2.3.4%eth0",
                           "0x7f.1.1.1",
                           "1..2.3",
                           "host.example.org",
                           ":",
                           ":::",
                           "1:",
                           ":1",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "12345::",
                           "g::",
                           "::1%",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3",
                           "::1.2.3.4:5",
                           "::1.2.3.256",
                           "1.2.3.4::",
                           "[::1]",
                           "::1/64",
                           "UNKNOWN"}) {
    EXPECT_EQ(canonical(text), "-") << text;
  }
  EXPECT_EQ(canonical(std::string(70'000, ':')), "-");
  EXPECT_EQ(canonical(std::string("1.2.3.4\0", 8)), "-");
}

TEST(IpAddress, FamiliesAndEquality) {
  const IpAddress mapped = *IpAddress::parse("::ffff:10.0.0.1");
  EXPECT_EQ(mapped.family, IpAddress::Family::v4);
  EXPECT_EQ(mapped, *IpAddress::parse("10.0.0.1"));
  EXPECT_EQ(*IpAddress::parse("2001:DB8::1"), *IpAddress::parse("2001:db8:0::0:1"));
  EXPECT_FALSE(IpAddress{}.valid());
  EXPECT_EQ(text_of(IpAddress{}), "");
}

TEST(IpAddress, Prefix) {
  const IpAddress v4 = *IpAddress::parse("203.0.113.255");
  EXPECT_EQ(text_of(v4.prefix(32)), "203.0.113.255");
  EXPECT_EQ(text_of(v4.prefix(24)), "203.0.113.0");
  EXPECT_EQ(text_of(v4.prefix(25)), "203.0.113.128");
  EXPECT_EQ(text_of(v4.prefix(16)), "203.0.0.0");
  EXPECT_EQ(text_of(v4.prefix(1)), "128.0.0.0");
  EXPECT_EQ(text_of(v4.prefix(0)), "0.0.0.0");
  EXPECT_EQ(text_of(v4.prefix(99)), "203.0.113.255");
  EXPECT_EQ(text_of(v4.prefix(-1)), "0.0.0.0");
  const IpAddress v6 = *IpAddress::parse("2001:db8:ffff:ffff:ffff::1");
  EXPECT_EQ(text_of(v6.prefix(64)), "2001:db8:ffff:ffff::");
  EXPECT_EQ(text_of(v6.prefix(48)), "2001:db8:ffff::");
  EXPECT_EQ(text_of(v6.prefix(33)), "2001:db8:8000::");
  EXPECT_EQ(text_of(v6.prefix(128)), "2001:db8:ffff:ffff:ffff::1");
  EXPECT_EQ(text_of(v6.prefix(0)), "::");
  EXPECT_EQ(IpAddress{}.prefix(8), IpAddress{});
}

TEST(IpAddress, FormatIsReadBackAsTheSame) {
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    IpAddress address;
    address.family = IpAddress::Family::v6;
    for (std::uint8_t& byte : address.bytes) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      byte = (state >> 60) < 8 ? std::uint8_t{0} : static_cast<std::uint8_t>(state >> 33);
    }
    const std::optional<IpAddress> again = IpAddress::parse(text_of(address));
    ASSERT_TRUE(again.has_value()) << text_of(address);
    if (again->family == IpAddress::Family::v6) {
      EXPECT_EQ(*again, address);
    }
  }
}

}  // namespace
}  // namespace doorward
