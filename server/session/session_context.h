// What all sessions share. Inside of server/session; others want agent_sessions.h.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/core/core.h"
#include "server/session/agent_sessions.h"
#include "server/session/enrol_gate.h"
#include "server/session/outbox.h"

namespace doorward {

class Session;

struct SessionContext {
  SessionContext(Core& the_core, SessionTerms the_terms)
      : core(the_core), terms(std::move(the_terms)) {}

  Core& core;
  const SessionTerms terms;

  // Any thread.
  EnrolGate gate;
  std::atomic<std::size_t> strangers{0};
  std::atomic<std::size_t> hellos{0};
  std::atomic<bool> stopping{false};
  /// Connections that have not said yet who they are, oldest first.
  std::mutex introductions_mutex;
  std::list<std::pair<std::chrono::steady_clock::time_point, std::weak_ptr<Session>>> introductions;

  // The core's thread.
  std::map<std::string, std::shared_ptr<Session>, std::less<>> agents;  ///< after Welcome
  /// Instances of an agent that a later one took the place of, newest last.
  std::map<std::string, std::deque<std::uint64_t>, std::less<>> replaced;
  Outbox outbox;
  TokenBucket refusal_audits{kRefusalAudits, kRefusalAuditsAtOnce};
  std::uint64_t refusals_untold = 0;
};

/// A time within, to the millisecond, at random.
std::uint32_t jittered(std::uint32_t first_ms, std::uint32_t last_ms);

/// Appends an audit entry about something that was refused to an agent or a stranger; when there
/// are too many it is only counted. On the core's thread.
void audit_refusal(const std::shared_ptr<SessionContext>& context, const std::string& by,
                   const std::string& action, const std::string& target, const std::string& detail,
                   const std::string& from);

}  // namespace doorward
