#include "server/commands/server_identity.h"

namespace doorward {

std::optional<Fingerprint> authority_of(const std::string& data_dir) {
  const Result<Certificate> authority = read_certificate(data_dir + "/authority.crt");
  if (!authority) return std::nullopt;
  return fingerprint_of(authority.value());
}

}  // namespace doorward
