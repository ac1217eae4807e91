#include "server/session/session.h"

#include <algorithm>
#include <utility>

#include "plugins/program_log.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

constexpr std::size_t kCertificateRequestMax = 4096;

}  // namespace

Session::~Session() {
  if (counted_stranger_) context_->strangers.fetch_sub(1);
}

void Session::refuse(wire::RefusalCode code, const std::string& reason,
                     std::uint32_t retry_after_ms) {
  if (over_.exchange(true)) return;
  link_->send(refused_frame(code, reason, retry_after_ms));
  link_->finish();
}

void Session::close() {
  over_.store(true);
  link_->close();
  // A link that is closed from this side does not tell that it ended.
  context_->core.ask([self = shared_from_this()](FleetView& view) { self->leave("", view); });
}

void Session::malformed(const std::string& why) {
  program_log::warning("agent " + peer_.agent + " at " + peer_.address + ": " + why);
  refuse(wire::RefusalCode::malformed, why, 0);
}

/// Core's thread: what came could not be stored.
void Session::trouble(const Error& error) {
  refuse(wire::RefusalCode::busy, "it cannot be stored now: " + error.message(),
         jittered(kTroubleFirstMs, kTroubleLastMs));
}

void Session::opened(const WirePeer& peer) {
  peer_ = peer;
  if (context_->stopping.load()) {
    refuse(wire::RefusalCode::busy, "the server restarts",
           jittered(kRestartFirstMs, kRestartLastMs));
    return;
  }
  if (!peer_.agent.empty()) {
    phase_ = Phase::agent;
    return;
  }
  phase_ = Phase::stranger;
  counted_stranger_ = true;
  if (context_->strangers.fetch_add(1) >= kStrangersMax) {
    refuse(wire::RefusalCode::busy, "too many enrol at a time",
           jittered(kBusyFirstMs, kBusyLastMs));
  }
}

void Session::ended(const std::string& why) {
  over_.store(true);
  if (peer_.agent.empty()) return;
  context_->core.ask([self = shared_from_this(), why](FleetView& view) { self->leave(why, view); });
}

bool Session::may_go_on(std::size_t bytes) {
  const auto now = TokenBucket::Clock::now();
  messages_.take(1, now);
  bytes_.take(static_cast<double>(bytes), now);
  if (messages_.spent() || bytes_.spent() || context_->core.waiting() > kCoreQueueMax) {
    refuse(wire::RefusalCode::busy, "too much at a time", jittered(kBusyFirstMs, kBusyLastMs));
    return false;
  }
  if (!messages_.over() && !bytes_.over()) {
    told_to_wait_ = false;
  } else if (!std::exchange(told_to_wait_, true)) {
    const auto wait = std::max(messages_.wait(), bytes_.wait());
    send(retry_after_frame(static_cast<std::uint32_t>(wait.count()) + 1, "too much at a time"));
  }
  return true;
}

void Session::heard(const wire::Envelope& envelope) {
  if (over_.load() || phase_ == Phase::closed) return;
  const std::uint64_t received = link_->received();
  if (!may_go_on(static_cast<std::size_t>(received - std::exchange(received_, received)))) return;
  using wire::Message;
  const Message type = envelope.message_type();
  if (type > Message::MAX) return;  // of a newer protocol
  if (phase_ == Phase::stranger) {
    if (type == Message::Enrol) return hear_enrol(*envelope.message_as_Enrol());
    return refuse(wire::RefusalCode::not_allowed,
                  "without a certificate one can only enrol (doorward-agent enroll)", 0);
  }
  if (phase_ == Phase::agent) {
    if (type == Message::Hello) return hear_hello(*envelope.message_as_Hello());
    return malformed("the first message of an agent is Hello");
  }
  if (phase_ == Phase::asked) {
    if (!ready_.load()) return malformed("a message before the answer to the first");
    phase_ = Phase::ready;
  }
  switch (type) {
    case Message::DeltaBatch:
      return hear_deltas(*envelope.message_as_DeltaBatch());
    case Message::AlertBatch:
      return hear_alerts(*envelope.message_as_AlertBatch());
    case Message::Heartbeat:
      return hear_heartbeat(*envelope.message_as_Heartbeat());
    case Message::Renew:
      return hear_renew(*envelope.message_as_Renew());
    case Message::Ping:
      return send(pong_frame(envelope.message_as_Ping()->time()));
    case Message::Pong:
      return;
    default:
      return malformed("a message that an agent does not send now");
  }
}

void Session::hear_enrol(const wire::Enrol& asked) {
  phase_ = Phase::asked;
  if (asked.protocol() < kProtocolMin) {
    return refuse(wire::RefusalCode::version, "this agent is too old for the server", 0);
  }
  if (!context_->gate.allow(peer_.address, TokenBucket::Clock::now())) {
    return refuse(wire::RefusalCode::busy, "too many enrolments at a time",
                  jittered(kBusyFirstMs, kBusyLastMs));
  }
  const Result<JoinToken> token = JoinToken::parse(asked.token()->string_view());
  if (!token) return refuse(wire::RefusalCode::token, token.error().message(), 0);
  if (asked.request()->size() > kCertificateRequestMax) return malformed("the request is too long");
  auto enrolment = std::make_shared<AskedEnrolment>();
  enrolment->token = hex_of(token_digest(token.value()));
  enrolment->request.assign(asked.request()->begin(), asked.request()->end());
  enrolment->host = clipped(asked.host_name(), kAgentTextMax);
  enrolment->version = clipped(asked.version(), kAgentTextMax);
  enrolment->machine = asked.machine();
  enrol(context_, shared_from_this(), std::move(enrolment));
}

void Session::hear_deltas(const wire::DeltaBatch& batch) {
  Result<IncomingDeltas> read = read_deltas(batch, peer_.agent, group_);
  if (!read) return malformed(read.error().message());
  auto in = std::make_shared<IncomingDeltas>(std::move(read).value());
  auto ack = std::make_shared<AckTerms>();
  ack->refused_deltas = std::move(in->refused);
  auto self = shared_from_this();
  context_->core.change(
      [self, in, ack](FleetView& view) -> Result<std::vector<LogEntry>> {
        const AgentRecord* record = view.state.agent(self->agent());
        if (record == nullptr || record->revoked) return Error{"", "this agent was revoked"};
        std::vector<LogEntry> out;
        for (LogEntry& entry : in->entries) {
          if (entry.number > record->last_delta) {
            const auto* delta = flatbuffers::GetRoot<log::Delta>(entry.data.data());
            const auto additions = bytes_of(delta->additions());
            Status good;
            if (!additions.empty()) {
              good = view.baselines.check(self->agent(), additions, delta->key_name(), view.now);
            }
            if (good) good = view.baselines.check_fit(bytes_of(delta->fit()));
            if (!good) {
              ack->refused_deltas.push_back({entry.number, good.error().message()});
              continue;
            }
            ack->deltas = std::max(ack->deltas, entry.number);
            out.push_back(std::move(entry));
          } else {
            ack->deltas = std::max(ack->deltas, entry.number);
          }
        }
        return out;
      },
      [self, ack](const Result<std::vector<Committed>>& result, FleetView& view) {
        if (!result) return self->trouble(result.error());
        if (LiveAgent* live = self->live(view)) live->heard = view.now;
        self->send(ack_frame(*ack));
      });
}

void Session::hear_alerts(const wire::AlertBatch& batch) {
  Result<IncomingAlerts> read = read_alerts(batch, peer_.agent);
  if (!read) return malformed(read.error().message());
  auto in = std::make_shared<IncomingAlerts>(std::move(read).value());
  auto self = shared_from_this();
  context_->core.change(
      [self, in](FleetView& view) -> Result<std::vector<LogEntry>> {
        const AgentRecord* record = view.state.agent(self->agent());
        if (record == nullptr || record->revoked) return Error{"", "this agent was revoked"};
        return std::move(in->entries);
      },
      [self, in](const Result<std::vector<Committed>>& result, FleetView& view) {
        if (!result) return self->trouble(result.error());
        if (LiveAgent* live = self->live(view)) live->heard = view.now;
        AckTerms ack;
        ack.alerts = in->last;
        ack.refused_alerts = std::move(in->refused);
        self->send(ack_frame(ack));
      });
}

void Session::hear_heartbeat(const wire::Heartbeat& beat) {
  LiveReport said;
  said.policy = beat.policy();
  said.policy_refused = beat.policy_refused();
  said.policy_reason = clipped(beat.policy_reason(), kAgentReasonMax);
  said.generation = beat.generation();
  said.pending_deltas = beat.pending_deltas();
  said.lines = beat.lines();
  said.lines_bytes = beat.lines_bytes();
  said.events = beat.events();
  said.alerts = beat.alerts();
  said.spool_records = beat.spool_records();
  said.spool_dropped = beat.spool_dropped();
  said.rss_bytes = beat.rss_bytes();
  said.lag_ms = beat.lag_ms();
  const TimeUs time = beat.time();
  context_->core.ask([self = shared_from_this(), said = std::move(said), time](FleetView& view) {
    if (LiveAgent* live = self->live(view)) {
      live->heard = view.now;
      live->report = said;
      live->received_bytes = self->link().received();
      live->sent_bytes = self->link().sent();
    }
    AckTerms ack;
    ack.heartbeat = time;
    self->send(ack_frame(ack));
  });
}

void Session::hear_renew(const wire::Renew& asked) {
  const auto now = std::chrono::steady_clock::now();
  if (renewed_.time_since_epoch().count() != 0 && now - renewed_ < kRenewalEvery) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(kRenewalEvery).count();
    return send(retry_after_frame(static_cast<std::uint32_t>(ms), "it was renewed just now"));
  }
  renewed_ = now;
  if (asked.request()->size() > kCertificateRequestMax) return malformed("the request is too long");
  renew(
      std::make_shared<std::vector<std::uint8_t>>(asked.request()->begin(), asked.request()->end()),
      0);
}

LiveAgent* Session::live(FleetView& view) {
  const auto current = context_->agents.find(peer_.agent);
  if (current == context_->agents.end() || current->second.get() != this) return nullptr;
  return &view.live[peer_.agent];
}

}  // namespace doorward
