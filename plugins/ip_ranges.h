// Ranges of addresses, as CIDR prefixes write them, and sets of them that answer in the logarithm
// of their number.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "plugins/ip_address.h"
#include "sketch/result.h"

namespace doorward {

/// All addresses from `first` to `last`, both of one family.
struct IpRange {
  IpAddress first;
  IpAddress last;

  /// Parses "10.0.0.0/8" or "2001:db8::/32" (RFC 4632, RFC 4291), or an address in any spelling as
  /// the range of itself. IPv4-mapped prefixes ("::ffff:10.0.0.0/104") are the IPv4 ranges that
  /// they are. Errors, without a place: no address, no prefix length of the family, bits set behind
  /// the prefix (the message names the prefix that is probably meant).
  static Result<IpRange> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& ip) const {
    return ip.family == first.family && first.bytes <= ip.bytes && ip.bytes <= last.bytes;
  }
};

/// A set of addresses. IPv4 and IPv6 are apart: "::/0" holds no IPv4 address.
class IpRanges {
 public:
  /// Before seal().
  void add(const IpRange& range);

  /// Sorts, and joins what overlaps or touches. Once, after the last add() and before any question.
  void seal();

  /// Binary search; never allocates. An address of no family is in no range.
  [[nodiscard]] bool contains(const IpAddress& ip) const;
  /// All of `range` is in the set.
  [[nodiscard]] bool contains(const IpRange& range) const;

  /// The joined ranges, ascending.
  [[nodiscard]] std::span<const IpRange> v4() const { return v4_; }
  [[nodiscard]] std::span<const IpRange> v6() const { return v6_; }
  [[nodiscard]] bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  [[nodiscard]] const IpRange* at_or_before(const IpAddress& ip) const;

  std::vector<IpRange> v4_;
  std::vector<IpRange> v6_;
};

}  // namespace doorward
