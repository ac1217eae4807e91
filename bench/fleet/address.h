// An IP address as a value, its text, and the networks around it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace doorward::fleet {

// IPv4 sits in the low 32 bits of `low`, with `high` zero.
struct Address {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool v6 = false;

  auto operator<=>(const Address&) const = default;  // NOLINT(modernize-use-nullptr)
};

constexpr Address v4(std::uint32_t value) {
  return {0, value, false};
}
constexpr Address v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return v4((a << 24) | (b << 16) | (c << 8) | d);
}
constexpr Address v6(std::uint64_t high, std::uint64_t low) {
  return {high, low, true};
}

// The text that logs hold; IPv6 in its canonical short form.
std::string text_of(const Address& address);
std::optional<Address> parse_address(std::string_view text);

// The network around an address: /24 and /16 for IPv4, /64 and /48 for IPv6.
constexpr Address near_network(const Address& address) {
  return address.v6 ? Address{address.high, 0, true} : Address{0, address.low & 0xffffff00U, false};
}
constexpr Address wide_network(const Address& address) {
  return address.v6 ? Address{address.high & ~0xffffULL, 0, true}
                    : Address{0, address.low & 0xffff0000U, false};
}

}  // namespace doorward::fleet
