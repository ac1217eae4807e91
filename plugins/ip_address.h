// An IPv4 or IPv6 address as a value: parsed once, compared and cut to prefixes without text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace doorward {

/// 16 bytes in network order and a family. IPv4 sits in the first four bytes. IPv4-mapped IPv6
/// (::ffff:a.b.c.d) is held as the IPv4 address that it is.
struct IpAddress {
  enum class Family : std::uint8_t { none, v4, v6 };

  std::array<std::uint8_t, 16> bytes{};
  Family family = Family::none;

  /// Parses dotted-quad IPv4 (four decimal parts, no leading zeros beyond "0") or RFC 4291 IPv6,
  /// with an optional zone ("%eth0", dropped). Anything else, host names included, is nullopt.
  /// Never allocates.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool valid() const { return family != Family::none; }

  /// The first `bits` bits (0..32 or 0..128), the others zero. Family none stays none.
  [[nodiscard]] IpAddress prefix(int bits) const;

  /// Longest text form, with its NUL.
  static constexpr std::size_t kTextMax = 48;

  /// Writes the canonical form (RFC 5952 for IPv6) into `out` and gives a view of it; empty for
  /// none.
  std::string_view format(std::array<char, kTextMax>& out) const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

}  // namespace doorward
