#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "plugins/outputs/syslog/sinks.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using Local = asio::local::datagram_protocol;
using boost::system::error_code;

/// What runs on; handlers may outlive the sink.
class Datagrams : public std::enable_shared_from_this<Datagrams> {
 public:
  Datagrams(const SinkEnv& env, std::string path, SyslogStyle style)
      : io_(env.io), path_(std::move(path)), style_(std::move(style)), socket_(io_), timer_(io_) {}

  void deliver(std::span<const Document> batch, Sink::Done done) {
    batch_ = batch;
    done_ = std::move(done);
    at_ = 0;
    timer_.expires_after(kSyslogWriteLimit);
    timer_.async_wait([self = weak_from_this()](const error_code& error) {
      const auto here = self.lock();
      if (!here || error || here->timer_.expiry() > std::chrono::steady_clock::now()) return;
      here->finish("the local syslog takes nothing");
    });
    asio::post(io_, [self = shared_from_this()] { self->connect(); });
  }

  void close() {
    done_ = nullptr;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void connect() {
    if (!done_) return;
    if (!socket_.is_open()) {
      error_code error;
      socket_.open(Local(), error);
      if (!error) socket_.connect(Local::endpoint(path_), error);
      if (error) {
        finish("cannot connect: " + error.message());
        return;
      }
    }
    prepare(style_.bytes_max);
    send();
  }

  void prepare(std::size_t bytes_max) {
    SyslogStyle style = style_;
    style.bytes_max = bytes_max;
    message_ = syslog_message(batch_[at_], style);
  }

  void send() {
    socket_.async_send(asio::buffer(message_),
                       [self = shared_from_this()](const error_code& error, std::size_t) {
                         if (self->done_) self->sent(error);
                       });
  }

  void sent(const error_code& error) {
    const auto least = static_cast<std::size_t>(kSyslogBytesMin);
    if (error == asio::error::message_size && message_.size() > least) {
      prepare(std::max(least, message_.size() / 2));
    } else if (error) {
      finish("cannot send: " + error.message());
      return;
    } else if (++at_ == batch_.size()) {
      finish({});
      return;
    } else {
      prepare(style_.bytes_max);
    }
    send();
  }

  /// All that were sent are accepted; with an error the rest is tried again.
  void finish(const std::string& error) {
    timer_.cancel();
    if (!error.empty()) {
      error_code ignored;
      socket_.close(ignored);
    }
    DeliveryResult result = DeliveryResult::all(batch_.size());
    for (std::size_t i = at_; i < batch_.size(); ++i) result.verdicts[i] = Verdict::again;
    if (!error.empty()) result.error = path_ + ": " + error;
    if (const Sink::Done done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  asio::io_context& io_;
  std::string path_;
  SyslogStyle style_;
  Local::socket socket_;
  asio::steady_timer timer_;
  std::span<const Document> batch_;
  std::size_t at_ = 0;  // the next document
  std::string message_;
  Sink::Done done_;
};

class DatagramSink final : public Sink {
 public:
  explicit DatagramSink(std::shared_ptr<Datagrams> datagrams) : datagrams_(std::move(datagrams)) {}
  ~DatagramSink() override { datagrams_->close(); }
  void deliver(std::span<const Document> batch, Done done) override {
    datagrams_->deliver(batch, std::move(done));
  }

 private:
  std::shared_ptr<Datagrams> datagrams_;
};

}  // namespace

std::unique_ptr<Sink> make_syslog_datagrams(const SinkEnv& env, const std::string& path,
                                            const SyslogStyle& style) {
  return std::make_unique<DatagramSink>(std::make_shared<Datagrams>(env, path, style));
}

}  // namespace doorward
