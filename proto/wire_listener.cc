#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "proto/wire_connection.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// After accept() failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};

/// Outlives the listener as long as connections do.
class ListenerState final : public WireGate, public std::enable_shared_from_this<ListenerState> {
 public:
  ListenerState(asio::io_context& io, std::shared_ptr<WireTls> tls, WireListener::Options options,
                WireListener::Accept accept)
      : io_(io),
        strand_(asio::make_strand(io)),
        acceptor_(strand_),
        pause_(strand_),
        tls_(std::move(tls)),
        options_(std::move(options)),
        accept_(std::move(accept)) {}

  Status listen() {
    const auto failed = [this](const error_code& error) {
      return Error{options_.listen, "cannot listen: " + error.message()};
    };
    const Result<HostPort> name = split_host_port(options_.listen);
    if (!name) return Error{options_.listen, "cannot listen: it is not ADDRESS:PORT"};
    error_code error;
    tcp::resolver resolver(io_);
    const auto found =
        resolver.resolve(name.value().host, name.value().port, tcp::resolver::passive, error);
    if (error) return failed(error);
    if (found.empty()) return Error{options_.listen, "cannot listen: it has no address"};
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return failed(error);
    port_ = acceptor_.local_endpoint(error).port();
    asio::post(strand_, [self = shared_from_this()] { self->accept_next(); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections() const { return connections_; }

  void close() {
    closed_ = true;
    asio::post(strand_, [self = shared_from_this()] {
      error_code ignored;
      self->acceptor_.close(ignored);
      self->pause_.cancel();
    });
  }

  void handshake_over() override {
    --handshakes_;
    go_on();
  }
  void connection_over() override {
    --connections_;
    go_on();
  }

 private:
  /// A place is free again.
  void go_on() {
    if (!waiting_for_place_.exchange(false)) return;
    asio::post(strand_, [self = shared_from_this()] { self->accept_next(); });
  }

  [[nodiscard]] bool full() const {
    return connections_ >= options_.connections_max || handshakes_ >= options_.handshakes_max;
  }

  void accept_next() {
    if (closed_ || accepting_) return;
    if (full()) {
      waiting_for_place_ = true;
      // One may have become free just before that was said.
      if (full() || !waiting_for_place_.exchange(false)) return;
    }
    accepting_ = true;
    const WireStrand strand = asio::make_strand(io_);
    acceptor_.async_accept(
        asio::any_io_executor(strand),
        asio::bind_executor(strand_, [self = shared_from_this(), strand](const error_code& error,
                                                                         tcp::socket socket) {
          self->accepting_ = false;
          if (self->closed_ || error == asio::error::operation_aborted) return;
          if (!error) {
            self->let_in(std::move(socket), strand);
          } else if (error != asio::error::connection_aborted) {
            return self->accept_later();
          }
          self->accept_next();
        }));
  }

  void accept_later() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->accept_next();
    });
  }

  void let_in(tcp::socket socket, const WireStrand& strand) {
    ++connections_;
    ++handshakes_;
    auto link = make_accepted(std::move(socket), tls_, options_.limits, shared_from_this(), strand);
    asio::post(strand, [self = shared_from_this(), link = std::move(link)] {
      if (self->closed_) return link->close();
      begin_accepted(*link, self->accept_(link));
    });
  }

  asio::io_context& io_;
  WireStrand strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::shared_ptr<WireTls> tls_;
  WireListener::Options options_;
  WireListener::Accept accept_;
  std::uint16_t port_ = 0;
  bool accepting_ = false;
  std::atomic<bool> closed_{false};
  std::atomic<bool> waiting_for_place_{false};
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> handshakes_{0};
};

class Listener final : public WireListener {
 public:
  explicit Listener(std::shared_ptr<ListenerState> state) : state_(std::move(state)) {}
  ~Listener() override { state_->close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const override { return state_->port(); }
  [[nodiscard]] std::size_t connections() const override { return state_->connections(); }
  void close() override { state_->close(); }

 private:
  std::shared_ptr<ListenerState> state_;
};

}  // namespace

Result<std::unique_ptr<WireListener>> WireListener::open(asio::io_context& io,
                                                         std::shared_ptr<WireTls> tls,
                                                         Options options, Accept accept) {
  auto state =
      std::make_shared<ListenerState>(io, std::move(tls), std::move(options), std::move(accept));
  const Status listening = state->listen();
  if (!listening) return listening.error();
  return std::unique_ptr<WireListener>(std::make_unique<Listener>(std::move(state)));
}

}  // namespace doorward
