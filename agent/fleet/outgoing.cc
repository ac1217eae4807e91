#include "agent/fleet/outgoing.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "agent/fleet/messages.h"
#include "plugins/delivery/limits.h"

namespace doorward {

namespace asio = boost::asio;

/// The newest one has the alerts; it goes before the next is made.
class FleetOutgoing::AlertSink final : public Sink {
 public:
  explicit AlertSink(std::weak_ptr<FleetOutgoing> outgoing) : outgoing_(std::move(outgoing)) {
    if (const auto out = outgoing_.lock()) out->sink_alive_ = alive_;
  }
  ~AlertSink() override {
    const auto out = outgoing_.lock();
    if (out && out->sink_alive_.lock() == alive_) out->forget_alerts();
  }
  AlertSink(const AlertSink&) = delete;
  AlertSink& operator=(const AlertSink&) = delete;

  void deliver(std::span<const Document> batch, Done done) override {
    if (const auto out = outgoing_.lock()) out->deliver(batch, std::move(done));
  }

 private:
  std::weak_ptr<FleetOutgoing> outgoing_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

SinkFactory FleetOutgoing::sinks() {
  return [outgoing = weak_from_this()](const SinkEnv&) {
    return std::make_unique<AlertSink>(outgoing);
  };
}

void FleetOutgoing::begin(std::uint64_t sequence, std::uint64_t key_name) {
  acked_ = sent_ = sequence;
  key_name_ = key_name;
  ready_ = true;
}

void FleetOutgoing::stop() {
  stopped_ = true;
  if (!alerts_.empty()) finish_alerts(DeliveryResult::failed("the agent is stopping"));
}

void FleetOutgoing::send() {
  send_deltas();
  send_alerts();
}

void FleetOutgoing::take_ack(
    const wire::Ack& ack, const std::function<void(std::uint64_t, const std::string&)>& refused) {
  if (ack.refused_deltas() != nullptr) {
    for (const wire::AckItem* item : *ack.refused_deltas()) {
      refused(item->sequence(), peer_text(text_of(item->reason())));
    }
  }
  if (ack.refused_alerts() != nullptr && alert_reasons_.size() < kBatchDocumentsMax) {
    for (const wire::AckItem* item : *ack.refused_alerts()) {
      alert_reasons_.emplace_back(item->sequence(), peer_text(text_of(item->reason())));
    }
  }
  if (ack.deltas() > acked_) {
    acked_ = ack.deltas();
    send_deltas();
  }
  if (ack.alerts() != 0) alerts_acked(ack.alerts());
}

// --- deltas ---

void FleetOutgoing::offer(SealedDeltas numbered) {
  offered_ = std::move(numbered);
  send_deltas();
}

void FleetOutgoing::send_deltas() {
  if (!ready_ || held_) return;
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
    send_(delta_frame(std::span(next, end), key_name_));
    next = end;
  }
}

// --- alerts ---

void FleetOutgoing::deliver(std::span<const Document> batch, Sink::Done done) {
  alerts_done_ = std::move(done);
  if (stopped_) return finish_alerts(DeliveryResult::failed("the agent is stopping"));
  alerts_ = batch;
  alert_reasons_.clear();
  send_alerts();
}

void FleetOutgoing::forget_alerts() {
  alerts_ = {};
  alerts_done_ = nullptr;
}

void FleetOutgoing::send_alerts() {
  if (!ready_ || held_ || alerts_.empty()) return;
  alert_reasons_.clear();
  send_(alert_frame(alerts_));
}

void FleetOutgoing::alerts_acked(std::uint64_t sequence) {
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

void FleetOutgoing::finish_alerts(DeliveryResult result) {
  alerts_ = {};
  asio::post(io_, [done = std::exchange(alerts_done_, nullptr), alive = sink_alive_,
                   result = std::move(result)] {
    if (done && alive.lock()) done(result);
  });
}

}  // namespace doorward
