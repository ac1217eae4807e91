// Where a receiver is: "https://siem.example:9200/path", "tls://log.example:6514".
#pragma once

#include <string>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

struct Address {
  std::string scheme;  ///< lower case
  std::string host;    ///< a name or an address, IPv6 without brackets
  std::string port;    ///< digits; empty: none was given
  std::string path;    ///< "/..." or empty, as written

  /// "host:port", with brackets around IPv6.
  [[nodiscard]] std::string authority() const;
  /// 127.0.0.0/8, ::1 or localhost.
  [[nodiscard]] bool is_loopback() const;
};

/// Fails with what was expected: no scheme, user:password in it, a bad port, a query, blanks.
Result<Address> parse_address(std::string_view text);

}  // namespace doorward
