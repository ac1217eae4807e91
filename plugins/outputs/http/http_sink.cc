#include "plugins/outputs/http/http_sink.h"

#include <zlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "plugins/delivery/net/secret.h"

namespace doorward {
namespace {

std::string gzipped(std::string_view text) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemory = 8;
  [[maybe_unused]] int status = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                             kGzipWindow, kMemory, Z_DEFAULT_STRATEGY);
  assert(status == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  status = deflate(&stream, Z_FINISH);
  assert(status == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class HttpSink final : public Sink {
 public:
  HttpSink(boost::asio::io_context& io, HttpSettings settings)
      : io_(io),
        settings_(std::move(settings)),
        client_(
            std::make_shared<HttpClient>(io, settings_.address, settings_.tls, settings_.limits)) {}
  ~HttpSink() override { client_->close(); }

  void deliver(std::span<const Document> batch, Done done) override {
    const Status authorised = authorise();
    if (!authorised) {
      boost::asio::post(io_, [done = std::move(done), why = authorised.error().message(),
                              alive = std::weak_ptr<HttpClient>(client_)] {
        if (!alive.expired()) done(DeliveryResult::failed(why));
      });
      return;
    }
    HttpRequest request;
    const HttpDialect& dialect = *settings_.dialect;
    request.target = dialect.target(settings_.address.path);
    request.headers = "Content-Type: " + std::string(dialect.content_type()) + "\r\n" +
                      settings_.headers + authorization_;
    request.body = dialect.body(batch);
    if (settings_.gzip) {
      request.body = gzipped(request.body);
      request.headers += "Content-Encoding: gzip\r\n";
    }
    client_->post(request, [this, documents = batch.size(),
                            done = std::move(done)](const Result<HttpReply>& reply) {
      if (!reply) {
        done(DeliveryResult::failed(reply.error().message()));
        return;
      }
      // A token that was changed is read again.
      const unsigned status = reply.value().status;
      if (status == 401 || status == 403) authorization_.clear();
      done(settings_.dialect->judge(reply.value(), documents));
    });
  }

 private:
  Status authorise() {
    const HttpAuth& auth = settings_.auth;
    if (auth.secret_file.empty()) return {};
    if (!authorization_.empty() && !client_->is_fresh()) return {};
    Result<std::string> secret = read_secret(auth.secret_file);
    if (!secret) return secret.error();
    authorization_ =
        "Authorization: " + auth.scheme + " " +
        (auth.scheme == "Basic" ? base64(auth.user + ":" + secret.value()) : secret.value()) +
        "\r\n";
    return {};
  }

  boost::asio::io_context& io_;
  HttpSettings settings_;
  std::string authorization_;
  std::shared_ptr<HttpClient> client_;
};

}  // namespace

std::unique_ptr<Sink> make_http_sink(const SinkEnv& env, const HttpSettings& settings) {
  return std::make_unique<HttpSink>(env.io, settings);
}

}  // namespace doorward
