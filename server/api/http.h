// The API over HTTPS and over a local socket.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proto/identity.h"
#include "server/api/api.h"
#include "server/core/core.h"
#include "server/core/settings.h"
#include "sketch/result.h"

namespace boost::asio {
class io_context;
}

namespace doorward {

/// Whom the server shows itself as. Used within the call only.
struct ApiIdentity {
  const Certificate* authority = nullptr;    ///< sent along
  const Certificate* certificate = nullptr;  ///< for kServerName
  const PrivateKey* key = nullptr;
};

/// HTTP/1.1 (RFC 9112) in TLS 1.3 on settings.api_listen ("off": not), and plain on the unix socket
/// settings.socket(), 0660. Who asks:
///   unix socket: root and the server's own user are the admin "local"; whoever else may connect
///                (the socket's group) is a viewer
///   HTTPS:       a bearer token; GET /metrics from the host itself is let in without one
/// A token's role is looked up for each request, so one that is revoked is worth nothing at once.
/// Bounds are in limits.h: connections, headers, bodies, times, rates, failed tries.
///
/// The io_context may be run by several threads. close() ends everything; the Api and the Core must
/// outlive what still runs on the io_context.
class ApiServer {
 public:
  /// Errors: an address or path on which it cannot listen, a key that does not fit.
  static Result<std::unique_ptr<ApiServer>> open(boost::asio::io_context& io, Api& api, Core& core,
                                                 const ServerSettings& settings,
                                                 const ApiIdentity& identity);
  virtual ~ApiServer() = default;
  virtual void close() = 0;
  /// Of HTTPS (of "…:0"); 0: off.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace doorward
