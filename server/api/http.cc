#include "server/api/http.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <list>

#include "proto/whole_file.h"
#include "server/api/http_session.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

using namespace api_http;  // NOLINT(google-build-using-namespace): of this room
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

/// Who is at the other end of a local socket, as the kernel knows it.
Principal local_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  Principal who{"nobody", Role::none, "local"};
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return who;
  if (peer.uid == 0 || peer.uid == geteuid()) {
    who.name = "local";
    who.role = Role::admin;
  } else {
    who.name = "uid " + std::to_string(peer.uid);
    who.role = Role::viewer;
  }
  return who;
}

Result<Tcp::endpoint> endpoint_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  unsigned port = 65536;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [at, fault] = std::from_chars(text.data() + colon + 1, end, port);
    if (fault != std::errc() || at != end) port = 65536;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  ErrorCode fault;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, fault);
  if (fault || port > 65535) return Error{text, "expected ADDRESS:PORT, such as 127.0.0.1:7444"};
  return Tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

Result<std::shared_ptr<asio::ssl::context>> tls_context(const ApiIdentity& identity) {
  if (identity.certificate == nullptr || identity.key == nullptr) {
    return Error{"api", "there is no certificate; doorward-server init makes one"};
  }
  auto out = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* tls = out->native_handle();
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
  const bool good = SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_use_certificate(tls, identity.certificate->get()) == 1 &&
                    SSL_CTX_use_PrivateKey(tls, identity.key->get()) == 1 &&
                    SSL_CTX_check_private_key(tls) == 1 &&
                    (identity.authority == nullptr ||
                     SSL_CTX_add1_chain_cert(tls, identity.authority->get()) == 1);
  if (!good) return Error{"api", "certificate and key do not fit"};
  return out;
}

/// Connections that live, so that close() finds them.
class Sessions {
 public:
  template <class S>
  void add(const std::shared_ptr<S>& session) {
    const std::lock_guard lock(mutex_);
    all_.remove_if([](const Closer& one) { return one.alive.expired(); });
    all_.push_back({session, [weak = std::weak_ptr<S>(session)] {
                      if (const auto alive = weak.lock()) alive->close();
                    }});
  }
  void close() {
    const std::lock_guard lock(mutex_);
    for (const Closer& one : all_) one.close();
    all_.clear();
  }

 private:
  struct Closer {
    std::weak_ptr<void> alive;
    std::function<void()> close;
  };
  std::mutex mutex_;
  std::list<Closer> all_;
};

/// Accepts on both; everything on one strand.
class ApiDoor : public std::enable_shared_from_this<ApiDoor> {
 public:
  ApiDoor(asio::io_context& io, std::shared_ptr<ApiHub> hub)
      : io_(io),
        strand_(asio::make_strand(io)),
        hub_(std::move(hub)),
        tcp_(strand_),
        local_(strand_),
        retry_(strand_) {}

  Status listen_tcp(const std::string& where, std::shared_ptr<asio::ssl::context> tls) {
    const Result<Tcp::endpoint> endpoint = endpoint_of(where);
    if (!endpoint) return endpoint.error();
    tls_ = std::move(tls);
    ErrorCode error;
    tcp_.open(endpoint.value().protocol(), error);
    if (!error) tcp_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) tcp_.bind(endpoint.value(), error);
    if (!error) tcp_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = tcp_.local_endpoint(error).port();
    if (error) return Error{where, "cannot listen: " + error.message()};
    return {};
  }

  Status listen_local(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      return Error{path, "too long for the name of a socket"};
    }
    // systemd makes the folder; without it, as the first to need it we do.
    if (mkdir(folder_of(path).c_str(), 0750) != 0 && errno != EEXIST) {
      return system_error(folder_of(path), "cannot make the folder of the socket");
    }
    struct stat there {};
    if (lstat(path.c_str(), &there) == 0) {
      if (!S_ISSOCK(there.st_mode)) return Error{path, "is there already and is no socket"};
      Local::socket other(io_);
      ErrorCode error;
      other.connect(Local::endpoint(path), error);
      if (!error) return Error{path, "another doorward-server answers here; stop it first"};
      if (unlink(path.c_str()) != 0) return system_error(path, "cannot remove the old socket");
    }
    ErrorCode error;
    local_.open(Local(), error);
    // Nobody may connect before the mode is right.
    const mode_t before = umask(0777);
    if (!error) local_.bind(Local::endpoint(path), error);
    umask(before);
    if (!error && chmod(path.c_str(), 0660) != 0) return system_error(path, "cannot set its mode");
    if (!error) local_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return Error{path, "cannot listen: " + error.message()};
    path_ = path;
    return {};
  }

  void start() {
    asio::post(strand_, [self = shared_from_this()] {
      if (self->tcp_.is_open()) self->accept_tcp();
      if (self->local_.is_open()) self->accept_local();
    });
  }

  void close() {
    hub_->close();
    if (!path_.empty()) unlink(path_.c_str());
    asio::post(strand_, [self = shared_from_this()] {
      ErrorCode ignored;
      self->tcp_.close(ignored);
      self->local_.close(ignored);
      self->retry_.cancel();
      self->sessions_.close();
    });
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept_tcp() {
    tcp_.async_accept(asio::make_strand(io_),
                      [self = shared_from_this()](ErrorCode error, Tcp::socket socket) {
                        if (error == asio::error::operation_aborted || !self->tcp_.is_open())
                          return;
                        if (error) return self->later(&ApiDoor::accept_tcp);
                        self->begin_tcp(std::move(socket));
                        self->accept_tcp();
                      });
  }

  void accept_local() {
    local_.async_accept(asio::make_strand(io_),
                        [self = shared_from_this()](ErrorCode error, Local::socket socket) {
                          if (error == asio::error::operation_aborted || !self->local_.is_open())
                            return;
                          if (error) return self->later(&ApiDoor::accept_local);
                          Principal peer = local_peer(socket.native_handle());
                          if (self->hub_->enter(peer.from)) {
                            auto session = std::make_shared<Session<LocalStream>>(
                                LocalStream(std::move(socket)), self->hub_, std::move(peer), true);
                            self->sessions_.add(session);
                            session->start();
                          }
                          self->accept_local();
                        });
  }

  void begin_tcp(Tcp::socket socket) {
    ErrorCode error;
    const Tcp::endpoint end = socket.remote_endpoint(error);
    if (error) return;
    asio::ip::address address = end.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    Principal peer{"", Role::none, address.to_string()};
    if (!hub_->enter(peer.from)) return;
    socket.set_option(Tcp::no_delay(true), error);
    auto session =
        std::make_shared<Session<TlsStream>>(TlsStream(beast::tcp_stream(std::move(socket)), *tls_),
                                             hub_, std::move(peer), address.is_loopback());
    sessions_.add(session);
    session->start();
  }

  /// No descriptors left, for one: a little later instead of spinning.
  void later(void (ApiDoor::*again)()) {
    retry_.expires_after(std::chrono::milliseconds(200));
    retry_.async_wait([self = shared_from_this(), again](ErrorCode error) {
      if (!error) ((*self).*again)();
    });
  }

  asio::io_context& io_;
  asio::strand<asio::io_context::executor_type> strand_;
  std::shared_ptr<ApiHub> hub_;
  std::shared_ptr<asio::ssl::context> tls_;
  Tcp::acceptor tcp_;
  Local::acceptor local_;
  asio::steady_timer retry_;
  Sessions sessions_;
  std::string path_;
  std::uint16_t port_ = 0;
};

class ApiServerImpl : public ApiServer {
 public:
  explicit ApiServerImpl(std::shared_ptr<ApiDoor> door) : door_(std::move(door)) {}
  ~ApiServerImpl() override { ApiServerImpl::close(); }
  ApiServerImpl(const ApiServerImpl&) = delete;
  ApiServerImpl& operator=(const ApiServerImpl&) = delete;
  void close() override {
    if (!std::exchange(closed_, true)) door_->close();
  }
  [[nodiscard]] std::uint16_t port() const override { return door_->port(); }

 private:
  std::shared_ptr<ApiDoor> door_;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::open(asio::io_context& io, Api& api, Core& core,
                                                   const ServerSettings& settings,
                                                   const ApiIdentity& identity) {
  auto hub = std::make_shared<ApiHub>(api, core, static_cast<double>(settings.requests_per_minute));
  auto door = std::make_shared<ApiDoor>(io, std::move(hub));
  if (settings.api_listen != "off") {
    const auto tls = tls_context(identity);
    if (!tls) return tls.error();
    if (const Status status = door->listen_tcp(settings.api_listen, tls.value()); !status) {
      return status.error();
    }
  }
  if (const Status status = door->listen_local(settings.socket()); !status) return status.error();
  door->start();
  return std::unique_ptr<ApiServer>(std::make_unique<ApiServerImpl>(std::move(door)));
}

}  // namespace doorward
