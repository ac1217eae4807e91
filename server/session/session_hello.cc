// How an agent comes, is greeted and goes. The core's thread, but for hear_hello().
#include <algorithm>
#include <utility>

#include "plugins/program_log.h"
#include "plugins/time_text.h"
#include "server/fleet/group_policy.h"
#include "server/session/session.h"

namespace doorward {
namespace {

/// A twin that was refused comes back after this: the other one may have gone.
constexpr std::uint32_t kTwinRetryMs = 300'000;

std::string versions_text(std::uint16_t first, std::uint16_t last) {
  return first == last ? std::to_string(last)
                       : std::to_string(first) + " to " + std::to_string(last);
}

}  // namespace

void Session::hear_hello(const wire::Hello& hello) {
  phase_ = Phase::asked;
  if (context_->hellos.load() >= kHellosWaitingMax || context_->core.waiting() > kBusyWaiting) {
    return refuse(wire::RefusalCode::busy, "many agents come at a time",
                  jittered(kBusyFirstMs, kBusyLastMs));
  }
  HelloWords words;
  words.protocol = hello.protocol();
  words.protocol_min = hello.protocol_min();
  words.version = clipped(hello.version(), kAgentTextMax);
  words.host = clipped(hello.host_name(), kAgentTextMax);
  words.group = clipped(hello.group(), kAgentTextMax);
  words.machine = hello.machine();
  words.instance = hello.instance();
  words.key_name = hello.key_name();
  words.generation = hello.generation();
  words.baseline_bytes = hello.baseline_bytes();
  words.policy = hello.policy();
  words.policy_refused = hello.policy_refused();
  words.policy_reason = clipped(hello.policy_reason(), kAgentReasonMax);
  words.verdicts = hello.verdicts();
  context_->hellos.fetch_add(1);
  context_->core.ask([self = shared_from_this(), words = std::move(words)](FleetView& view) {
    self->context_->hellos.fetch_sub(1);
    self->answer_hello(words, view);
  });
}

void Session::answer_hello(const HelloWords& hello, FleetView& view) {
  if (over_.load()) return;
  const AgentRecord* record = view.state.agent(peer_.agent);
  if (refused_for_itself(hello, record, view) || is_clone(hello, *record, view)) return;
  welcome(hello, *record, view);
}

bool Session::refused_for_itself(const HelloWords& hello, const AgentRecord* record,
                                 FleetView& view) {
  using wire::RefusalCode;
  const auto no = [&](RefusalCode code, const std::string& reason) {
    program_log::warning("agent " + peer_.agent + " (" + hello.host + ", " + peer_.address +
                         ") refused: " + reason);
    refuse(code, reason, 0);
    return true;
  };
  if (hello.protocol < kProtocolMin || hello.protocol_min > kProtocolVersion ||
      hello.protocol_min > hello.protocol) {
    return no(RefusalCode::version, "the server speaks versions " +
                                        versions_text(kProtocolMin, kProtocolVersion) +
                                        " of the protocol, this agent " +
                                        versions_text(hello.protocol_min, hello.protocol));
  }
  if (record == nullptr) {
    return no(RefusalCode::unknown_agent, "no such agent was enrolled here; enrol it anew");
  }
  if (record->revoked) {
    return no(RefusalCode::revoked,
              "this agent was revoked" +
                  (record->revoked_reason.empty() ? "" : ": " + record->revoked_reason));
  }
  if (peer_.ends_us <= view.now) {
    return no(RefusalCode::expired,
              "its certificate ended " + format_time(peer_.ends_us) + "; enrol it anew");
  }
  return false;
}

bool Session::is_clone(const HelloWords& hello, const AgentRecord& record, FleetView& view) {
  if (record.machine != 0 && hello.machine != record.machine) {
    note_clone("host \"" + hello.host + "\" shows its certificate on another machine", view);
    refuse(wire::RefusalCode::clone,
           "this identity was enrolled on another machine; enrol this one anew", 0);
    return true;
  }
  // Two machines with one machine id (images of one disk) take each other's place in turn. One
  // process that starts again never comes back as the one it was before.
  const auto current = context_->agents.find(peer_.agent);
  const auto replaced = context_->replaced.find(peer_.agent);
  if (current == context_->agents.end() || replaced == context_->replaced.end()) return false;
  const std::deque<std::uint64_t>& earlier = replaced->second;
  if (std::find(earlier.begin(), earlier.end(), hello.instance) == earlier.end()) return false;
  note_clone("two machines with the same machine id use it at the same time, one at " +
                 current->second->peer_.address,
             view);
  refuse(wire::RefusalCode::clone,
         "another agent with the same identity and machine id is connected; give each machine an "
         "id of its own and enrol it anew",
         kTwinRetryMs);
  return true;
}

void Session::note_clone(const std::string& what, FleetView& view) {
  LiveAgent& live = view.live[peer_.agent];
  ++live.clones;
  live.clone_at = view.now;
  live.clone_from = peer_.address;
  program_log::warning("clone of agent " + peer_.agent + " at " + peer_.address + ": " + what);
  audit_refusal(context_, "agent " + peer_.agent, "agent.clone", peer_.agent, what, peer_.address);
}

void Session::welcome(const HelloWords& hello, const AgentRecord& record, FleetView& view) {
  LiveAgent& live = view.live[peer_.agent];
  if (live.instance != 0 && live.instance != hello.instance) {
    std::deque<std::uint64_t>& earlier = context_->replaced[peer_.agent];
    earlier.push_back(live.instance);
    if (earlier.size() > kInstancesKept) earlier.pop_front();
  }
  std::shared_ptr<Session>& current = context_->agents[peer_.agent];
  if (current) {
    context_->outbox.release(*current);
    current->close();
  }
  current = shared_from_this();
  live.connected = true;
  live.address = peer_.address;
  live.since = live.heard = view.now;
  live.version = hello.version;
  live.host = hello.host;
  live.machine = hello.machine;
  live.instance = hello.instance;
  live.report.generation = hello.generation;
  live.report.policy = hello.policy;
  live.report.policy_refused = hello.policy_refused;
  live.report.policy_reason = hello.policy_reason;

  group_ = record.group;
  const SessionTerms& ours = context_->terms;
  WelcomeTerms terms;
  terms.protocol = std::min(kProtocolVersion, hello.protocol);
  terms.server = ours.server;
  terms.group = record.group;
  terms.time = view.now;
  terms.key = view.state.key();
  terms.sequence = record.last_delta;
  GroupIntervals intervals;
  if (const GroupRecord* group = view.state.group(record.group)) {
    intervals = group_intervals(*group);
  }
  terms.delta_interval_ms =
      static_cast<std::uint32_t>(intervals.delta_s.value_or(ours.delta_interval_s) * 1000);
  terms.heartbeat_ms =
      static_cast<std::uint32_t>(intervals.heartbeat_s.value_or(ours.heartbeat_s) * 1000);
  terms.certificate_days = static_cast<std::uint32_t>(ours.certificate_days);
  terms.baseline_bytes = ours.baseline_bytes;
  terms.fleet_rules = ours.fleet_rules;
  ready_.store(true);
  send(welcome_frame(terms));

  // Versions and generations count anew in each group.
  const bool same_group = hello.group == record.group;
  outbox.policy = hello.policy;
  outbox.policy_refused = same_group ? hello.policy_refused : 0;
  outbox.policy_unsure = !same_group && hello.policy != 0;
  outbox.verdicts = hello.verdicts;
  outbox.generation = same_group ? hello.generation : 0;
  outbox.key_name = same_group ? hello.key_name : 0;
  context_->outbox.wake(current);
  context_->outbox.pump(context_, view);
}

void Session::leave(const std::string& why, FleetView& view) {
  context_->outbox.release(*this);
  if (LiveAgent* mine = live(view)) {
    mine->connected = false;
    mine->received_bytes = link_->received();
    mine->sent_bytes = link_->sent();
    if (!why.empty()) program_log::debug("agent " + peer_.agent + " has gone: " + why);
    context_->agents.erase(peer_.agent);
  }
  context_->outbox.pump(context_, view);
}

}  // namespace doorward
