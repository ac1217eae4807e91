#include "agent/fleet/session.h"

#include <sodium.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>

#include "agent/fleet/messages.h"
#include "agent/fleet/outgoing.h"
#include "agent/fleet/renewal.h"
#include "plugins/clock.h"
#include "plugins/delivery/backoff.h"
#include "plugins/printable.h"
#include "proto/wire_link.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::uint64_t random_number() {
  std::uint64_t number = 0;
  randombytes_buf(&number, sizeof number);
  return number;
}

/// Between `wait` and a quarter more, so that a fleet that was sent away does not come back at
/// once.
milliseconds jittered(milliseconds wait) {
  return wait + milliseconds(static_cast<std::int64_t>(
                    random_number() % static_cast<std::uint64_t>(wait.count() / 4 + 1)));
}

}  // namespace

std::string peer_text(const std::string& text) {
  return printable(std::string_view(text).substr(0, kServerTextMax));
}

std::uint64_t machine_number() {
  std::ifstream in("/etc/machine-id");
  std::string id;
  if (!(in >> id) || id.empty()) return 0;
  return hash_text(HashKey{}, "doorward machine " + id).low;
}

class FleetSession::Impl : public std::enable_shared_from_this<FleetSession::Impl> {
 public:
  Impl(asio::io_context& io, FleetIdentity identity, Options options, Hooks hooks)
      : io_(io),
        identity_(std::move(identity)),
        options_(std::move(options)),
        hooks_(std::move(hooks)),
        retry_(io),
        beat_(io),
        welcome_(io),
        hold_(io),
        backoff_({options_.reconnect_first, options_.reconnect_max}),
        instance_(random_number()),
        outgoing_(
            std::make_shared<FleetOutgoing>(io, [this](Frame frame) { send(std::move(frame)); })),
        renewal_(identity_, options_.state_dir) {
    status_.server = identity_.server;
    status_.certificate_ends = renewal_.ends();
  }

  void start() { connect(); }

  void stop() {
    stopped_ = true;
    drop_link(true);
    retry_.cancel();
    outgoing_->stop();
  }

  void again(const std::string& why) {
    if (stopped_ || !link_) return;
    status_.last_error = why;
    lost();
    wait(backoff_.next(random_number()));
  }

  void offer(SealedDeltas numbered) { outgoing_->offer(std::move(numbered)); }

  void heartbeat(const HeartbeatFacts& facts) {
    if (!welcomed_ || outgoing_->held()) return;
    send(heartbeat_frame(facts, hooks_.facts(), policy_, clock_now()));
  }

  void set_policy(PolicyStand stand) { policy_ = std::move(stand); }

  [[nodiscard]] SinkFactory alerts() { return outgoing_->sinks(); }
  [[nodiscard]] FleetSessionStatus status() const {
    FleetSessionStatus out = status_;
    out.acked = outgoing_->acked();
    return out;
  }

 private:
  // --- the connection ---

  void connect() {
    if (stopped_) return;
    if (!tls_) {
      Result<std::shared_ptr<WireTls>> tls =
          WireTls::agent(identity_.authority, identity_.certificate, identity_.key);
      if (!tls) return failed(tls.error().message());
      tls_ = std::move(tls).value();
    }
    const std::uint64_t number = ++connection_;
    // What a connection that was given up still says is not for this one.
    const auto mine = [number, self = weak_from_this()]() -> std::shared_ptr<Impl> {
      auto impl = self.lock();
      return impl && !impl->stopped_ && impl->connection_ == number ? impl : nullptr;
    };
    WireLink::Handlers handlers;
    handlers.on_open = [mine](const WirePeer&) {
      if (const auto impl = mine()) impl->opened();
    };
    handlers.on_message = [mine](const wire::Envelope& envelope) {
      if (const auto impl = mine()) impl->take(envelope);
    };
    handlers.on_end = [mine](const std::string& why) {
      if (const auto impl = mine()) impl->failed(why);
    };
    link_ = WireLink::connect(io_, identity_.server, tls_, std::move(handlers), WireLink::Limits());
    welcome_.expires_after(kWelcomeMax);
    welcome_.async_wait([mine](const boost::system::error_code& error) {
      const auto impl = mine();
      if (!error && impl && !impl->welcomed_) impl->failed("the server does not answer");
    });
  }

  void opened() { send(hello_frame(hooks_.facts(), policy_, options_, instance_)); }

  void failed(const std::string& why) {
    if (refusal_wait_.count() > 0) {
      lost();
      return wait(std::exchange(refusal_wait_, milliseconds(0)));
    }
    const std::string text = peer_text(why);
    const bool news = welcomed_ || status_.last_error != text;
    status_.last_error = text;
    if (news) hooks_.say(Loudness::warning, "server " + identity_.server + ": " + text);
    lost();
    wait(backoff_.next(random_number()));
  }

  /// The link is gone, or is to be.
  void lost() {
    const bool was = welcomed_;
    drop_link(false);
    if (!was) return;
    if (steady_clock::now() - since_ >= kStableAfter) backoff_.reset();
    hooks_.on_lost();
  }

  void drop_link(bool finish) {
    ++connection_;
    welcomed_ = false;
    outgoing_->end();
    renewal_.forget();
    status_.connected = false;
    status_.since = kNoTime;
    beat_.cancel();
    welcome_.cancel();
    hold_.cancel();
    if (!link_) return;
    // Not from within what it has called.
    asio::post(io_, [link = std::exchange(link_, nullptr), finish] {
      finish ? link->finish() : link->close();
    });
  }

  void wait(milliseconds time) {
    if (stopped_) return;
    retry_.expires_after(time);
    retry_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      const auto impl = self.lock();
      if (!error && impl) impl->connect();
    });
  }

  void send(Frame frame) {
    if (!link_) return;
    status_.bytes_sent += frame.size();
    link_->send(std::move(frame));
  }

  // --- what the server says ---

  void take(const wire::Envelope& envelope) {
    using wire::Message;
    const Message type = envelope.message_type();
    if (!welcomed_ && type != Message::Welcome && type != Message::Refused &&
        type != Message::RetryAfter) {
      return;  // nothing else has a meaning yet
    }
    switch (type) {
      case Message::Welcome:
        if (!welcomed_) take_welcome(*envelope.message_as_Welcome());
        break;
      case Message::Refused:
        take_refused(*envelope.message_as_Refused());
        break;
      case Message::Ack:
        outgoing_->take_ack(*envelope.message_as_Ack(), hooks_.on_refused_delta);
        break;
      case Message::Renewed:
        take_renewed(*envelope.message_as_Renewed());
        break;
      case Message::BaselinePatch:
        hooks_.on_patch(patch_of(*envelope.message_as_BaselinePatch()));
        break;
      case Message::Policy:
        hooks_.on_policy(envelope.message_as_Policy()->version(),
                         policy_of(*envelope.message_as_Policy()));
        break;
      case Message::Verdicts:
        hooks_.on_verdicts(verdicts_of(*envelope.message_as_Verdicts()));
        break;
      case Message::RetryAfter:
        take_retry_after(*envelope.message_as_RetryAfter());
        break;
      case Message::Ping:
        send(pong_frame(envelope.message_as_Ping()->time()));
        break;
      default:
        break;  // of a newer protocol, or of the other direction
    }
  }

  void take_welcome(const wire::Welcome& welcome) {
    const std::optional<FleetTerms> terms = terms_of(welcome);
    if (!terms) return failed("its Welcome has no key of 16 bytes");
    outgoing_->begin(terms->sequence, key_name(terms->key));
    status_.server_version = peer_text(text_of(welcome.server()));
    status_.group = peer_text(text_of(welcome.group()));
    beat_every_ = welcome.heartbeat_ms() == 0 ? kHeartbeatDefault
                                              : std::clamp(milliseconds(welcome.heartbeat_ms()),
                                                           kHeartbeatMin, kHeartbeatMax);
    welcomed_ = true;
    since_ = steady_clock::now();
    const std::uint64_t connection = connection_;
    if (!hooks_.on_welcome(*terms)) {
      if (connection == connection_) drop_link(false);
      return;
    }
    welcome_.cancel();
    status_.connected = true;
    status_.since = clock_now();
    status_.last_error.clear();
    ++status_.connects;
    hooks_.say(Loudness::info, "connected to " + identity_.server + ", group " + status_.group);
    outgoing_->send();
    beat();
  }

  void take_refused(const wire::Refused& refused) {
    const std::string reason = peer_text(text_of(refused.reason()));
    status_.last_error = "refused: " + reason;
    const auto asked = milliseconds(refused.retry_after_ms());
    const bool hopeless = asked.count() == 0;
    hooks_.say(hopeless ? Loudness::error : Loudness::warning,
               "server " + identity_.server + " refuses this agent: " + reason +
                   (hopeless ? "; the agent goes on alone and asks again now and then" : ""));
    refusal_wait_ = jittered(hopeless ? options_.refused_wait : std::min(asked, kAskedWaitMax));
    failed(reason);
  }

  void take_retry_after(const wire::RetryAfter& retry) {
    outgoing_->hold(true);
    hold_.expires_after(std::min(milliseconds(retry.ms()), kAskedWaitMax));
    hold_.async_wait(
        [self = weak_from_this(), number = connection_](const boost::system::error_code& error) {
          const auto impl = self.lock();
          if (error || !impl || impl->connection_ != number) return;
          impl->outgoing_->hold(false);
          impl->outgoing_->send();
        });
  }

  // --- heartbeats and the certificate ---

  void beat() {
    hooks_.on_beat();
    renew_if_due();
    beat_.expires_after(beat_every_);
    beat_.async_wait(
        [self = weak_from_this(), number = connection_](const boost::system::error_code& error) {
          const auto impl = self.lock();
          if (!error && impl && impl->connection_ == number) impl->beat();
        });
  }

  void renew_if_due() {
    if (!welcomed_) return;
    if (const std::optional<Der> request = renewal_.due(clock_now())) send(renew_frame(*request));
  }

  void take_renewed(const wire::Renewed& renewed) {
    const Result<CertificateRenewal::Taken> taken =
        renewal_.take(std::span(renewed.certificate()->data(), renewed.certificate()->size()));
    if (!taken) {
      const std::string why = peer_text(taken.error().message());
      status_.last_error = "renewal: " + why;
      hooks_.say(Loudness::error, "the certificate was not renewed: " + why);
      return;
    }
    if (taken.value() == CertificateRenewal::Taken::nothing) return;
    tls_.reset();  // from the next connection on
    ++status_.renewals;
    status_.certificate_ends = renewal_.ends();
    hooks_.say(Loudness::info, "the certificate was renewed");
  }

  asio::io_context& io_;
  FleetIdentity identity_;
  const Options options_;
  const Hooks hooks_;
  asio::steady_timer retry_;
  asio::steady_timer beat_;
  asio::steady_timer welcome_;
  asio::steady_timer hold_;
  Backoff backoff_;
  const std::uint64_t instance_;
  std::shared_ptr<WireTls> tls_;
  std::shared_ptr<WireLink> link_;
  std::uint64_t connection_ = 0;
  bool stopped_ = false;
  bool welcomed_ = false;
  steady_clock::time_point since_;
  milliseconds beat_every_ = kHeartbeatDefault;
  milliseconds refusal_wait_{0};
  PolicyStand policy_;
  FleetSessionStatus status_;
  const std::shared_ptr<FleetOutgoing> outgoing_;
  CertificateRenewal renewal_;
};

FleetSession::FleetSession(asio::io_context& io, FleetIdentity identity, Options options,
                           Hooks hooks)
    : impl_(std::make_shared<Impl>(io, std::move(identity), std::move(options), std::move(hooks))) {
}
FleetSession::~FleetSession() {
  impl_->stop();
}
void FleetSession::start() {
  impl_->start();
}
void FleetSession::stop() {
  impl_->stop();
}
void FleetSession::again(const std::string& why) {
  impl_->again(why);
}
void FleetSession::offer(SealedDeltas numbered) {
  impl_->offer(std::move(numbered));
}
void FleetSession::heartbeat(const HeartbeatFacts& facts) {
  impl_->heartbeat(facts);
}
void FleetSession::set_policy(PolicyStand stand) {
  impl_->set_policy(std::move(stand));
}
SinkFactory FleetSession::alerts() {
  return impl_->alerts();
}
FleetSessionStatus FleetSession::status() const {
  return impl_->status();
}

}  // namespace doorward
