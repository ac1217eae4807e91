#include "plugins/delivery/net/http_client.h"

#include <utility>

namespace doorward {

HttpClient::HttpClient(boost::asio::io_context& io, Address address,
                       std::shared_ptr<TlsContext> tls, HttpLimits limits)
    : io_(io), address_(std::move(address)), tls_(std::move(tls)), limits_(limits) {}

void HttpClient::post(const HttpRequest& request, Done done) {
  done_ = std::move(done);
  bytes_ = "POST " + request.target + " HTTP/1.1\r\nHost: " + address_.authority() +
           "\r\nUser-Agent: doorward\r\nContent-Length: " + std::to_string(request.body.size()) +
           "\r\n" + request.headers + "\r\n" + request.body;
  reused_ = link_ != nullptr;
  send();
}

void HttpClient::close() {
  done_ = nullptr;
  if (link_) link_->close();
  link_.reset();
}

void HttpClient::send() {
  reader_ = std::make_unique<HttpReplyReader>();
  answer_began_ = false;
  write_error_.clear();
  const auto write = [this, self = weak_from_this()](const std::string& error) {
    if (self.expired()) return;
    if (!error.empty()) {
      fail(error);
      return;
    }
    // A receiver may answer and close before it has read the whole request: what can still be
    // read decides.
    link_->write(bytes_, limits_.request, [this, self](const std::string& failed) {
      if (!self.expired()) write_error_ = failed;
    });
    until_ = std::chrono::steady_clock::now() + limits_.request;
    receive();
  };
  if (link_) {
    write({});
    return;
  }
  link_ = Link::make(io_, address_, tls_);
  link_->open(limits_.connect, write);
}

void HttpClient::receive() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until_ - std::chrono::steady_clock::now());
  link_->read(std::max(left, std::chrono::milliseconds(1)),
              [this, self = shared_from_this()](const std::string& error, std::string_view bytes) {
                if (!done_) return;
                if (!error.empty()) {
                  if (answer_began_ && reader_->end()) {
                    finish(reader_->take());
                  } else {
                    fail(!write_error_.empty() ? write_error_ : error);
                  }
                  return;
                }
                answer_began_ = true;
                if (!reader_->feed(bytes)) {
                  fail(reader_->error());
                } else if (reader_->done()) {
                  finish(reader_->take());
                } else {
                  receive();
                }
              });
}

void HttpClient::fail(const std::string& error) {
  link_->close();
  link_.reset();
  if (reused_ && !answer_began_ && std::chrono::steady_clock::now() < until_) {
    // It was closed while nobody looked.
    reused_ = false;
    send();
    return;
  }
  finish(Error{"", error});
}

void HttpClient::finish(Result<HttpReply> result) {
  if (link_ && !(result && result.value().keep_alive)) {
    link_->close();
    link_.reset();
  }
  if (const Done done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace doorward
