// Posts to one receiver, one request at a time, over a connection that is kept.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "plugins/delivery/net/http_reply.h"
#include "plugins/delivery/net/link.h"
#include "sketch/result.h"

namespace doorward {

struct HttpLimits {
  std::chrono::milliseconds connect{15'000};  ///< resolving, connecting and the TLS handshake
  std::chrono::milliseconds request{60'000};  ///< writing, and then every wait for more
};

struct HttpRequest {
  std::string target;   ///< "/_bulk"
  std::string headers;  ///< lines that end with CRLF, beside Host, Content-Length and User-Agent
  std::string body;
};

class HttpClient : public std::enable_shared_from_this<HttpClient> {
 public:
  using Done = std::function<void(Result<HttpReply>)>;

  HttpClient(boost::asio::io_context& io, Address address, std::shared_ptr<TlsContext> tls,
             HttpLimits limits);

  /// Whether the next post() opens a connection.
  [[nodiscard]] bool is_fresh() const { return link_ == nullptr; }
  /// `done` is called once, never from within. A kept connection that turns out to be closed before
  /// an answer began is opened again once.
  void post(const HttpRequest& request, Done done);
  /// Ends it; nothing is called back after that. The next post() opens a new connection.
  void close();

 private:
  void send();
  void receive();
  void fail(const std::string& error);
  void finish(Result<HttpReply> result);

  boost::asio::io_context& io_;
  Address address_;
  std::shared_ptr<TlsContext> tls_;
  HttpLimits limits_;
  std::shared_ptr<Link> link_;
  std::string bytes_;
  std::unique_ptr<HttpReplyReader> reader_;
  Done done_;
  bool reused_ = false;  // the connection served a request before
  bool answer_began_ = false;
  std::string write_error_;
  std::chrono::steady_clock::time_point until_;  // the whole answer is there by then
};

}  // namespace doorward
