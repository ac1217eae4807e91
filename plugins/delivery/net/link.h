// One connection to a receiver, over TCP or TLS, with a time limit on every step.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/delivery/net/address.h"
#include "plugins/delivery/net/tls.h"

namespace boost::asio {
class io_context;
}

namespace doorward {

class Link {
 public:
  /// `error` is empty when all went well. Never called from within the call that started it.
  using Done = std::function<void(const std::string& error)>;
  using Read = std::function<void(const std::string& error, std::string_view bytes)>;

  /// `tls`: null for plain TCP. The address has a port.
  static std::shared_ptr<Link> make(boost::asio::io_context& io, const Address& address,
                                    std::shared_ptr<TlsContext> tls);
  virtual ~Link() = default;

  /// Resolves, connects, and shakes hands; with TLS the certificate is held against the host's
  /// name. Once a Link.
  virtual void open(std::chrono::milliseconds limit, Done done) = 0;
  /// Writes all of it. One at a time.
  virtual void write(std::string bytes, std::chrono::milliseconds limit, Done done) = 0;
  /// Reads at least a byte; zero: without a limit. One at a time, beside a write. An orderly end is
  /// the error "the receiver closed the connection". The bytes live for the call.
  virtual void read(std::chrono::milliseconds limit, Read done) = 0;
  /// Bytes that the receiver's system has not acknowledged yet.
  [[nodiscard]] virtual std::size_t unacknowledged() = 0;
  /// Ends it; nothing is called back after that.
  virtual void close() = 0;
};

}  // namespace doorward
