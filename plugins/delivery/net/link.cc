#include "plugins/delivery/net/link.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "plugins/delivery/net/tls_context.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using Tls = asio::ssl::stream<tcp::socket>;

std::string seconds_text(milliseconds limit) {
  const auto tenths = (limit.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

template <class Stream>
class StreamLink final : public Link, public std::enable_shared_from_this<StreamLink<Stream>> {
  static constexpr bool kTls = std::is_same_v<Stream, Tls>;

 public:
  StreamLink(asio::io_context& io, const Address& address, std::shared_ptr<TlsContext> tls)
      : address_(address),
        tls_(std::move(tls)),
        stream_(make_stream(io)),
        resolver_(io),
        write_timer_(io),
        read_timer_(io) {}

  void open(milliseconds limit, Done done) override {
    opened_ = std::move(done);
    watch(write_timer_, limit, "no connection to " + address_.authority() + " within ",
          [this](const std::string& error) { return finish_open(error); });
    resolver_.async_resolve(
        address_.host, address_.port,
        [self = this->shared_from_this()](const error_code& error,
                                          const tcp::resolver::results_type& found) {
          if (!self->opened_) return;
          if (error) {
            self->finish_open("cannot resolve " + self->address_.host + ": " + error.message());
          } else {
            self->connect(found);
          }
        });
  }

  void write(std::string bytes, milliseconds limit, Done done) override {
    written_ = std::move(done);
    out_ = std::move(bytes);
    watch(write_timer_, limit, "the receiver took nothing for ",
          [this](const std::string& error) { return finish_write(error); });
    asio::async_write(stream_, asio::buffer(out_),
                      [self = this->shared_from_this()](const error_code& error, std::size_t) {
                        self->finish_write(error ? "cannot write: " + error.message() : "");
                      });
  }

  void read(milliseconds limit, Read done) override {
    have_read_ = std::move(done);
    if (limit.count() > 0) {
      watch(read_timer_, limit, "no answer within ",
            [this](const std::string& error) { return finish_read(error, {}); });
    }
    stream_.async_read_some(asio::buffer(in_), [self = this->shared_from_this()](
                                                   const error_code& error, std::size_t size) {
      const bool ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
      self->finish_read(ended   ? "the receiver closed the connection"
                        : error ? "cannot read: " + error.message()
                                : std::string(),
                        {self->in_.data(), error ? 0 : size});
    });
  }

  std::size_t unacknowledged() override {
    int bytes = 0;
    if (::ioctl(socket().native_handle(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
    return static_cast<std::size_t>(bytes);
  }

  void close() override {
    opened_ = nullptr;
    written_ = nullptr;
    have_read_ = nullptr;
    shut();
  }

 private:
  Stream make_stream(asio::io_context& io) {
    if constexpr (kTls) {
      return Stream(io, tls_->context);
    } else {
      return Stream(io);
    }
  }

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void shut() {
    write_timer_.cancel();
    read_timer_.cancel();
    resolver_.cancel();
    error_code ignored;
    socket().close(ignored);
  }

  /// After `limit` everything that is under way fails, and `fail` is told why.
  template <class Fail>
  void watch(asio::steady_timer& timer, milliseconds limit, std::string why, Fail fail) {
    timer.expires_after(limit);
    timer.async_wait([self = this->shared_from_this(), &timer, limit, why = std::move(why),
                      fail = std::move(fail)](const error_code& error) {
      // A wait that ended while its handler was queued must not fail what began since.
      const bool over = !error && timer.expiry() <= std::chrono::steady_clock::now();
      if (over && fail(why + seconds_text(limit))) self->shut();
    });
  }

  void connect(const tcp::resolver::results_type& found) {
    asio::async_connect(
        socket(), found,
        [self = this->shared_from_this()](const error_code& error, const tcp::endpoint&) {
          if (!self->opened_) return;
          if (error) {
            self->finish_open("cannot connect to " + self->address_.authority() + ": " +
                              error.message());
            return;
          }
          error_code ignored;
          self->socket().set_option(tcp::no_delay(true), ignored);
          self->socket().set_option(asio::socket_base::keep_alive(true), ignored);
          self->shake_hands();
        });
  }

  void shake_hands() {
    if constexpr (kTls) {
      error_code no_address;
      asio::ip::make_address(address_.host, no_address);
      if (no_address) SSL_set_tlsext_host_name(stream_.native_handle(), address_.host.c_str());
      if (tls_->verify) {
        error_code ignored;
        stream_.set_verify_callback(asio::ssl::host_name_verification(address_.host), ignored);
      }
      stream_.async_handshake(Stream::client,
                              [self = this->shared_from_this()](const error_code& error) {
                                if (self->opened_)
                                  self->finish_open(error ? self->handshake_error(error) : "");
                              });
    } else {
      finish_open("");
    }
  }

  std::string handshake_error(const error_code& error) {
    std::string out = "TLS with " + address_.authority() + " failed: " + error.message();
    if constexpr (kTls) {
      const long verdict = SSL_get_verify_result(stream_.native_handle());
      if (tls_->verify && verdict != X509_V_OK) {
        out += std::string(": ") + X509_verify_cert_error_string(verdict);
      } else if (error.message().find("verify failed") != std::string::npos) {
        out += ": the certificate is not for " + address_.host;
      }
    }
    return out;
  }

  /// Whether anybody was waiting for it.
  bool finish_open(const std::string& error) {
    write_timer_.cancel();
    const Done done = std::exchange(opened_, nullptr);
    if (done) done(error);
    return done != nullptr;
  }
  bool finish_write(const std::string& error) {
    write_timer_.cancel();
    const Done done = std::exchange(written_, nullptr);
    if (done) done(error);
    return done != nullptr;
  }
  bool finish_read(const std::string& error, std::string_view bytes) {
    read_timer_.cancel();
    const Read done = std::exchange(have_read_, nullptr);
    if (done) done(error, bytes);
    return done != nullptr;
  }

  Address address_;
  std::shared_ptr<TlsContext> tls_;
  Stream stream_;
  tcp::resolver resolver_;
  asio::steady_timer write_timer_;
  asio::steady_timer read_timer_;
  std::string out_;
  std::array<char, 16 * 1024> in_{};
  Done opened_;
  Done written_;
  Read have_read_;
};

}  // namespace

std::shared_ptr<Link> Link::make(asio::io_context& io, const Address& address,
                                 std::shared_ptr<TlsContext> tls) {
  if (tls) return std::make_shared<StreamLink<Tls>>(io, address, std::move(tls));
  return std::make_shared<StreamLink<tcp::socket>>(io, address, nullptr);
}

}  // namespace doorward
