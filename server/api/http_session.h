// One connection of the API: requests one after the other. Only for http.cc.
#pragma once

#include <unistd.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/version.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/api/api_hub.h"
#include "server/api/routes.h"

namespace doorward::api_http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using LocalStream = beast::basic_stream<asio::local::stream_protocol, asio::any_io_executor>;

/// Bytes of a body that a viewer may send, and that need no reservation.
inline constexpr std::size_t kSmallBody = std::size_t{64} << 10;

/// How much of a refused request is read on, and for how long.
inline constexpr std::size_t kDrainBytes = std::size_t{1} << 20;
inline constexpr std::chrono::seconds kDrainTime{2};

/// Everything runs on the stream's strand.
template <class Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  /// `peer`: its address and, of a local one, role.
  Session(Stream stream, std::shared_ptr<ApiHub> hub, Principal peer, bool loopback)
      : stream_(std::move(stream)),
        hub_(std::move(hub)),
        peer_(std::move(peer)),
        loopback_(loopback) {}
  ~Session() {
    give_back();
    hub_->leave(peer_.from);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] { self->begin(); });
  }
  void close() {
    asio::post(stream_.get_executor(),
               [self = this->shared_from_this()] { self->lowest().close(); });
  }

 private:
  auto& lowest() { return beast::get_lowest_layer(stream_); }

  void begin() {
    if constexpr (kTls) {
      lowest().expires_after(kApiHandshakeTime);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](ErrorCode error) {
                                if (error)
                                  ++self->hub_->handshakes_failed;
                                else
                                  self->read_header(kApiRequestTime);
                              });
    } else {
      read_header(kApiRequestTime);
    }
  }

  void read_header(std::chrono::seconds time) {
    give_back();
    parser_.emplace();
    parser_->header_limit(kApiHeaderBytesMax);
    parser_->body_limit(kApiBodyBytesMax);
    lowest().expires_after(time);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                              self->on_header(error);
                            });
  }

  void on_header(ErrorCode error) {
    if (error == http::error::end_of_stream) return shut_down();
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse_rest(api_error(431, {"", "the header is too long"}));
    }
    if (error == http::error::body_limit) {
      return refuse_rest(api_error(413, {"body", "is too long"}));
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      return refuse_rest(api_error(400, {"", "this is no HTTP request"}));
    }
    if (error) return;  // gone, or too slow
    lowest().expires_never();
    identify();
  }

  void identify() {
    const auto& header = parser_->get();
    const std::string_view given = view_of(header[http::field::authorization]);
    if (given.empty() || !kTls) {
      Principal who = peer_;
      if (kTls && loopback_ && view_of(header.target()) == "/metrics") {
        who.name = "loopback";
        who.role = Role::viewer;
      }
      return admit(std::move(who));
    }
    constexpr std::string_view kBearer = "bearer ";
    const bool bearer = given.size() > kBearer.size() &&
                        beast::iequals(to_beast(given.substr(0, kBearer.size())), "bearer ");
    hub_->identify(bearer ? std::string(given.substr(kBearer.size())) : std::string(), peer_.from,
                   [self = this->shared_from_this()](ApiHub::Identified found) {
                     asio::post(self->stream_.get_executor(), [self, found = std::move(found)] {
                       if (found.refusal.status != 200)
                         self->refuse_rest(found.refusal);
                       else
                         self->admit(found.who);
                     });
                   });
  }

  /// What it may send depends on who it is, so the body is read only now.
  void admit(Principal who) {
    ApiResponse refusal;
    if (!hub_->take_request(who, refusal)) return refuse_rest(std::move(refusal));
    const auto length = parser_->content_length();
    const bool large = who.role >= Role::analyst;
    const std::size_t most = who.role == Role::none ? 0 : large ? kApiBodyBytesMax : kSmallBody;
    if (length && *length > most) {
      return refuse_rest(who.role == Role::none ? api_error(401, {"role", "a token is needed"})
                                                : api_error(413, {"body", "is too long"}));
    }
    const std::size_t wanted = length               ? static_cast<std::size_t>(*length)
                               : parser_->chunked() ? most
                                                    : 0;
    if (wanted > kSmallBody) {
      if (!hub_->reserve(wanted)) {
        return refuse_rest(api_error(503, {"body", "too many large bodies at a time"}));
      }
      reserved_ = wanted;
    }
    if (!length) parser_->body_limit(most);
    who_ = std::move(who);
    lowest().expires_after(kApiRequestTime);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(kGoOn.data(), kGoOn.size()),
                        [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                          if (!error) self->read_body();
                        });
      return;
    }
    read_body();
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                       self->on_request(error);
                     });
  }

  void on_request(ErrorCode error) {
    if (error == http::error::body_limit) {
      return refuse_rest(api_error(413, {"body", "is too long"}));
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      return refuse_rest(api_error(400, {"", "this is no HTTP request"}));
    }
    if (error) return;
    lowest().expires_never();
    keep_alive_ = parser_->keep_alive();
    ApiRequest request;
    const std::string_view target = view_of(parser_->get().target());
    const std::size_t question = std::min(target.find('?'), target.size());
    request.method = std::string(view_of(parser_->get().method_string()));
    request.path = std::string(target.substr(0, question));
    const auto query = read_query_text(target.substr(std::min(question + 1, target.size())));
    if (!query) return answer(api_error(400, {"query", "cannot be read"}));
    request.query = *query;
    request.body = std::move(parser_->get().body());
    request.who = who_;
    hub_->handle(std::move(request), [self = this->shared_from_this()](ApiResponse response) {
      asio::post(self->stream_.get_executor(), [self, response = std::move(response)]() mutable {
        self->answer(std::move(response));
      });
    });
  }

  /// Answers without having read the request to its end: the connection cannot go on.
  void refuse_rest(ApiResponse response) {
    if (response.status == 400 || response.status == 413 || response.status == 431) {
      ++hub_->bad_requests;
    }
    keep_alive_ = parser_->is_done() && parser_->keep_alive();
    answer(std::move(response));
  }

  template <class Body>
  void fill(http::response<Body>& out, const ApiResponse& from) const {
    out.version(11);
    out.result(from.status);
    out.keep_alive(keep_alive_);
    out.set(http::field::content_type, from.type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    if (from.status == 401) out.set(http::field::www_authenticate, "Bearer");
    if (from.retry_after_s != 0) {
      out.set(http::field::retry_after, std::to_string(from.retry_after_s));
    }
  }

  void answer(ApiResponse response) {
    if (!response.file.empty()) return answer_file(response);
    auto out = std::make_shared<http::response<http::string_body>>();
    fill(*out, response);
    out->body() = std::move(response.body);
    out->prepare_payload();
    send(out, out->body().size());
  }

  void answer_file(const ApiResponse& response) {
    auto out = std::make_shared<http::response<http::file_body>>();
    ErrorCode error;
    out->body().open(response.file.c_str(), beast::file_mode::scan, error);
    unlink(response.file.c_str());  // open, so it stays until it is sent
    if (error) return answer(api_error(503, {"", "the copy is gone"}));
    fill(*out, response);
    out->set(http::field::content_disposition, "attachment; filename=\"doorward-backup.db\"");
    out->prepare_payload();
    send(out, out->body().size());
  }

  template <class Message>
  void send(const std::shared_ptr<Message>& out, std::uint64_t bytes) {
    lowest().expires_after(kApiRequestTime + std::chrono::seconds(bytes / kApiSlowestReader));
    http::async_write(stream_, *out,
                      [self = this->shared_from_this(), out](ErrorCode error, std::size_t) {
                        if (error) return;
                        if (!self->keep_alive_ && !self->parser_->is_done()) {
                          self->lowest().expires_after(kDrainTime);
                          return self->drain(kDrainBytes);
                        }
                        if (!self->keep_alive_) return self->shut_down();
                        self->read_header(kApiIdleTime);
                      });
  }

  /// What still comes is read and thrown away for a while: a connection that is closed with bytes
  /// unread is reset, and the other end may lose the answer.
  void drain(std::size_t left) {
    if (left == 0) return shut_down();
    scrap_.resize(std::min(left, kSmallBody));
    stream_.async_read_some(asio::buffer(scrap_), [self = this->shared_from_this(), left](
                                                      ErrorCode error, std::size_t got) {
      if (error) return self->shut_down();
      self->drain(left - std::min(left, got));
    });
  }

  void shut_down() {
    if constexpr (kTls) {
      lowest().expires_after(std::chrono::seconds(2));
      stream_.async_shutdown([self = this->shared_from_this()](ErrorCode) {});
    } else {
      ErrorCode ignored;
      lowest().socket().shutdown(asio::socket_base::shutdown_send, ignored);
    }
  }

  void give_back() {
    if (reserved_ != 0) hub_->release(reserved_);
    reserved_ = 0;
  }

  template <class View>
  static std::string_view view_of(const View& text) {
    return {text.data(), text.size()};
  }
  static beast::string_view to_beast(std::string_view text) { return {text.data(), text.size()}; }

  Stream stream_;
  std::shared_ptr<ApiHub> hub_;
  Principal peer_;  // role: of a local one
  bool loopback_;
  beast::flat_buffer buffer_{kApiHeaderBytesMax + kSmallBody};
  std::optional<http::request_parser<http::string_body>> parser_;
  Principal who_;
  std::vector<char> scrap_;
  std::size_t reserved_ = 0;
  bool keep_alive_ = false;
};

}  // namespace doorward::api_http
