#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

#include "plugins/delivery/backoff.h"
#include "plugins/outputs/syslog/sinks.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// What runs on; the sink itself only holds it, so that handlers may outlive the sink.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(const SinkEnv& env, Address address, std::shared_ptr<TlsContext> tls, SyslogStyle style)
      : io_(env.io),
        random_(env.env.random),
        address_(std::move(address)),
        tls_(std::move(tls)),
        style_(std::move(style)),
        retry_timer_(io_),
        wait_timer_(io_),
        backoff_(Backoff::Limits{}) {}

  void deliver(std::span<const Document> batch, Sink::Done done) {
    for (const Document& document : batch) {
      const std::string message = syslog_message(document, style_);
      out_.push_back(std::to_string(message.size()) + " " + message);
    }
    done_ = std::move(done);
    retry_timer_.cancel();
    step();
  }

  void close() {
    closed_ = true;
    done_ = nullptr;
    retry_timer_.cancel();
    wait_timer_.cancel();
    if (link_) link_->close();
    link_.reset();
  }

 private:
  struct Sent {
    Clock::time_point when;
    std::string frame;
  };

  void step() {
    if (busy_ || closed_) return;
    if (out_.empty() && !again_) return;
    busy_ = true;
    if (ready_) {
      write();
      return;
    }
    link_ = Link::make(io_, address_, tls_);
    link_->open(kSyslogConnectLimit, [this, self = weak_from_this()](const std::string& error) {
      if (self.expired()) return;
      if (!error.empty()) {
        fail(error);
        return;
      }
      ready_ = true;
      listen();
      write();
    });
  }

  /// A syslog receiver says nothing; what can be read is that it went away.
  void listen() {
    link_->read(milliseconds(0),
                [this, self = weak_from_this()](const std::string& error, std::string_view) {
                  if (self.expired()) return;
                  if (error.empty()) {
                    listen();
                  } else {
                    fail(error);
                  }
                });
  }

  void write() {
    std::string bytes;
    if (again_) {
      for (const Sent& sent : sent_) bytes += sent.frame;
    }
    flight_ = std::exchange(out_, {});
    for (const std::string& frame : flight_) bytes += frame;
    link_->write(std::move(bytes), kSyslogWriteLimit,
                 [this, self = weak_from_this()](const std::string& error) {
                   if (self.expired()) return;
                   if (!error.empty()) {
                     fail(error);
                     return;
                   }
                   await_acknowledged(Clock::now() + kSyslogWriteLimit, milliseconds(1));
                 });
  }

  void await_acknowledged(Clock::time_point until, milliseconds pause) {
    if (link_->unacknowledged() == 0) {
      written();
      return;
    }
    if (Clock::now() >= until) {
      fail("the receiver acknowledges nothing");
      return;
    }
    wait_timer_.expires_after(pause);
    wait_timer_.async_wait([this, self = weak_from_this(), link = link_, until,
                            pause](const boost::system::error_code& error) {
      if (self.expired() || error || link != link_) return;
      await_acknowledged(until, std::min(pause * 2, kSyslogPauseMax));
    });
  }

  void written() {
    busy_ = false;
    again_ = false;
    backoff_.reset();
    const std::size_t documents = flight_.size();
    for (std::string& frame : flight_) sent_.push_back({Clock::now(), std::move(frame)});
    flight_.clear();
    forget_old();
    if (documents > 0) finish(DeliveryResult::all(documents));
    step();  // a batch may have come while old messages were sent again
  }

  /// Keeps of what was sent the last seconds, and not too much.
  void forget_old() {
    std::size_t bytes = 0;
    for (const Sent& sent : sent_) bytes += sent.frame.size();
    const Clock::time_point oldest = Clock::now() - kSyslogAgainTime;
    while (!sent_.empty() && (bytes > kSyslogAgainBytes || sent_.front().when < oldest)) {
      bytes -= sent_.front().frame.size();
      sent_.pop_front();
    }
  }

  void fail(const std::string& error) {
    if (link_) link_->close();
    link_.reset();
    wait_timer_.cancel();
    ready_ = false;
    busy_ = false;
    out_.clear();
    flight_.clear();
    // What waits to be sent again keeps until it is; no more is added to it meanwhile.
    if (!again_) forget_old();
    again_ = !sent_.empty();
    if (done_) {
      finish(DeliveryResult::failed(error));
    }
    if (again_ && !closed_ && !done_) {
      retry_timer_.expires_after(backoff_.next(random_()));
      retry_timer_.async_wait(
          [this, self = weak_from_this()](const boost::system::error_code& code) {
            if (!self.expired() && !code) step();
          });
    }
  }

  void finish(DeliveryResult result) {
    if (const Sink::Done done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  asio::io_context& io_;
  std::function<std::uint64_t()> random_;
  Address address_;
  std::shared_ptr<TlsContext> tls_;
  SyslogStyle style_;
  asio::steady_timer retry_timer_;
  asio::steady_timer wait_timer_;
  Backoff backoff_;
  std::shared_ptr<Link> link_;
  std::vector<std::string> out_;     // frames of the batch
  std::vector<std::string> flight_;  // the same, once they are on their way
  std::deque<Sent> sent_;
  Sink::Done done_;
  bool ready_ = false;  // the link is open
  bool busy_ = false;   // opening, or writing
  bool again_ = false;  // sent_ must be sent once more
  bool closed_ = false;
};

class StreamSink final : public Sink {
 public:
  explicit StreamSink(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  // A timer's cancel() is declared to throw, and has nothing to throw.
  // NOLINTNEXTLINE(bugprone-exception-escape)
  ~StreamSink() override { stream_->close(); }
  void deliver(std::span<const Document> batch, Done done) override {
    stream_->deliver(batch, std::move(done));
  }

 private:
  std::shared_ptr<Stream> stream_;
};

}  // namespace

std::unique_ptr<Sink> make_syslog_stream(const SinkEnv& env, const Address& address,
                                         std::shared_ptr<TlsContext> tls,
                                         const SyslogStyle& style) {
  return std::make_unique<StreamSink>(
      std::make_shared<Stream>(env, address, std::move(tls), style));
}

}  // namespace doorward
