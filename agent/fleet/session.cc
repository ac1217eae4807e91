#include "agent/fleet/session.h"

#include <sodium.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>

#include "agent/clock.h"
#include "agent/fleet/messages.h"
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
        instance_(random_number()) {
    status_.server = identity_.server;
    note_end();
  }

  void start() { connect(); }

  void stop() {
    stopped_ = true;
    drop_link(true);
    retry_.cancel();
    if (!alerts_.empty()) finish_alerts(DeliveryResult::failed("the agent is stopping"));
  }

  void again(const std::string& why) {
    if (stopped_ || !link_) return;
    status_.last_error = why;
    lost();
    wait(backoff_.next(random_number()));
  }

  void offer(SealedDeltas numbered) {
    offered_ = std::move(numbered);
    send_deltas();
  }

  void heartbeat(const HeartbeatFacts& facts) {
    if (!welcomed_ || held_) return;
    send(heartbeat_frame(facts, hooks_.facts(), policy_, clock_now()));
  }

  void set_policy(PolicyStand stand) { policy_ = std::move(stand); }

  void deliver(std::span<const Document> batch, Sink::Done done) {
    alerts_ = batch;
    alerts_done_ = std::move(done);
    alert_reasons_.clear();
    send_alerts();
  }
  void forget_alerts() {
    alerts_ = {};
    alerts_done_ = nullptr;
  }

  [[nodiscard]] FleetSessionStatus status() const { return status_; }

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
    welcomed_ = held_ = renewing_ = false;
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
        take_ack(*envelope.message_as_Ack());
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
    key_name_ = key_name(terms->key);
    acked_ = sent_ = status_.acked = terms->sequence;
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
    send_deltas();
    send_alerts();
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
    held_ = true;
    hold_.expires_after(std::min(milliseconds(retry.ms()), kAskedWaitMax));
    hold_.async_wait(
        [self = weak_from_this(), number = connection_](const boost::system::error_code& error) {
          const auto impl = self.lock();
          if (error || !impl || impl->connection_ != number) return;
          impl->held_ = false;
          impl->send_deltas();
          impl->send_alerts();
        });
  }

  void take_ack(const wire::Ack& ack) {
    if (ack.refused_deltas() != nullptr) {
      for (const wire::AckItem* item : *ack.refused_deltas()) {
        hooks_.on_refused_delta(item->sequence(), peer_text(text_of(item->reason())));
      }
    }
    if (ack.refused_alerts() != nullptr && alert_reasons_.size() < kBatchDocumentsMax) {
      for (const wire::AckItem* item : *ack.refused_alerts()) {
        alert_reasons_.emplace_back(item->sequence(), peer_text(text_of(item->reason())));
      }
    }
    if (ack.deltas() > acked_) {
      acked_ = status_.acked = ack.deltas();
      send_deltas();
    }
    if (ack.alerts() != 0) alerts_acked(ack.alerts());
  }

  // --- deltas ---

  void send_deltas() {
    if (!welcomed_ || held_) return;
    auto next = std::find_if(offered_.begin(), offered_.end(),
                             [&](const auto& delta) { return delta->sequence > sent_; });
    while (next != offered_.end()) {
      std::size_t bytes = 0;
      auto end = next;
      while (end != offered_.end() && static_cast<std::size_t>(end - next) < kBatchDeltas &&
             (end == next || bytes + (*end)->additions.size() <= kBatchDeltaBytes)) {
        bytes += (*end)->additions.size();
        ++end;
      }
      sent_ = (*(end - 1))->sequence;
      send(delta_frame(std::span(next, end), key_name_));
      next = end;
    }
  }

  // --- alerts ---

  void send_alerts() {
    if (!welcomed_ || held_ || alerts_.empty()) return;
    alert_reasons_.clear();
    send(alert_frame(alerts_));
  }

  void alerts_acked(std::uint64_t sequence) {
    if (alerts_.empty() || sequence < alerts_.back().sequence) return;
    DeliveryResult result = DeliveryResult::all(alerts_.size());
    for (const auto& [refused, reason] : alert_reasons_) {
      for (std::size_t i = 0; i < alerts_.size(); ++i) {
        if (alerts_[i].sequence != refused) continue;
        result.verdicts[i] = Verdict::refused;
        if (result.refusal.empty()) result.refusal = reason;
      }
    }
    finish_alerts(std::move(result));
  }

  void finish_alerts(DeliveryResult result) {
    alerts_ = {};
    asio::post(io_, [done = std::exchange(alerts_done_, nullptr), alive = sink_alive_,
                     result = std::move(result)] {
      if (done && alive.lock()) done(result);
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

  void note_end() {
    const Result<std::int64_t> ends = not_after(identity_.certificate.get());
    const Result<std::int64_t> begins = not_before(identity_.certificate.get());
    if (!ends || !begins) return;
    status_.certificate_ends = ends.value();
    renew_at_ = begins.value() + (ends.value() - begins.value()) / 3 * 2;
  }

  void renew_if_due() {
    if (!welcomed_ || clock_now() < renew_at_) return;
    const auto now = steady_clock::now();
    if (renewing_ && now - renew_asked_ < kRenewRetry) return;
    Result<PrivateKey> key = make_key();
    if (!key) return;
    const Result<Der> request = make_request(key.value());
    if (!request) return;
    new_key_ = std::move(key).value();
    renewing_ = true;
    renew_asked_ = now;
    send(renew_frame(request.value()));
  }

  void take_renewed(const wire::Renewed& renewed) {
    if (!renewing_ || !new_key_) return;
    renewing_ = false;
    Result<Certificate> certificate =
        certificate_from(std::span(renewed.certificate()->data(), renewed.certificate()->size()));
    Status good =
        certificate ? check_pair(new_key_, certificate.value()) : Status(certificate.error());
    if (good && agent_id_of(certificate.value().get()) != identity_.agent) {
      good = Error{"", "it is for another agent"};
    }
    if (good) good = write_agent_pem(options_.state_dir, new_key_, certificate.value());
    if (!good) {
      // Not again before kRenewRetry: this connection's next try is the server's to answer better.
      renewing_ = true;
      status_.last_error = "renewal: " + peer_text(good.error().message());
      hooks_.say(Loudness::error,
                 "the certificate was not renewed: " + peer_text(good.error().message()));
      return;
    }
    identity_.key = std::move(new_key_);
    identity_.certificate = std::move(certificate).value();
    tls_.reset();  // from the next connection on
    ++status_.renewals;
    note_end();
    hooks_.say(Loudness::info, "the certificate was renewed");
  }

  friend class FleetSession::AlertSink;

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
  bool held_ = false;  // the server asked to be left alone
  steady_clock::time_point since_;
  milliseconds beat_every_ = kHeartbeatDefault;
  milliseconds refusal_wait_{0};
  PolicyStand policy_;
  FleetSessionStatus status_;
  std::uint64_t key_name_ = 0;
  SealedDeltas offered_;
  std::uint64_t acked_ = 0;
  std::uint64_t sent_ = 0;
  std::span<const Document> alerts_;
  Sink::Done alerts_done_;
  std::weak_ptr<bool> sink_alive_;  // the sink has it
  std::vector<std::pair<std::uint64_t, std::string>> alert_reasons_;
  PrivateKey new_key_;
  bool renewing_ = false;
  steady_clock::time_point renew_asked_;
  std::int64_t renew_at_ = INT64_MAX;
};

/// The newest one has the session; it goes before the next is made.
class FleetSession::AlertSink final : public Sink {
 public:
  explicit AlertSink(std::weak_ptr<Impl> impl) : impl_(std::move(impl)) {
    if (const auto session = impl_.lock()) session->sink_alive_ = alive_;
  }
  ~AlertSink() override {
    const auto session = impl_.lock();
    if (session && session->sink_alive_.lock() == alive_) session->forget_alerts();
  }
  AlertSink(const AlertSink&) = delete;
  AlertSink& operator=(const AlertSink&) = delete;

  void deliver(std::span<const Document> batch, Done done) override {
    const auto session = impl_.lock();
    if (session && !session->stopped_) {
      session->deliver(batch, std::move(done));
    } else if (session) {
      session->alerts_done_ = std::move(done);
      session->finish_alerts(DeliveryResult::failed("the agent is stopping"));
    }
  }

 private:
  std::weak_ptr<Impl> impl_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
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
  return [impl = std::weak_ptr<Impl>(impl_)](const SinkEnv&) {
    return std::make_unique<AlertSink>(impl);
  };
}
FleetSessionStatus FleetSession::status() const {
  return impl_->status();
}

}  // namespace doorward
