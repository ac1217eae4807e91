#include "bench/server/load_agent.h"

#include <algorithm>

#include "sketch/hash.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;

/// Batches of a kind that may be under way.
constexpr std::size_t kUnderWayMax = 4;

}  // namespace

std::int64_t load_now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void LoadAgent::connect(boost::asio::io_context& io, const std::string& server,
                        const std::string& from, LoadRandom& random) {
  if (instance_ == 0) {
    instance_ = random();
    next_alert_ = static_cast<std::uint64_t>(load_now_us());  // beyond what an earlier run sent
  }
  WireLink::Limits limits;
  limits.handshake = std::chrono::seconds(60);
  WireLink::Handlers handlers;
  const auto self = shared_from_this();
  handlers.on_open = [self](const WirePeer&) {
    self->link_->send(load_hello(self->number_, self->instance_, self->next_delta_));
  };
  handlers.on_message = [self](const wire::Envelope& envelope) { self->take(envelope); };
  handlers.on_end = [self, &random](const std::string& why) { self->ended(why, random); };
  refused_.clear();
  link_ = WireLink::connect(io, server, tls_, std::move(handlers), limits, from);
}

bool LoadAgent::must_wait() const {
  return deltas_.size() >= kUnderWayMax || alerts_.size() >= kUnderWayMax ||
         LoadClock::now() < quiet_until_;
}

void LoadAgent::send_delta(LoadRandom& random, std::size_t entries) {
  const Additions additions = load_additions(random, number_, load_now_us(), entries);
  if (counts_.expected) additions.apply_to(*counts_.expected);
  const Frame frame = load_delta(additions, next_delta_, key_name_);
  deltas_.push_back({next_delta_++, LoadClock::now(), counts_.verify ? frame : Frame()});
  link_->send(frame);
  ++counts_.deltas_sent;
}

void LoadAgent::send_alert(LoadRandom& random) {
  const Frame frame = load_alert(random, number_, next_alert_, load_now_us());
  alerts_.push_back({next_alert_++, LoadClock::now(), counts_.verify ? frame : Frame()});
  link_->send(frame);
  ++counts_.alerts_sent;
}

void LoadAgent::heartbeat_if_due() {
  const auto now = LoadClock::now();
  if (!ready_ || heartbeat_ == LoadClock::duration{} || now < heartbeat_at_) return;
  heartbeat_at_ = now + heartbeat_;
  link_->send(load_heartbeat(load_now_us(), policy_, generation_));
}

void LoadAgent::close() {
  closing_ = true;
  if (link_) link_->finish();
}

void LoadAgent::take(const wire::Envelope& envelope) {
  if (const wire::Welcome* welcome = envelope.message_as_Welcome()) {
    take_welcome(*welcome);
  } else if (const wire::Ack* ack = envelope.message_as_Ack()) {
    take_ack(*ack);
  } else if (const wire::BaselinePatch* patch = envelope.message_as_BaselinePatch()) {
    generation_ = patch->generation();
    ++counts_.patches;
  } else if (const wire::Policy* policy = envelope.message_as_Policy()) {
    policy_ = policy->version();
    ++counts_.policies;
  } else if (const wire::RetryAfter* retry = envelope.message_as_RetryAfter()) {
    quiet_until_ = LoadClock::now() + milliseconds(retry->ms());
    ++counts_.retry_afters;
  } else if (const wire::Refused* refused = envelope.message_as_Refused()) {
    refused_ = "refused: " + (refused->reason() ? refused->reason()->str() : std::string());
    quiet_until_ = LoadClock::now() + milliseconds(refused->retry_after_ms());
  } else if (const wire::Ping* ping = envelope.message_as_Ping()) {
    flatbuffers::FlatBufferBuilder builder(64);
    link_->send(
        make_frame(builder, wire::Message::Pong, wire::CreatePong(builder, ping->time()).Union()));
  }
}

void LoadAgent::take_welcome(const wire::Welcome& welcome) {
  HashKey key;
  if (welcome.key() != nullptr && welcome.key()->size() == key.bytes.size()) {
    std::copy(welcome.key()->begin(), welcome.key()->end(), key.bytes.begin());
    key_name_ = key_name(key);
  }
  if (counts_.verify) {
    begin_expected(key, welcome.baseline_bytes());
    if (welcome.sequence() < acked_delta_) counts_.forgotten += acked_delta_ - welcome.sequence();
    counts_.deltas_acked += acknowledge(deltas_, welcome.sequence(), counts_.delta_ms);
    for (const Sent& sent : deltas_) link_->send(sent.frame);
    for (const Sent& sent : alerts_) link_->send(sent.frame);
    next_delta_ = std::max(next_delta_, welcome.sequence() + 1);
  } else {
    // What was under way when the last connection ended and did not arrive is not sent again.
    deltas_.clear();
    alerts_.clear();
    next_delta_ = welcome.sequence() + 1;
  }
  heartbeat_ = milliseconds(welcome.heartbeat_ms());
  heartbeat_at_ = LoadClock::now() + heartbeat_ * (number_ % 100) / 100;
  if (!std::exchange(ready_, true)) ++counts_.connected;
}

/// The baseline of a fleet that has heard of nothing yet.
void LoadAgent::begin_expected(const HashKey& key, std::uint64_t bytes) {
  if (counts_.expected) return;
  BaselineOptions options;
  options.key = key;
  if (bytes != 0) options.bytes = static_cast<std::size_t>(bytes);
  Result<Baseline> empty = Baseline::make(options);
  if (empty) counts_.expected.emplace(std::move(empty).value());
}

void LoadAgent::take_ack(const wire::Ack& ack) {
  acked_delta_ = std::max(acked_delta_, ack.deltas());
  counts_.deltas_acked += acknowledge(deltas_, ack.deltas(), counts_.delta_ms);
  counts_.alerts_acked += acknowledge(alerts_, ack.alerts(), counts_.alert_ms);
  for (const auto* refused : {ack.refused_deltas(), ack.refused_alerts()}) {
    if (refused == nullptr) continue;
    counts_.refused_items += refused->size();
    auto& waiting = refused == ack.refused_deltas() ? deltas_ : alerts_;
    for (const wire::AckItem* item : *refused) {
      std::erase_if(waiting,
                    [item](const Sent& sent) { return sent.sequence == item->sequence(); });
      ++counts_.ends["item refused: " + (item->reason() ? item->reason()->str() : std::string())];
    }
  }
}

std::uint64_t LoadAgent::acknowledge(std::deque<Sent>& waiting, std::uint64_t up_to,
                                     std::vector<float>& delays) {
  std::uint64_t count = 0;
  const auto now = LoadClock::now();
  for (; !waiting.empty() && waiting.front().sequence <= up_to; ++count) {
    delays.push_back(std::chrono::duration<float, std::milli>(now - waiting.front().at).count());
    waiting.pop_front();
  }
  return count;
}

void LoadAgent::ended(const std::string& why, LoadRandom& random) {
  counts_.received_bytes += link_->received();
  counts_.sent_bytes += link_->sent();
  if (!closing_) ++counts_.ends[refused_.empty() ? why : refused_];
  if (std::exchange(ready_, false)) --counts_.connected;
  link_.reset();
  const auto most = static_cast<std::uint64_t>(std::max(counts_.reconnect_ms, 1));
  const std::uint64_t least = counts_.verify ? 20 : 500;
  connect_at_ = std::max(LoadClock::now() + milliseconds(least + random() % most), quiet_until_);
}

}  // namespace doorward
