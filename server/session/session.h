// One connection: a stranger's, who may enrol, or an agent's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/session/frames.h"
#include "server/session/incoming.h"
#include "server/session/session_context.h"
#include "server/session/token_bucket.h"

namespace doorward {

/// What a Hello said.
struct HelloWords {
  std::uint16_t protocol = 0, protocol_min = 0;
  std::string version, host, group;
  std::uint64_t machine = 0, instance = 0, key_name = 0, generation = 0, baseline_bytes = 0;
  std::uint64_t policy = 0, policy_refused = 0, verdicts = 0;
  std::string policy_reason;
};

/// Messages come on the link's strand; what they ask for happens on the core's thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<SessionContext> context, std::shared_ptr<WireLink> link)
      : context_(std::move(context)), link_(std::move(link)) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- the link's strand ---
  void opened(const WirePeer& peer);
  void heard(const wire::Envelope& envelope);
  void ended(const std::string& why);

  // --- any thread ---
  void send(Frame frame) { link_->send(std::move(frame)); }
  /// Says why, and ends the connection. What comes after is not looked at.
  void refuse(wire::RefusalCode code, const std::string& reason, std::uint32_t retry_after_ms);
  /// At once, without a word.
  void close();
  /// It said who it is, or is over.
  [[nodiscard]] bool introduced() const { return ready_.load() || over_.load(); }
  [[nodiscard]] bool over() const { return over_.load(); }
  [[nodiscard]] WireLink& link() { return *link_; }

  // --- the core's thread ---
  [[nodiscard]] const std::string& agent() const { return peer_.agent; }
  [[nodiscard]] const std::string& group() const { return group_; }
  [[nodiscard]] const WirePeer& peer() const { return peer_; }
  OutboxPlace outbox;  ///< what the agent has of what the server sends

 private:
  enum class Phase : std::uint8_t { closed, stranger, agent, asked, ready };

  bool may_go_on(std::size_t bytes);
  void hear_enrol(const wire::Enrol& enrol);
  void hear_hello(const wire::Hello& hello);
  void hear_deltas(const wire::DeltaBatch& batch);
  void hear_alerts(const wire::AlertBatch& batch);
  void hear_heartbeat(const wire::Heartbeat& beat);
  void hear_renew(const wire::Renew& renew);
  void malformed(const std::string& why);

  // The core's thread.
  void answer_hello(const HelloWords& hello, FleetView& view);
  [[nodiscard]] bool refused_for_itself(const HelloWords& hello, const AgentRecord* record,
                                        FleetView& view);
  [[nodiscard]] bool is_clone(const HelloWords& hello, const AgentRecord& record, FleetView& view);
  void note_clone(const std::string& what, FleetView& view);
  void welcome(const HelloWords& hello, const AgentRecord& record, FleetView& view);
  void leave(const std::string& why, FleetView& view);
  void renew(const std::shared_ptr<std::vector<std::uint8_t>>& request, int tries);
  void trouble(const Error& error);
  LiveAgent* live(FleetView& view);

  std::shared_ptr<SessionContext> context_;
  std::shared_ptr<WireLink> link_;
  WirePeer peer_;      // set before the core hears of the session
  std::string group_;  // set before ready_
  std::uint64_t instance_ = 0;
  std::atomic<bool> ready_{false};
  std::atomic<bool> over_{false};

  // The strand.
  Phase phase_ = Phase::closed;
  bool counted_stranger_ = false;
  bool told_to_wait_ = false;
  std::uint64_t received_ = 0;  // bytes that were counted
  TokenBucket messages_{kMessagesASecond, kMessagesAtOnce};
  TokenBucket bytes_{kBytesASecond, kBytesAtOnce};
  std::chrono::steady_clock::time_point renewed_;
};

/// What a stranger asks for; goes through the core step by step (enrolment.cc).
struct AskedEnrolment {
  std::string token;  ///< digest, hexadecimal
  std::vector<std::uint8_t> request;
  std::string host, version;
  std::uint64_t machine = 0;
  std::string agent;  ///< the id it will have
  IssuedCertificate issued;
  std::string group;
  int tries = 0;
};
void enrol(const std::shared_ptr<SessionContext>& context, const std::shared_ptr<Session>& session,
           std::shared_ptr<AskedEnrolment> asked);

}  // namespace doorward
