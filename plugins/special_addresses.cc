#include "plugins/special_addresses.h"

#include <algorithm>
#include <array>

namespace doorward {
namespace {

using Family = IpAddress::Family;

constexpr SpecialRange v4(unsigned a, unsigned b, unsigned c, unsigned d, int bits,
                          std::string_view name, std::string_view rfc) {
  SpecialRange range{{}, bits, name, rfc};
  range.first.family = Family::v4;
  range.first.bytes[0] = static_cast<std::uint8_t>(a);
  range.first.bytes[1] = static_cast<std::uint8_t>(b);
  range.first.bytes[2] = static_cast<std::uint8_t>(c);
  range.first.bytes[3] = static_cast<std::uint8_t>(d);
  return range;
}

/// The eight groups of an IPv6 address; trailing zero groups may be left out.
constexpr SpecialRange v6(std::array<unsigned, 8> groups, int bits, std::string_view name,
                          std::string_view rfc) {
  SpecialRange range{{}, bits, name, rfc};
  range.first.family = Family::v6;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    range.first.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    range.first.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xff);
  }
  return range;
}

// Some of these are reachable from everywhere (AS112, the anycast addresses). They are listed all
// the same: nobody logs on from there. Longest prefix first, so that the first match is the
// narrowest.
constexpr std::array kRanges = {
    v4(0, 0, 0, 0, 32, "This host on this network", "RFC 1122"),
    v4(192, 0, 0, 8, 32, "IPv4 dummy address", "RFC 7600"),
    v4(192, 0, 0, 9, 32, "Port Control Protocol anycast", "RFC 7723"),
    v4(192, 0, 0, 10, 32, "TURN anycast", "RFC 8155"),
    v4(192, 0, 0, 170, 32, "NAT64/DNS64 discovery", "RFC 8880"),
    v4(192, 0, 0, 171, 32, "NAT64/DNS64 discovery", "RFC 8880"),
    v4(192, 88, 99, 2, 32, "6a44 relay anycast", "RFC 6751"),
    v4(255, 255, 255, 255, 32, "Limited broadcast", "RFC 8190"),
    v4(192, 0, 0, 0, 29, "IPv4 service continuity", "RFC 7335"),
    v4(192, 0, 0, 0, 24, "IETF protocol assignments", "RFC 6890"),
    v4(192, 0, 2, 0, 24, "Documentation (TEST-NET-1)", "RFC 5737"),
    v4(192, 31, 196, 0, 24, "AS112-v4", "RFC 7535"),
    v4(192, 52, 193, 0, 24, "AMT", "RFC 7450"),
    v4(192, 88, 99, 0, 24, "6to4 relay anycast, deprecated", "RFC 7526"),
    v4(192, 175, 48, 0, 24, "Direct delegation AS112", "RFC 7534"),
    v4(198, 51, 100, 0, 24, "Documentation (TEST-NET-2)", "RFC 5737"),
    v4(203, 0, 113, 0, 24, "Documentation (TEST-NET-3)", "RFC 5737"),
    v4(233, 252, 0, 0, 24, "Documentation (MCAST-TEST-NET)", "RFC 6676"),
    v4(169, 254, 0, 0, 16, "Link local", "RFC 3927"),
    v4(192, 168, 0, 0, 16, "Private use", "RFC 1918"),
    v4(198, 18, 0, 0, 15, "Benchmarking", "RFC 2544"),
    v4(172, 16, 0, 0, 12, "Private use", "RFC 1918"),
    v4(100, 64, 0, 0, 10, "Shared address space (carrier NAT)", "RFC 6598"),
    v4(0, 0, 0, 0, 8, "This network", "RFC 791"),
    v4(10, 0, 0, 0, 8, "Private use", "RFC 1918"),
    v4(127, 0, 0, 0, 8, "Loopback", "RFC 1122"),
    v4(224, 0, 0, 0, 4, "Multicast", "RFC 5771"),
    v4(240, 0, 0, 0, 4, "Reserved", "RFC 1112"),

    v6({0, 0, 0, 0, 0, 0, 0, 0}, 128, "Unspecified address", "RFC 4291"),
    v6({0, 0, 0, 0, 0, 0, 0, 1}, 128, "Loopback", "RFC 4291"),
    v6({0x2001, 1, 0, 0, 0, 0, 0, 1}, 128, "Port Control Protocol anycast", "RFC 7723"),
    v6({0x2001, 1, 0, 0, 0, 0, 0, 2}, 128, "TURN anycast", "RFC 8155"),
    v6({0x2001, 1, 0, 0, 0, 0, 0, 3}, 128, "DNS-SD service registration anycast", "RFC 9665"),
    v6({0, 0, 0, 0, 0, 0, 0, 0}, 96, "IPv4-compatible, deprecated", "RFC 4291"),
    v6({0, 0, 0, 0, 0, 0xffff, 0, 0}, 96, "IPv4-mapped", "RFC 4291"),
    v6({0x64, 0xff9b, 0, 0, 0, 0, 0, 0}, 96, "IPv4/IPv6 translation", "RFC 6052"),
    v6({0x100, 0, 0, 0, 0, 0, 0, 0}, 64, "Discard only", "RFC 6666"),
    v6({0x100, 0, 0, 1, 0, 0, 0, 0}, 64, "Dummy prefix", "RFC 9780"),
    v6({0x64, 0xff9b, 1, 0, 0, 0, 0, 0}, 48, "Local-use IPv4/IPv6 translation", "RFC 8215"),
    v6({0x2001, 2, 0, 0, 0, 0, 0, 0}, 48, "Benchmarking", "RFC 5180"),
    v6({0x2001, 4, 0x112, 0, 0, 0, 0, 0}, 48, "AS112-v6", "RFC 7535"),
    v6({0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0}, 48, "Direct delegation AS112", "RFC 7534"),
    v6({0x2001, 0, 0, 0, 0, 0, 0, 0}, 32, "Teredo", "RFC 4380"),
    v6({0x2001, 3, 0, 0, 0, 0, 0, 0}, 32, "AMT", "RFC 7450"),
    v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 0}, 32, "Documentation", "RFC 3849"),
    v6({0x2001, 0x10, 0, 0, 0, 0, 0, 0}, 28, "ORCHID, deprecated", "RFC 4843"),
    v6({0x2001, 0x20, 0, 0, 0, 0, 0, 0}, 28, "ORCHIDv2", "RFC 7343"),
    v6({0x2001, 0x30, 0, 0, 0, 0, 0, 0}, 28, "Drone remote identification", "RFC 9374"),
    v6({0x2001, 0, 0, 0, 0, 0, 0, 0}, 23, "IETF protocol assignments", "RFC 2928"),
    v6({0x3fff, 0, 0, 0, 0, 0, 0, 0}, 20, "Documentation", "RFC 9637"),
    v6({0x2002, 0, 0, 0, 0, 0, 0, 0}, 16, "6to4", "RFC 3056"),
    v6({0x5f00, 0, 0, 0, 0, 0, 0, 0}, 16, "Segment routing (SRv6) identifiers", "RFC 9602"),
    v6({0xfe80, 0, 0, 0, 0, 0, 0, 0}, 10, "Link-local unicast", "RFC 4291"),
    v6({0xfec0, 0, 0, 0, 0, 0, 0, 0}, 10, "Site-local unicast, deprecated", "RFC 3879"),
    v6({0xff00, 0, 0, 0, 0, 0, 0, 0}, 8, "Multicast", "RFC 4291"),
    v6({0xfc00, 0, 0, 0, 0, 0, 0, 0}, 7, "Unique local", "RFC 4193"),
};

struct Bits128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

constexpr Bits128 bits_of(const IpAddress& ip) {
  Bits128 bits;
  for (std::size_t i = 0; i < 8; ++i) {
    bits.high = bits.high << 8 | ip.bytes[i];
    bits.low = bits.low << 8 | ip.bytes[i + 8];
  }
  return bits;
}

/// A row ready to be compared: an IPv4 address fills the upper half of `high`.
struct Masked {
  Bits128 prefix;
  Bits128 mask;
};

constexpr Masked masked(const SpecialRange& range) {
  const auto ones = [](int bits) {
    return bits <= 0 ? std::uint64_t{0} : ~std::uint64_t{0} << (64 - std::min(bits, 64));
  };
  return {bits_of(range.first), {ones(range.bits), ones(range.bits - 64)}};
}

constexpr std::array<Masked, kRanges.size()> kMasked = [] {
  std::array<Masked, kRanges.size()> out{};
  std::transform(kRanges.begin(), kRanges.end(), out.begin(), masked);
  return out;
}();

constexpr auto kFirstV6 = static_cast<std::size_t>(
    std::find_if(kRanges.begin(), kRanges.end(),
                 [](const SpecialRange& range) { return range.first.family == Family::v6; }) -
    kRanges.begin());

}  // namespace

std::span<const SpecialRange> special_ranges() {
  return kRanges;
}

const SpecialRange* special_range(const IpAddress& ip) {
  if (!ip.valid()) return nullptr;
  Bits128 bits = bits_of(ip);
  bool is_v4 = ip.family == Family::v4;
  if (!is_v4 && bits.high == 0 && bits.low >> 32 == 0xffff) {
    bits = {bits.low << 32, 0};
    is_v4 = true;
  }
  const std::size_t end = is_v4 ? kFirstV6 : kRanges.size();
  for (std::size_t i = is_v4 ? 0 : kFirstV6; i < end; ++i) {
    const Masked& row = kMasked[i];
    if ((bits.high & row.mask.high) == row.prefix.high &&
        (bits.low & row.mask.low) == row.prefix.low) {
      return &kRanges[i];
    }
  }
  return nullptr;
}

bool is_public(const IpAddress& ip) {
  return ip.valid() && special_range(ip) == nullptr;
}

}  // namespace doorward
