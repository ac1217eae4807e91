#include "bench/fleet/address.h"

#include <arpa/inet.h>

#include <array>

namespace doorward::fleet {

std::string text_of(const Address& address) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!address.v6) {
    for (unsigned i = 0; i < 4; ++i) {
      bytes[i] = static_cast<unsigned char>((address.low >> (24 - 8 * i)) & 0xff);
    }
    inet_ntop(AF_INET, bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
  } else {
    for (unsigned i = 0; i < 8; ++i) {
      bytes[i] = static_cast<unsigned char>((address.high >> (56 - 8 * i)) & 0xff);
      bytes[i + 8] = static_cast<unsigned char>((address.low >> (56 - 8 * i)) & 0xff);
    }
    inet_ntop(AF_INET6, bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
  }
  return text.data();
}

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) {
    return v4(bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  Address out{0, 0, true};
  for (unsigned i = 0; i < 8; ++i) {
    out.high = (out.high << 8) | bytes[i];
    out.low = (out.low << 8) | bytes[i + 8];
  }
  return out;
}

}  // namespace doorward::fleet
