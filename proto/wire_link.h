// One TLS 1.3 connection that carries frames, for both ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "proto/identity.h"
#include "proto/wire.h"
#include "sketch/result.h"

namespace boost::asio {
class io_context;
}

namespace doorward {

/// TLS contexts. Nothing older than TLS 1.3 (RFC 8446).
class WireTls {
 public:
  virtual ~WireTls() = default;

  /// A server's: shows its certificate, asks for one of the authority's and lets those without one
  /// in as strangers. A certificate that has ended is let in and marked, so that its owner can be
  /// told; any other fault ends the handshake. Sessions are resumed by tickets.
  static Result<std::shared_ptr<WireTls>> server(const Certificate& authority,
                                                 const Certificate& certificate,
                                                 const PrivateKey& key);
  /// An agent's: the server must show a certificate of the authority for kServerName. Keeps the
  /// last session for the next connection.
  static Result<std::shared_ptr<WireTls>> agent(const Certificate& authority,
                                                const Certificate& certificate,
                                                const PrivateKey& key);
  /// Another agent's of the same authority as one of agent(), whose memory it shares: for programs
  /// that play thousands of agents. Its sessions are its own.
  static Result<std::shared_ptr<WireTls>> agent_beside(const WireTls& other,
                                                       const Certificate& certificate,
                                                       const PrivateKey& key);
  /// Of one who has no certificate yet and knows the authority's fingerprint: the server must show
  /// a chain that ends in an authority of that fingerprint (it sends the authority's certificate).
  static Result<std::shared_ptr<WireTls>> stranger(const Fingerprint& authority);
};

/// Who is at the other end, after the handshake.
struct WirePeer {
  std::string address;       ///< "192.0.2.1"
  std::string agent;         ///< id in its certificate; empty: a stranger, or a server
  std::string serial;        ///< of its certificate
  std::int64_t ends_us = 0;  ///< when its certificate ends; it may be over
  bool resumed = false;      ///< the TLS session was
};

/// A connection. Its handlers run on a strand of its own, one at a time; its functions may be
/// called from any thread. After close() on the strand, and after `on_end`, nothing is called.
/// Links end before the io_context does.
class WireLink : public std::enable_shared_from_this<WireLink> {
 public:
  struct Handlers {
    std::function<void(const WirePeer&)> on_open;
    /// Lives for the call. The link reads on when it returns.
    std::function<void(const wire::Envelope&)> on_message;
    /// Once: why it ended; "closed" when the other end closed it in order, "finished" after
    /// finish().
    std::function<void(const std::string& why)> on_end;
  };
  struct Limits {
    /// From the first step to the last: resolving and connecting too.
    std::chrono::milliseconds handshake{10'000};
    /// Without a byte from the other end for so long, the link ends.
    std::chrono::milliseconds silence{180'000};
    /// One frame must be written within this.
    std::chrono::milliseconds write{30'000};
    /// Bytes waiting to be written. Beyond it the link ends: the other end does not read.
    std::size_t queue_bytes = std::size_t{64} << 20;
    std::size_t frame_max = kFrameMax;
  };

  /// An agent's: resolves, connects, shakes hands. `server`: "host:port", "[2001:db8::1]:7443".
  /// `from`: the address of this host to connect from; empty: the kernel chooses. A server that
  /// does not like the certificate says so after the handshake: on_open, then on_end.
  static std::shared_ptr<WireLink> connect(boost::asio::io_context& io, const std::string& server,
                                           std::shared_ptr<WireTls> tls, Handlers handlers,
                                           Limits limits, const std::string& from = {});

  virtual ~WireLink() = default;
  virtual void send(Frame frame) = 0;
  /// Bytes handed to send() and not written yet: whoever has much to send waits for this to fall.
  [[nodiscard]] virtual std::size_t queued() const = 0;
  /// Called once when queued() has fallen to nothing; never when the link ends before.
  virtual void when_sent(std::function<void()> done) = 0;
  /// Writes what is queued, for at most `limits.write`, then closes. No further messages come.
  virtual void finish() = 0;
  virtual void close() = 0;
  /// Runs it on the link's strand, soon.
  virtual void post(std::function<void()> work) { work(); }
  /// Bytes on the wire so far, TLS included.
  [[nodiscard]] virtual std::uint64_t received() const { return 0; }
  [[nodiscard]] virtual std::uint64_t sent() const { return 0; }
};

/// Accepts connections on one address, each on a strand of its own.
class WireListener {
 public:
  struct Options {
    std::string listen = "0.0.0.0:7443";
    /// Connections at a time; further ones wait in the kernel's queue, so that one that is let in
    /// gets its answer in time.
    std::size_t connections_max = 20'000;
    /// TLS handshakes at a time: a stampede of agents is worked off in order.
    std::size_t handshakes_max = 256;
    WireLink::Limits limits;
  };
  /// Called on the new link's strand before its handshake; gives its handlers. `link` may be kept.
  using Accept = std::function<WireLink::Handlers(std::shared_ptr<WireLink> link)>;

  static Result<std::unique_ptr<WireListener>> open(boost::asio::io_context& io,
                                                    std::shared_ptr<WireTls> tls, Options options,
                                                    Accept accept);
  virtual ~WireListener() = default;
  /// The port in use (of "…:0").
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  /// Takes no further connections; those that are there go on.
  virtual void close() = 0;
};

}  // namespace doorward
