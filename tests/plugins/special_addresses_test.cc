// The table of special-purpose addresses: its rows, their ends and their neighbours.
#include "plugins/special_addresses.h"

#include <gtest/gtest.h>

#include "plugins/event.h"
#include "plugins/view.h"

namespace doorward {
namespace {

using Family = IpAddress::Family;

IpAddress ip_of(const std::string& text) {
  const std::optional<IpAddress> ip = IpAddress::parse(text);
  EXPECT_TRUE(ip) << text;
  return ip.value_or(IpAddress{});
}

std::string text_of(const IpAddress& ip) {
  std::array<char, IpAddress::kTextMax> out{};
  return std::string(ip.format(out));
}

std::size_t width(const IpAddress& ip) {
  return ip.family == Family::v4 ? 4 : 16;
}

/// The highest address of a prefix.
IpAddress last_of(const SpecialRange& range) {
  IpAddress last = range.first;
  for (std::size_t bit = static_cast<std::size_t>(range.bits); bit < width(last) * 8; ++bit) {
    last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | 0x80 >> bit % 8);
  }
  return last;
}

/// The address one higher or lower; family none past the ends of the space.
IpAddress step(IpAddress ip, int by) {
  for (std::size_t i = width(ip); i-- > 0;) {
    ip.bytes[i] = static_cast<std::uint8_t>(ip.bytes[i] + by);
    if (ip.bytes[i] != (by > 0 ? 0x00 : 0xff)) return ip;
  }
  return {};
}

bool within(const IpAddress& ip, const SpecialRange& range) {
  return ip.family == range.first.family && ip.prefix(range.bits) == range.first;
}

/// What the table says, read the slow way: the narrowest row that holds the address.
const SpecialRange* slow(const IpAddress& ip) {
  const SpecialRange* best = nullptr;
  for (const SpecialRange& range : special_ranges()) {
    if (within(ip, range) && (best == nullptr || range.bits > best->bits)) best = &range;
  }
  return best;
}

TEST(SpecialAddresses, EveryRowIsAPrefixWithANameAndAnRfc) {
  for (const SpecialRange& range : special_ranges()) {
    EXPECT_EQ(range.first.prefix(range.bits), range.first) << text_of(range.first);
    EXPECT_FALSE(range.name.empty());
    EXPECT_TRUE(range.rfc.starts_with("RFC ")) << range.rfc;
  }
}

TEST(SpecialAddresses, EndsAndNeighboursOfEveryRow) {
  for (const SpecialRange& range : special_ranges()) {
    if (range.name == "IPv4-mapped") continue;  // judged as IPv4, below
    const IpAddress last = last_of(range);
    EXPECT_FALSE(is_public(range.first)) << text_of(range.first);
    EXPECT_FALSE(is_public(last)) << text_of(last);
    EXPECT_EQ(special_range(last), slow(last)) << text_of(last);
    for (const IpAddress& next : {step(range.first, -1), step(last, 1)}) {
      if (!next.valid() || next.prefix(96) == ip_of("::ffff:0:0").prefix(96)) continue;
      EXPECT_EQ(special_range(next), slow(next)) << text_of(next);
      EXPECT_EQ(is_public(next), slow(next) == nullptr) << text_of(next);
    }
  }
}

TEST(SpecialAddresses, TheNarrowestRowNamesAnAddress) {
  const auto name = [](const char* ip) { return special_range(ip_of(ip))->name; };
  EXPECT_EQ(name("192.0.0.9"), "Port Control Protocol anycast");
  EXPECT_EQ(name("192.0.0.7"), "IPv4 service continuity");
  EXPECT_EQ(name("192.0.0.11"), "IETF protocol assignments");
  EXPECT_EQ(name("255.255.255.255"), "Limited broadcast");
  EXPECT_EQ(name("255.255.255.254"), "Reserved");
  EXPECT_EQ(name("2001:2:0:5::1"), "Benchmarking");
  EXPECT_EQ(name("2001:2:1::1"), "IETF protocol assignments");
  EXPECT_EQ(name("::"), "Unspecified address");
  EXPECT_EQ(name("::2"), "IPv4-compatible, deprecated");
  EXPECT_EQ(special_range(ip_of("172.31.255.255"))->rfc, "RFC 1918");
}

TEST(SpecialAddresses, ThoseThatRulesMustNotTakeForPublic) {
  for (const char* special :
       {"0.1.2.3",         "10.0.0.1",        "100.64.0.1",     "100.127.255.255",
        "127.0.0.1",       "169.254.169.254", "172.16.0.1",     "192.0.2.1",
        "192.88.99.1",     "192.168.1.1",     "198.19.255.255", "198.51.100.7",
        "203.0.113.9",     "239.1.2.3",       "250.0.0.1",      "::1",
        "64:ff9b::808",    "64:ff9b:1::1",    "100::1",         "2001::1",
        "2001:db8::1",     "2002:c000::1",    "3fff:fff::1",    "5f00::1",
        "fd00::1",         "fe80::1%eth0",    "ff02::1",        "fec0::1",
        "2620:4f:8000::1", "::ffff:10.0.0.1", "192.31.196.1",   "192.52.193.77",
        "192.175.48.1",    "2001:1ff:ffff::", "::10.1.2.3"}) {
    EXPECT_FALSE(is_public(ip_of(special))) << special;
  }
}

TEST(SpecialAddresses, PublicOnes) {
  for (const char* open :
       {"1.0.0.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "191.255.255.255", "192.0.1.0",       "192.0.3.0",       "192.167.255.255",
        "192.169.0.0",     "198.17.255.255",  "198.20.0.0",      "203.0.112.255",
        "203.0.114.0",     "223.255.255.255", "2001:200::1",     "2001:db7:ffff::1",
        "2001:db9::",      "2003::1",         "2606:4700::1111", "2a00::1",
        "3ffe::1",         "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(is_public(ip_of(open))) << open;
    EXPECT_EQ(special_range(ip_of(open)), nullptr) << open;
  }
  EXPECT_FALSE(is_public(IpAddress{}));
  EXPECT_EQ(special_range(IpAddress{}), nullptr);
}

TEST(SpecialAddresses, MappedBytesAreJudgedAsIpv4) {
  // Parsing makes IPv4 of them; other makers of addresses may not.
  IpAddress mapped;
  mapped.family = Family::v6;
  mapped.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8};
  EXPECT_TRUE(is_public(mapped));
  mapped.bytes[12] = 10;
  ASSERT_NE(special_range(mapped), nullptr);
  EXPECT_EQ(special_range(mapped)->rfc, "RFC 1918");
}

TEST(SpecialAddresses, AsAView) {
  const View view = View::from_name("source.ip/scope").value();
  EXPECT_EQ(view.name(), "source.ip/scope");
  Event event;
  EXPECT_EQ(view_text(view, event), "");
  event.ip = ip_of("8.8.8.8");
  EXPECT_EQ(view_text(view, event), "public");
  ViewTable views(HashKey{});
  const std::uint8_t index = *views.add(view);
  EventKeys open;
  views.compute(event, open);
  event.ip = ip_of("192.168.1.1");
  EXPECT_EQ(view_text(view, event), "special");
  EventKeys special;
  views.compute(event, special);
  EXPECT_FALSE(open.hash[index] == special.hash[index]);
  event.ip = {};
  views.compute(event, special);
  EXPECT_TRUE(special.hash[index].none());
}

}  // namespace
}  // namespace doorward
