// Which addresses belong to somebody on the public Internet, and which are set aside for a special
// purpose: private networks, loopback, documentation, multicast (RFC 6890 and the two IANA
// registries of special-purpose addresses).
#pragma once

#include <span>
#include <string_view>

#include "plugins/ip_address.h"

namespace doorward {

/// One row of the registries.
struct SpecialRange {
  IpAddress first;        ///< the prefix: its lowest address
  int bits = 0;           ///< its length, of 32 or 128
  std::string_view name;  ///< what it is for, in the registry's words or nearly so
  std::string_view rfc;   ///< "RFC 1918"
};

/// All rows, those of IPv4 first, and within a family the longest prefix first.
std::span<const SpecialRange> special_ranges();

/// The narrowest range that holds the address; null for a public address and for family none.
/// IPv4-mapped IPv6 (::ffff:0:0/96) is judged as the IPv4 address that it is. Does not allocate.
const SpecialRange* special_range(const IpAddress& ip);

/// An address outside all special ranges. Family none is not public.
bool is_public(const IpAddress& ip);

}  // namespace doorward
