// How an agent's connection comes to a server: names, addresses, one try after the other. Only for
// .cc files.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sketch/result.h"

namespace doorward {

using WireStrand = boost::asio::strand<boost::asio::io_context::executor_type>;

struct HostPort {
  std::string host;
  std::string port;
};
/// "192.0.2.1:7443", "server.example.com:7443", "[2001:db8::1]:7443".
Result<HostPort> split_host_port(const std::string& text);

/// Connects a socket to the first of a server's addresses that answers. All of it on one strand. It
/// has no timer: whoever dials looks at try_until() and calls give_up_try() then.
class WireDial : public std::enable_shared_from_this<WireDial> {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Hooks {
    std::function<void()> on_try;  ///< try_until() is another
    /// Once, and nothing after it: empty when the socket is connected, else why it is not.
    std::function<void(const std::string& why)> on_done;
  };

  /// `socket` is of the strand, and lives until `on_done` or cancel().
  WireDial(const WireStrand& strand, boost::asio::ip::tcp::socket& socket)
      : strand_(strand), socket_(&socket), resolver_(strand) {}

  /// Once. `server` and `from` as in WireLink::connect(). Each address gets its share of the time
  /// until `open_by`.
  void start(const std::string& server, const std::string& from, Time open_by, Hooks hooks);
  /// When the address being tried has had its share; Time::max() before the first.
  [[nodiscard]] Time try_until() const { return endpoint_ != 0 ? try_until_ : Time::max(); }
  /// Goes on to the next address.
  void give_up_try();
  /// No hook is called any more.
  void cancel();

 private:
  void try_next();
  void done(const std::string& why);

  WireStrand strand_;
  boost::asio::ip::tcp::socket* socket_;
  boost::asio::ip::tcp::resolver resolver_;
  Hooks hooks_;
  bool over_ = false;
  std::string server_;
  std::optional<boost::asio::ip::address> from_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
  std::size_t endpoint_ = 0;  // the next one to try
  std::string error_ = "it has no address";
  Time open_by_, try_until_;
};

}  // namespace doorward
