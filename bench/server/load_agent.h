// One simulated agent: a session with the server that counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/server/load_messages.h"
#include "proto/wire_link.h"
#include "sketch/baseline.h"

namespace doorward {

using LoadClock = std::chrono::steady_clock;

/// What all agents together have seen.
struct LoadCounts {
  std::size_t connected = 0;
  std::uint64_t deltas_sent = 0, deltas_acked = 0;
  std::uint64_t alerts_sent = 0, alerts_acked = 0;
  std::uint64_t refused_items = 0;  ///< deltas and alerts that will never be taken
  std::uint64_t patches = 0, policies = 0, retry_afters = 0;
  std::uint64_t received_bytes = 0, sent_bytes = 0;  ///< of connections that have ended
  std::vector<float> delta_ms, alert_ms;             ///< from sending to the Ack
  std::map<std::string, std::uint64_t> ends;         ///< why connections ended, how often
  bool verify = false;                               ///< LoadSettings::verify
  int reconnect_ms = 3000;
  std::optional<Baseline> expected;  ///< of all deltas that were sent, once each
  std::uint64_t forgotten = 0;       ///< deltas that the server acknowledged, and has no more
};

/// Everything on one thread.
class LoadAgent : public std::enable_shared_from_this<LoadAgent> {
 public:
  LoadAgent(std::size_t number, std::shared_ptr<WireTls> tls, LoadCounts& counts)
      : number_(number), tls_(std::move(tls)), counts_(counts) {}

  void connect(boost::asio::io_context& io, const std::string& server, const std::string& from,
               LoadRandom& random);
  /// Welcome came and the connection is there.
  [[nodiscard]] bool ready() const { return ready_; }
  /// There is a connection, or one is being made.
  [[nodiscard]] bool linked() const { return link_ != nullptr; }
  /// When to connect anew after an end.
  [[nodiscard]] LoadClock::time_point connect_at() const { return connect_at_; }
  /// The server asked for quiet until later, or much is not acknowledged yet.
  [[nodiscard]] bool must_wait() const;
  void send_delta(LoadRandom& random, std::size_t entries);
  void send_alert(LoadRandom& random);
  void heartbeat_if_due();
  void close();
  [[nodiscard]] std::uint64_t received() const { return link_ ? link_->received() : 0; }
  [[nodiscard]] std::uint64_t sent() const { return link_ ? link_->sent() : 0; }

 private:
  struct Sent {
    std::uint64_t sequence;
    LoadClock::time_point at;
    Frame frame;  // to verify
  };
  void take(const wire::Envelope& envelope);
  void take_welcome(const wire::Welcome& welcome);
  void take_ack(const wire::Ack& ack);
  void begin_expected(const HashKey& key, std::uint64_t bytes);
  void ended(const std::string& why, LoadRandom& random);
  static std::uint64_t acknowledge(std::deque<Sent>& waiting, std::uint64_t up_to,
                                   std::vector<float>& delays);

  std::size_t number_;
  std::shared_ptr<WireTls> tls_;
  LoadCounts& counts_;
  std::shared_ptr<WireLink> link_;
  bool ready_ = false;
  bool closing_ = false;
  std::string refused_;
  std::uint64_t instance_ = 0;
  std::uint64_t next_delta_ = 1;
  std::uint64_t next_alert_ = 1;
  std::uint64_t acked_delta_ = 0;
  std::uint64_t key_name_ = 0;
  std::uint64_t policy_ = 0;
  std::uint64_t generation_ = 0;
  LoadClock::duration heartbeat_{};
  LoadClock::time_point heartbeat_at_, quiet_until_, connect_at_;
  std::deque<Sent> deltas_, alerts_;
};

/// The wall clock in microseconds.
std::int64_t load_now_us();

}  // namespace doorward
