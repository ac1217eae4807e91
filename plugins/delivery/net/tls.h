// What a TLS client needs, read and checked once.
#pragma once

#include <memory>
#include <string>

#include "plugins/params.h"
#include "sketch/result.h"

namespace doorward {

struct TlsSettings {
  std::string ca_file;    ///< empty: the certificates that the system trusts
  std::string cert_file;  ///< of this host, when the receiver asks for one; empty: none
  std::string key_file;
  bool verify = true;
};

/// Holds an asio::ssl::context (plugins/delivery/net/tls_context.h).
class TlsContext;

/// TLS 1.2 or newer. Fails when a file cannot be read or is no certificate.
Result<std::shared_ptr<TlsContext>> make_tls(const TlsSettings& settings);

/// Reads ca_file, cert_file, key_file and insecure_skip_verify, and makes the context. Null after a
/// mistake, which is noted. `warnings` gets what must be said at each start.
std::shared_ptr<TlsContext> read_tls(Params& table, std::vector<std::string>& warnings);

}  // namespace doorward
