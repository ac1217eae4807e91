#include "proto/wire_link.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <iterator>
#include <list>
#include <utility>
#include <vector>

#include "proto/wire_connection.h"
#include "proto/wire_dial.h"
#include "proto/wire_tls.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Time = steady_clock::time_point;

/// TLS records taken in a row before other connections get their turn.
constexpr int kRecordsAtATime = 16;
/// The longest TLS record (RFC 8446, 5.1).
constexpr std::size_t kRecordBytes = 16 * 1024;
/// How long, after the last frame was written, the other end may take to close its side.
constexpr milliseconds kLingerMax{2'000};

std::string seconds_text(milliseconds limit) {
  const auto tenths = (limit.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

class WireConnection final : public WireLink {
  enum class State : std::uint8_t {
    connecting,
    shaking_hands,
    open,
    lingering,  // all is written, our side is shut: waits for the other end to close
    ended,
  };

 public:
  WireConnection(tcp::socket socket, std::shared_ptr<WireTls> tls, Limits limits,
                 std::shared_ptr<WireGate> gate, const WireStrand& strand)
      : strand_(strand),
        socket_(std::move(socket)),
        timer_(strand),
        tls_(std::static_pointer_cast<WireTlsContext>(std::move(tls))),
        gate_(std::move(gate)),
        limits_(limits),
        reader_(std::min(limits.frame_max, kStrangerFrameMax)) {}

  ~WireConnection() override {
    if (dial_) dial_->cancel();
    tell_gate(true);
  }

  void send(Frame frame) override {
    queued_ += frame.size();
    on_strand([frame = std::move(frame)](WireConnection& self) mutable {
      self.take_frame(std::move(frame));
    });
  }
  [[nodiscard]] std::size_t queued() const override { return queued_; }
  void when_sent(std::function<void()> done) override {
    on_strand([done = std::move(done)](WireConnection& self) mutable {
      if (self.state_ == State::ended) return;
      self.when_sent_.push_back(std::move(done));
      self.sent_all();
    });
  }
  void finish() override {
    on_strand([](WireConnection& self) { self.begin_to_finish(); });
  }
  void close() override {
    on_strand([](WireConnection& self) {
      self.silent_ = true;
      if (self.state_ == State::open && self.out_.empty()) {
        ERR_clear_error();
        SSL_shutdown(self.ssl_.get());
        ERR_clear_error();
      }
      self.end({});
    });
  }
  void post(std::function<void()> work) override {
    asio::post(strand_, [self = shared_from_this(), work = std::move(work)] { work(); });
  }
  [[nodiscard]] std::uint64_t received() const override { return received_; }
  [[nodiscard]] std::uint64_t sent() const override { return sent_; }

  /// On the strand.
  void begin_accepted(Handlers handlers) {
    if (state_ == State::ended) return;  // closed by who accepted it
    handlers_ = std::move(handlers);
    open_by_ = steady_clock::now() + limits_.handshake;
    begin_handshake();
  }

  void begin_connect(const std::string& server, Handlers handlers, const std::string& from) {
    asio::post(strand_, [self = me(), server, handlers = std::move(handlers), from]() mutable {
      self->handlers_ = std::move(handlers);
      if (self->state_ != State::ended) {
        self->dial(server, from);
      } else {
        self->clean_up();
      }
    });
  }

 private:
  [[nodiscard]] std::shared_ptr<WireConnection> me() {
    return std::static_pointer_cast<WireConnection>(shared_from_this());
  }

  /// Runs it now where that is right, else soon.
  template <class Work>
  void on_strand(Work work) {
    if (strand_.running_in_this_thread()) {
      work(*this);
    } else {
      asio::post(strand_, [self = me(), work = std::move(work)]() mutable { work(*self); });
    }
  }

  void dial(const std::string& server, const std::string& from) {
    open_by_ = steady_clock::now() + limits_.handshake;
    watch();
    WireDial::Hooks hooks;
    // Weak, since the dial is this connection's own; the timer that runs meanwhile keeps it.
    hooks.on_try = [weak = std::weak_ptr(me())] {
      if (const auto self = weak.lock()) self->watch();
    };
    hooks.on_done = [weak = std::weak_ptr(me())](const std::string& why) {
      const auto self = weak.lock();
      if (!self) return;
      if (!why.empty()) return self->end(why);
      self->begin_handshake();
    };
    dial_ = std::make_shared<WireDial>(strand_, socket_);
    const std::shared_ptr<WireDial> dial = dial_;  // a handshake that begins lets go of it
    dial->start(server, from, open_by_, std::move(hooks));
  }

  // --- the handshake ---

  void begin_handshake() {
    state_ = State::shaking_hands;
    dial_.reset();
    error_code error;
    socket_.set_option(tcp::no_delay(true), error);
    socket_.non_blocking(true, error);
    if (error) return end("cannot use the socket: " + error.message());
    wire_.descriptor = socket_.native_handle();
    const tcp::endpoint other = socket_.remote_endpoint(error);
    if (!error) peer_.address = other.address().to_string();
    ssl_ = tls_->over(wire_);
    if (!ssl_) return end("cannot set up TLS: " + openssl_words());
    watch();
    shake_hands();
  }

  void shake_hands() {
    if (state_ != State::shaking_hands) return;
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    count();
    if (done == 1) return open();
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      return wait(error, &WireConnection::shake_hands);
    }
    const std::string why = "TLS handshake failed: " + tls_failure(ssl_.get(), error, wire_);
    if (tls_->end() == WireTlsContext::End::client || wire_.ended || wire_.error != 0) {
      return end(why);
    }
    tell_gate(false);
    finish_by_ = Time::max();
    linger(why);  // so that the other end can read the alert
  }

  void open() {
    state_ = State::open;
    heard_ = steady_clock::now();
    tell_gate(false);
    bool known = tls_->end() == WireTlsContext::End::client;
    const Certificate certificate(SSL_get1_peer_certificate(ssl_.get()));
    if (certificate) {
      peer_.agent = agent_id_of(certificate.get());
      peer_.serial = serial_of(certificate.get());
      const Result<std::int64_t> ends = not_after(certificate.get());
      peer_.ends_us = ends ? ends.value() : 1;
      known = known || !peer_.agent.empty();
    }
    peer_.resumed = SSL_session_reused(ssl_.get()) == 1;
    if (known) reader_.set_frame_max(limits_.frame_max);
    watch();
    if (handlers_.on_open) handlers_.on_open(peer_);
    if (state_ != State::open) return;
    write();
    if (state_ == State::open) read();
  }

  // --- reading ---

  void read() {
    static thread_local std::array<std::uint8_t, 16 * 1024> buffer;
    for (int i = 0; i < kRecordsAtATime && state_ == State::open; ++i) {
      std::size_t got = 0;
      ERR_clear_error();
      const int done = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
      count();
      if (done != 1) {
        const int error = SSL_get_error(ssl_.get(), done);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
          return wait(error, &WireConnection::read);
        }
        if (error == SSL_ERROR_ZERO_RETURN) return end(finishing_ ? "finished" : "closed");
        return end(tls_failure(ssl_.get(), error, wire_));
      }
      heard_ = steady_clock::now();
      if (!finishing_) take({buffer.data(), got});
    }
    if (state_ != State::open) return;
    asio::post(strand_, [self = me()] { self->read(); });
  }

  void take(std::span<const std::uint8_t> bytes) {
    reader_.feed(bytes);
    while (state_ == State::open && !finishing_) {
      const Result<const wire::Envelope*> envelope = reader_.next();
      if (!envelope) return end(envelope.error().message());
      if (envelope.value() == nullptr) break;
      if (handlers_.on_message) handlers_.on_message(*envelope.value());
    }
    reader_.feed({});  // gives back the room of what was read
  }

  // --- writing ---

  void take_frame(Frame frame) {
    if (state_ == State::ended || finishing_) {
      queued_ -= frame.size();
      return;
    }
    out_.push_back(std::move(frame));
    if (queued_ > limits_.queue_bytes) {
      return end("the other end does not read: " + std::to_string(queued_) + " bytes wait for it");
    }
    if (!writing_ && state_ == State::open) write();
  }

  void write() {
    writing_ = false;
    while (state_ == State::open && !out_.empty()) {
      join_small_frames();
      const Frame& frame = out_.front();
      if (written_ == 0) write_by_ = steady_clock::now() + limits_.write;
      std::size_t done = 0;
      ERR_clear_error();
      const int good =
          SSL_write_ex(ssl_.get(), frame.data() + written_, frame.size() - written_, &done);
      count();
      if (good != 1) {
        const int error = SSL_get_error(ssl_.get(), good);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
          return end(tls_failure(ssl_.get(), error, wire_));
        }
        writing_ = true;
        watch();
        return wait(error, &WireConnection::write);
      }
      written_ += done;
      if (written_ < frame.size()) continue;
      queued_ -= frame.size();
      written_ = 0;
      out_.pop_front();
    }
    if (state_ != State::open) return;
    sent_all();
    if (finishing_) say_goodbye();
  }

  /// Short frames that wait go out as one record: each costs a system call otherwise.
  void join_small_frames() {
    if (written_ != 0) return;
    Frame& first = out_.front();
    for (auto next = std::next(out_.begin());
         next != out_.end() && first.size() + next->size() <= kRecordBytes;
         next = out_.erase(next)) {
      first.insert(first.end(), next->begin(), next->end());
    }
  }

  void sent_all() {
    if (queued_ != 0 || when_sent_.empty() || silent_) return;
    asio::post(strand_, [self = me(), all = std::exchange(when_sent_, {})] {
      for (const auto& done : all) {
        if (self->state_ != State::ended) done();
      }
    });
  }

  // --- the end ---

  void begin_to_finish() {
    if (state_ == State::ended || finishing_) return;
    finishing_ = true;
    finish_by_ = steady_clock::now() + limits_.write;
    if (state_ != State::open) return end("finished");
    watch();
    if (!writing_ && out_.empty()) say_goodbye();
  }

  void say_goodbye() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    count();
    linger("finished");
  }

  /// Closing while bytes of the other end are unread would reset the connection, and what was
  /// written last be lost on the way: so it is read to its end, for a while.
  void linger(const std::string& why) {
    state_ = State::lingering;
    finishing_ = true;
    linger_why_ = why;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    finish_by_ = std::min(finish_by_, steady_clock::now() + kLingerMax);
    watch();
    throw_away();
  }

  void throw_away() {
    static thread_local std::array<char, 16 * 1024> buffer;
    if (state_ != State::lingering) return;
    for (int i = 0; i < kRecordsAtATime; ++i) {
      error_code error;
      socket_.read_some(asio::buffer(buffer), error);
      if (error == asio::error::would_block) break;
      if (error) return end(linger_why_);
    }
    wait(SSL_ERROR_WANT_READ, &WireConnection::throw_away);
  }

  void end(const std::string& why) {
    if (state_ == State::ended) return;
    state_ = State::ended;
    tell_gate(true);
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    if (dial_) dial_->cancel();
    // Later, since a handler, or OpenSSL, may be on the stack.
    asio::post(strand_, [self = me(), why] {
      const auto on_end = std::move(self->handlers_.on_end);
      self->clean_up();
      if (on_end && !self->silent_) on_end(why);
    });
  }

  void clean_up() {
    handlers_ = {};
    when_sent_.clear();
    for (const Frame& frame : out_) queued_ -= frame.size();
    out_.clear();
    ssl_.reset();
    reader_ = FrameReader(0);
  }

  void tell_gate(bool over) {
    if (!gate_) return;
    if (!std::exchange(handshake_told_, true)) gate_->handshake_over();
    if (over) std::exchange(gate_, nullptr)->connection_over();
  }

  // --- waiting ---

  /// Until the socket is ready for what TLS wants, then goes on. Reading and writing may each wait.
  void wait(int ssl_error, void (WireConnection::*then)()) {
    const auto what =
        ssl_error == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
    socket_.async_wait(what, [self = me(), then](const error_code& error) {
      if (self->state_ == State::ended) return;
      if (error) return self->end(error.message());
      (*self.*then)();
    });
  }

  struct Deadline {
    Time at;
    const char* why;
    milliseconds limit;
  };
  /// The next one that counts now.
  [[nodiscard]] Deadline deadline() const {
    Deadline out{Time::max(), "", {}};
    const auto add = [&out](Time at, const char* why, milliseconds limit) {
      if (at < out.at) out = {at, why, limit};
    };
    switch (state_) {
      case State::connecting:
        add(open_by_, "no connection within ", limits_.handshake);
        if (dial_) add(dial_->try_until(), "", {});
        break;
      case State::shaking_hands:
        add(open_by_, "no TLS handshake within ", limits_.handshake);
        break;
      case State::open:
        add(heard_ + limits_.silence, "nothing heard for ", limits_.silence);
        if (writing_) add(write_by_, "the other end did not take a frame within ", limits_.write);
        break;
      case State::lingering:
      case State::ended:
        break;
    }
    if (finishing_) add(finish_by_, linger_why_.c_str(), {});
    return out;
  }

  /// One timer for all: it looks at the earliest deadline, and again at the next.
  void watch() {
    if (state_ == State::ended) return;
    const Time at = deadline().at;
    if (at == Time::max() || (watching_ && timer_.expiry() <= at)) return;
    watching_ = true;
    timer_.expires_at(at);
    timer_.async_wait([self = me()](const error_code& error) {
      if (error || self->state_ == State::ended) return;
      self->watching_ = false;
      self->look_at_the_clock();
    });
  }

  void look_at_the_clock() {
    const Deadline next = deadline();
    if (next.at > steady_clock::now()) return watch();
    if (dial_ && next.at == dial_->try_until() && next.at != open_by_) {
      const std::shared_ptr<WireDial> dial = dial_;
      return dial->give_up_try();
    }
    end(next.limit.count() == 0 ? std::string(next.why) : next.why + seconds_text(next.limit));
  }

  void count() {
    received_ = wire_.received;
    sent_ = wire_.sent;
  }

  WireStrand strand_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::shared_ptr<WireDial> dial_;  // while it connects
  std::shared_ptr<WireTlsContext> tls_;
  std::shared_ptr<WireGate> gate_;
  Handlers handlers_;
  Limits limits_;

  State state_ = State::connecting;
  bool silent_ = false;     // close() was called: no handler any more
  bool finishing_ = false;  // finish() was called
  bool writing_ = false;    // a frame waits for the socket
  bool watching_ = false;   // the timer runs
  bool handshake_told_ = false;

  std::string linger_why_ = "finished";

  WireSocket wire_;
  SslPtr ssl_;  // uses wire_
  WirePeer peer_;
  FrameReader reader_;
  std::list<Frame> out_;
  std::size_t written_ = 0;  // of the first of them
  std::vector<std::function<void()>> when_sent_;
  Time open_by_, heard_, write_by_, finish_by_;
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> sent_{0};
};

}  // namespace

std::shared_ptr<WireLink> WireLink::connect(asio::io_context& io, const std::string& server,
                                            std::shared_ptr<WireTls> tls, Handlers handlers,
                                            Limits limits, const std::string& from) {
  const WireStrand strand = asio::make_strand(io);
  auto link = std::make_shared<WireConnection>(tcp::socket(strand), std::move(tls), limits, nullptr,
                                               strand);
  link->begin_connect(server, std::move(handlers), from);
  return link;
}

std::shared_ptr<WireLink> make_accepted(tcp::socket socket, std::shared_ptr<WireTls> tls,
                                        WireLink::Limits limits, std::shared_ptr<WireGate> gate,
                                        const WireStrand& strand) {
  return std::make_shared<WireConnection>(std::move(socket), std::move(tls), limits,
                                          std::move(gate), strand);
}

void begin_accepted(WireLink& link, WireLink::Handlers handlers) {
  static_cast<WireConnection&>(link).begin_accepted(std::move(handlers));
}

}  // namespace doorward
