// What wire_tls.cc and wire_link.cc share: OpenSSL over a socket of its own. Only for .cc files.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "proto/openssl_parts.h"
#include "proto/wire_link.h"

namespace doorward {

/// How long a TLS session may be resumed, and so for how long a server is trusted without showing
/// its certificate again.
inline constexpr long kTlsSessionSeconds = 24L * 3600;

/// The socket as TLS sees it: never raises SIGPIPE, counts bytes, remembers how it failed.
struct WireSocket {
  int descriptor = -1;
  int error = 0;  ///< errno of the last failure
  bool ended = false;
  bool drained = false;  ///< the last read gave all that there was
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

struct SslFree {
  void operator()(SSL* ssl) const;
};
/// Freeing it does not spoil the session for the next connection.
using SslPtr = std::unique_ptr<SSL, SslFree>;

class WireTlsContext final : public WireTls {
 public:
  enum class End : std::uint8_t { server, client };
  using ContextPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
  using SessionPtr = OpensslPtr<SSL_SESSION, SSL_SESSION_free>;

  explicit WireTlsContext(End end) : end_(end) {}
  WireTlsContext(const WireTlsContext&) = delete;
  WireTlsContext& operator=(const WireTlsContext&) = delete;

  /// Makes the context: `authority` is null for a stranger, the others for who has none.
  Status set_up(const Certificate* authority, const Certificate* certificate,
                const PrivateKey* key);
  void trust_only(const Fingerprint& authority);
  /// Takes over the context of another agent, but shows this certificate.
  Status share(const WireTlsContext& other, const Certificate& certificate, const PrivateKey& key);

  /// A TLS state over the socket, which must stay where it is, as must this; null with
  /// openssl_words().
  [[nodiscard]] SslPtr over(WireSocket& socket);
  [[nodiscard]] End end() const { return end_; }
  /// The authority by whose fingerprint a stranger knows the server.
  [[nodiscard]] const Fingerprint& fingerprint() const { return fingerprint_; }

  /// Called by OpenSSL: the server gave a ticket. Takes the session.
  void keep(SSL_SESSION* session);

 private:
  End end_;
  ContextPtr context_;
  Certificate certificate_;  // of share()
  PrivateKey key_;
  Fingerprint fingerprint_{};
  std::mutex mutex_;  // guards session_: connections may run on several threads
  SessionPtr session_;
};

/// What is there to say of a handshake, a read or a write that failed. Forgets OpenSSL's errors.
std::string tls_failure(SSL* ssl, int ssl_error, const WireSocket& socket);

}  // namespace doorward
