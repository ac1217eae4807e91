// What an agent tells its server: deltas, each once a connection, and alerts until they are
// answered for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/fleet/learning.h"
#include "plugins/delivery/sink.h"
#include "proto/wire.h"

namespace doorward {

/// Outlives connections: what is offered or waits for an answer goes on with the next one. For the
/// io_context's one thread; held by a shared_ptr, since sinks that are kept elsewhere look for it.
class FleetOutgoing : public std::enable_shared_from_this<FleetOutgoing> {
 public:
  using Send = std::function<void(Frame)>;
  FleetOutgoing(boost::asio::io_context& io, Send send) : io_(io), send_(std::move(send)) {}
  FleetOutgoing(const FleetOutgoing&) = delete;
  FleetOutgoing& operator=(const FleetOutgoing&) = delete;

  /// A connection was welcomed whose server has the deltas up to `sequence`. Nothing is sent before
  /// send().
  void begin(std::uint64_t sequence, std::uint64_t key_name);
  /// The connection is gone.
  void end() { ready_ = held_ = false; }
  /// The server asked to be left alone; not any more: send() follows.
  void hold(bool held) { held_ = held; }
  [[nodiscard]] bool held() const { return held_; }
  /// Alerts on their way are to be tried again; further ones as well.
  void stop();

  /// See FleetSession::offer().
  void offer(SealedDeltas numbered);
  /// Sends what the server has not got, unless it does not want to hear it now.
  void send();
  /// `refused` hears of deltas that the server will never take.
  void take_ack(const wire::Ack& ack,
                const std::function<void(std::uint64_t, const std::string&)>& refused);
  [[nodiscard]] std::uint64_t acked() const { return acked_; }

  /// Makes sinks of this; the newest one has it.
  [[nodiscard]] SinkFactory sinks();

 private:
  class AlertSink;

  void deliver(std::span<const Document> batch, Sink::Done done);
  void forget_alerts();
  void send_deltas();
  void send_alerts();
  void alerts_acked(std::uint64_t sequence);
  void finish_alerts(DeliveryResult result);

  boost::asio::io_context& io_;
  const Send send_;
  bool ready_ = false;
  bool held_ = false;
  bool stopped_ = false;
  std::uint64_t key_name_ = 0;
  SealedDeltas offered_;
  std::uint64_t acked_ = 0;
  std::uint64_t sent_ = 0;
  std::span<const Document> alerts_;
  Sink::Done alerts_done_;
  std::weak_ptr<bool> sink_alive_;  // the sink has it
  std::vector<std::pair<std::uint64_t, std::string>> alert_reasons_;
};

}  // namespace doorward
