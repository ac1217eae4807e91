// Sessions over links that are only noted down, on a core that runs when it is told to: everything
// in one thread and in order.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/identity.h"
#include "server/session/agent_sessions.h"
#include "tests/server/core_world.h"

namespace doorward {

class NotedLink final : public WireLink {
 public:
  void send(Frame frame) override {
    if (!finished) frames.push_back(std::move(frame));
  }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void when_sent(std::function<void()> done) override { done(); }
  void finish() override { finished = true; }
  void close() override { closed = true; }

  std::vector<Frame> frames;
  bool finished = false, closed = false;
};

/// The other end of one connection.
class NotedPeer {
 public:
  NotedPeer(AgentSessions& sessions, Core& core)
      : link_(std::make_shared<NotedLink>()), core_(core), handlers_(sessions.accept(link_)) {}

  NotedPeer& open(const std::string& agent = {}, const std::string& address = "192.0.2.1",
                  TimeUs ends = clock_now() + 3600 * kSecondUs) {
    WirePeer peer;
    peer.agent = agent;
    peer.address = address;
    peer.ends_us = agent.empty() ? 0 : ends;
    handlers_.on_open(peer);
    return *this;
  }
  /// Says it; the core does not run yet.
  void say(const Frame& frame) {
    const auto* envelope =
        flatbuffers::GetRoot<wire::Envelope>(frame.data() + sizeof(std::uint32_t));
    if (!link_->finished && !link_->closed) handlers_.on_message(*envelope);
  }
  void tell(const Frame& frame) {
    say(frame);
    core_.run_pending();
  }
  void end() {
    handlers_.on_end("closed");
    core_.run_pending();
  }

  [[nodiscard]] const NotedLink& link() const { return *link_; }
  /// The frames of one type, oldest first; they live as long as this.
  template <class Table>
  [[nodiscard]] std::vector<const Table*> heard(wire::Message type) const {
    std::vector<const Table*> out;
    for (const Frame& frame : link_->frames) {
      const auto* envelope =
          flatbuffers::GetRoot<wire::Envelope>(frame.data() + sizeof(std::uint32_t));
      if (envelope->message_type() == type) {
        out.push_back(static_cast<const Table*>(envelope->message()));
      }
    }
    return out;
  }
  [[nodiscard]] const wire::Refused* refused() const {
    const auto all = heard<wire::Refused>(wire::Message::Refused);
    return all.empty() ? nullptr : all.front();
  }
  [[nodiscard]] wire::RefusalCode refusal() const {
    return refused() == nullptr ? wire::RefusalCode::none : refused()->code();
  }
  [[nodiscard]] const wire::Ack* last_ack() const {
    const auto all = heard<wire::Ack>(wire::Message::Ack);
    return all.empty() ? nullptr : all.back();
  }

 private:
  std::shared_ptr<NotedLink> link_;
  Core& core_;
  WireLink::Handlers handlers_;
};

struct HelloToSay {
  std::uint16_t protocol = kProtocolVersion, protocol_min = kProtocolMin;
  std::uint64_t machine = 7, instance = 1, key_name = 0, generation = 0;
  std::uint64_t policy = 0, policy_refused = 0, verdicts = 0;
  std::string group = "default";
};

inline Frame hello_frame(const HelloToSay& hello = {}) {
  flatbuffers::FlatBufferBuilder builder;
  return make_frame(
      builder, wire::Message::Hello,
      wire::CreateHelloDirect(builder, hello.protocol, hello.protocol_min, "doorward-agent 0.1.0",
                              "host-a", hello.machine, hello.instance, hello.key_name,
                              hello.generation, 8 << 20, 1, hello.policy, hello.policy_refused, "",
                              hello.verdicts, hello.group.c_str())
          .Union());
}

struct DeltaToSay {
  std::uint64_t sequence = 1;
  std::vector<std::uint8_t> additions;
  std::uint64_t key_name = 0;
};

inline Frame deltas_frame(const std::vector<DeltaToSay>& deltas) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<wire::Delta>> out;
  for (const DeltaToSay& delta : deltas) {
    out.push_back(
        wire::CreateDeltaDirect(builder, delta.sequence, delta.key_name, &delta.additions));
  }
  return make_frame(builder, wire::Message::DeltaBatch,
                    wire::CreateDeltaBatchDirect(builder, &out).Union());
}

struct AlertToSay {
  std::uint64_t sequence = 1;
  std::string id = "alert-1";
  std::string document = R"({"event":{"id":"alert-1"}})";
  std::uint8_t kind = 1;
  double score = 50;
  std::uint32_t occurrences = 1;
};

inline Frame alerts_frame(const std::vector<AlertToSay>& alerts) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<wire::AlertItem>> out;
  for (const AlertToSay& alert : alerts) {
    out.push_back(wire::CreateAlertItemDirect(builder, alert.sequence, alert.kind, alert.score,
                                              alert.id.c_str(), alert.occurrences,
                                              alert.document.c_str()));
  }
  return make_frame(builder, wire::Message::AlertBatch,
                    wire::CreateAlertBatchDirect(builder, &out).Union());
}

inline Frame heartbeat_frame(TimeUs time, std::uint64_t lines = 0) {
  flatbuffers::FlatBufferBuilder builder;
  return make_frame(builder, wire::Message::Heartbeat,
                    wire::CreateHeartbeatDirect(builder, time, 0, 0, nullptr, 0, 0, lines).Union());
}

inline Frame enrol_frame(const std::string& token, std::uint64_t machine = 7,
                         const std::vector<std::uint8_t>& request = {1, 2, 3}) {
  flatbuffers::FlatBufferBuilder builder;
  return make_frame(builder, wire::Message::Enrol,
                    wire::CreateEnrolDirect(builder, kProtocolVersion, token.c_str(), &request,
                                            "host-a", machine, "doorward-agent 0.1.0")
                        .Union());
}

class SessionWorld : public CoreWorld {
 public:
  SessionWorld() { open_sessions(); }

  void open_sessions() {
    open();
    SessionTerms terms = session_terms(settings);
    terms.authority = {'a', 'u', 't', 'h'};
    terms.fleet_rules = {"lateral_fan_out"};
    terms.issue = [this](std::span<const std::uint8_t> request, const std::string& agent,
                         TimeUs now) -> Result<IssuedCertificate> {
      if (request.size() < 3) return Error{"", "the request is no PKCS#10"};
      ++issued;
      return IssuedCertificate{{agent.begin(), agent.end()},
                               "0" + std::to_string(issued),
                               now + 30 * 24 * 3600 * kSecondUs};
    };
    sessions = AgentSessions::make(*core, std::move(terms));
  }
  void close_sessions() {
    sessions.reset();
    close();
  }

  NotedPeer peer() { return {*sessions, *core}; }
  /// An agent that is connected and greeted.
  NotedPeer agent(const std::string& id, const HelloToSay& hello = {},
                  const std::string& address = "192.0.2.1") {
    NotedPeer out = peer();
    out.open(id, address).tell(hello_frame(hello));
    return out;
  }
  /// Makes a token and gives its text.
  JoinToken token(std::uint32_t uses, TimeUs ends = clock_now() + 3600 * kSecondUs,
                  std::uint8_t number = 1) {
    JoinToken made;
    made.secret.fill(number);
    log::TokenT table;
    table.group = "default";
    table.ends = ends;
    table.uses = uses;
    append(entry_of(EntryKind::token, hex_of(token_digest(made)), 0, table));
    return made;
  }
  DeltaToSay good_delta(std::uint64_t sequence) {
    return {sequence, additions(sequence), key_name(fleet_key())};
  }
  LiveAgent live(const std::string& agent) {
    LiveAgent out;
    look([&](FleetView& view) { out = view.live[agent]; });
    return out;
  }

  int issued = 0;
  std::unique_ptr<AgentSessions> sessions;
};

}  // namespace doorward
