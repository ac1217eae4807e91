#include "agent/daemon/local_service.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <charconv>

#include "agent/unix_socket.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using Socket = asio::generic::stream_protocol::socket;
using ErrorCode = boost::system::error_code;

}  // namespace

class LocalService::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::string end, Answer answer)
      : io_(io), end_(std::move(end)), answer_(std::move(answer)) {}

  /// One question and its answer.
  struct Connection : std::enable_shared_from_this<Connection> {
    Connection(Socket socket_, asio::io_context& io, std::weak_ptr<Impl> owner_)
        : socket(std::move(socket_)), timer(io), owner(std::move(owner_)) {}
    ~Connection() {
      if (const auto impl = owner.lock()) --impl->connections_;
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void limit_time() {
      timer.expires_after(kQuestionTimeMax);
      timer.async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto self = weak.lock();
        ErrorCode ignored;
        if (self && !error) self->socket.close(ignored);
      });
    }

    Socket socket;
    asio::steady_timer timer;
    std::weak_ptr<Impl> owner;
    std::string question;
    std::string answer;
  };

  template <class Acceptor>
  void accept(std::shared_ptr<Acceptor> acceptor) {
    acceptor->async_accept([self = weak_from_this(), acceptor](ErrorCode error, auto socket) {
      const auto impl = self.lock();
      if (!impl || error == asio::error::operation_aborted || !acceptor->is_open()) return;
      if (error) {
        // No descriptors left, for one: try again a little later instead of spinning.
        impl->retry(acceptor);
        return;
      }
      impl->begin(Socket(std::move(socket)));
      impl->accept(acceptor);
    });
  }

  template <class Acceptor>
  void retry(std::shared_ptr<Acceptor> acceptor) {
    auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(200));
    timer->async_wait([self = weak_from_this(), acceptor, timer](ErrorCode) {
      const auto impl = self.lock();
      if (impl && acceptor->is_open()) impl->accept(acceptor);
    });
  }

  void begin(Socket socket) {
    if (connections_ >= kConnectionsMax) return;
    ++connections_;
    auto connection = std::make_shared<Connection>(std::move(socket), io_, weak_from_this());
    connection->limit_time();
    asio::async_read_until(
        connection->socket, asio::dynamic_buffer(connection->question, kQuestionBytesMax), end_,
        [connection, self = weak_from_this()](ErrorCode error, std::size_t bytes) {
          const auto impl = self.lock();
          if (error || !impl) return;
          connection->question.resize(bytes - impl->end_.size());
          impl->answer_(std::move(connection->question),
                        [connection](std::string text) { send(connection, std::move(text)); });
        });
  }

  static void send(const std::shared_ptr<Connection>& connection, std::string text) {
    connection->answer = std::move(text);
    connection->limit_time();
    asio::async_write(connection->socket, asio::buffer(connection->answer),
                      [connection](ErrorCode, std::size_t) {
                        ErrorCode ignored;
                        connection->timer.cancel();
                        connection->socket.shutdown(Socket::shutdown_both, ignored);
                        connection->socket.close(ignored);
                      });
  }

  asio::io_context& io_;
  std::string end_;
  Answer answer_;
  std::size_t connections_ = 0;
  std::shared_ptr<asio::local::stream_protocol::acceptor> unix_;
  std::shared_ptr<asio::ip::tcp::acceptor> tcp_;
  std::string path_;
};

LocalService::LocalService(asio::io_context& io, std::string end, Answer answer)
    : impl_(std::make_shared<Impl>(io, std::move(end), std::move(answer))) {}

LocalService::~LocalService() {
  close();
}

Status LocalService::listen_unix(const std::string& path, unsigned mode) {
  sockaddr_un address{};
  if (!unix_address(path, address)) return Error{path, "too long for the name of a socket"};
  struct stat there {};
  if (lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return Error{path, "is there already and is no socket"};
    if (const int other = connect_unix(path); other >= 0) {
      ::close(other);
      return Error{path, "another doorward-agent answers here; stop it first"};
    }
    if (unlink(path.c_str()) != 0) return system_error(path, "cannot remove the old socket");
  }
  ErrorCode error;
  auto acceptor = std::make_shared<asio::local::stream_protocol::acceptor>(impl_->io_);
  acceptor->open(asio::local::stream_protocol(), error);
  // Nobody may connect before the mode is right.
  const mode_t before = umask(0777);
  if (!error) acceptor->bind(asio::local::stream_protocol::endpoint(path), error);
  umask(before);
  if (!error && chmod(path.c_str(), mode) != 0) return system_error(path, "cannot set its mode");
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{path, "cannot listen: " + error.message()};
  impl_->unix_ = acceptor;
  impl_->path_ = path;
  impl_->accept(acceptor);
  return {};
}

Status LocalService::listen_loopback(std::string_view address) {
  const std::string where(address);
  const std::size_t colon = address.rfind(':');
  unsigned port = 0;
  if (colon != std::string_view::npos) {
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  }
  if (port == 0 || port > 65535) return Error{where, "expected ADDRESS:PORT"};
  const asio::ip::address host = address.starts_with('[')
                                     ? asio::ip::address(asio::ip::address_v6::loopback())
                                     : asio::ip::address(asio::ip::address_v4::loopback());
  ErrorCode error;
  auto acceptor = std::make_shared<asio::ip::tcp::acceptor>(impl_->io_);
  const asio::ip::tcp::endpoint endpoint(host, static_cast<std::uint16_t>(port));
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{where, "cannot listen: " + error.message()};
  impl_->tcp_ = acceptor;
  impl_->accept(acceptor);
  return {};
}

void LocalService::close() {
  ErrorCode ignored;
  if (impl_->unix_) {
    impl_->unix_->close(ignored);
    impl_->unix_.reset();
    unlink(impl_->path_.c_str());
  }
  if (impl_->tcp_) {
    impl_->tcp_->close(ignored);
    impl_->tcp_.reset();
  }
}

Result<std::string> ask_local(const std::string& socket, const std::string& question,
                              std::size_t bytes_max, std::chrono::milliseconds timeout) {
  const int fd = connect_unix(socket);
  if (fd < 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return Error{socket,
                   "no agent answers here; is it running? (systemctl status doorward-agent)"};
    }
    if (errno == EACCES) return Error{socket, "only root and the group doorward may ask"};
    return system_error(socket, "cannot connect");
  }
  std::string answer;
  std::string fault;
  if (send(fd, question.data(), question.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(question.size())) {
    fault = "cannot ask";
  }
  const auto until = std::chrono::steady_clock::now() + timeout;
  std::array<char, 16384> buffer{};
  while (fault.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait{fd, POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
      fault = "no answer in time";
      break;
    }
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
    if (answer.size() > bytes_max) fault = "the answer is too long";
  }
  ::close(fd);
  if (!fault.empty()) return Error{socket, fault};
  return answer;
}

}  // namespace doorward
