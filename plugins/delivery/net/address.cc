#include "plugins/delivery/net/address.h"

#include <algorithm>
#include <charconv>

namespace doorward {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

std::string Address::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out = v6 ? "[" + host + "]" : host;
  return port.empty() ? out : out + ":" + port;
}

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<Address> parse_address(std::string_view text) {
  const auto expected = [](std::string_view what) {
    return Error{"", "expected " + std::string(what)};
  };
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::all_of(text.begin(), text.end(), visible)) return expected("no blanks or controls");
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return expected("SCHEME://HOST[:PORT]");
  Address out;
  for (const char c : text.substr(0, colon)) {
    out.scheme += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  std::string_view rest = text.substr(colon + 3);
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    out.path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  if (out.path.find('#') != std::string::npos) return expected("no fragment (#)");
  if (rest.find('@') != std::string_view::npos) {
    return expected("no user or password here: they belong into a file of their own");
  }
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return expected("a ] after the IPv6 address");
    out.host = rest.substr(1, end - 1);
    if (out.host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos ||
        out.host.find(':') == std::string::npos) {
      return expected("an IPv6 address in the brackets");
    }
    rest = rest.substr(end + 1);
  } else {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    out.host = rest.substr(0, end);
    rest = rest.substr(end);
    if (!std::all_of(out.host.begin(), out.host.end(), is_host_character)) {
      return expected("a host name or an address");
    }
  }
  constexpr std::size_t kHostBytesMax = 253;
  if (out.host.empty() || out.host.size() > kHostBytesMax) return expected("a host name");
  if (!rest.empty()) {
    if (!rest.starts_with(':') || !is_port(rest.substr(1))) return expected("a port, 1 to 65535");
    out.port = rest.substr(1);
  }
  return out;
}

}  // namespace doorward
