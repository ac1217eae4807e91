#include "server/session/agent_sessions.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <utility>

#include "plugins/program_log.h"
#include "server/session/session.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using Context = std::shared_ptr<SessionContext>;

std::shared_ptr<Session> session_of(const SessionContext& context, const std::string& agent) {
  const auto found = context.agents.find(agent);
  return found == context.agents.end() ? nullptr : found->second;
}

void wake_group(const Context& context, const std::string& group, FleetView& view) {
  for (const auto& [id, session] : context->agents) {
    if (session->group() == group) context->outbox.wake(session);
  }
  context->outbox.pump(context, view);
}

void wake_all(const Context& context, FleetView& view) {
  for (const auto& [id, session] : context->agents) context->outbox.wake(session);
  context->outbox.pump(context, view);
}

void revoke(const Context& context, const LogEntry& entry) {
  const std::shared_ptr<Session> session = session_of(*context, entry.subject);
  if (!session) return;
  const auto* table = entry_table<log::Revocation>(entry);
  const std::string reason = table == nullptr ? "" : text_of(table->reason());
  session->refuse(wire::RefusalCode::revoked,
                  "this agent was revoked" + (reason.empty() ? "" : ": " + reason), 0);
}

/// What was folded, and whom it concerns of those who are connected.
void folded(const Context& context, const LogEntry& entry, FleetView& view) {
  switch (entry.kind) {
    case EntryKind::policy:
    case EntryKind::round:
      return wake_group(context, entry.subject, view);
    case EntryKind::drop:
      return wake_all(context, view);
    case EntryKind::verdict: {
      const Result<std::optional<AlertRow>> alert = view.alerts.get(entry.subject);
      if (!alert || !alert.value()) return wake_all(context, view);
      if (const auto session = session_of(*context, alert.value()->agent)) {
        context->outbox.wake(session);
        context->outbox.pump(context, view);
      }
      return;
    }
    case EntryKind::revocation:
      return revoke(context, entry);
    case EntryKind::move:
      if (const auto session = session_of(*context, entry.subject)) {
        session->refuse(wire::RefusalCode::busy, "moved to another group", kMovedMs);
      }
      return;
    case EntryKind::fleet_key:
      // Welcome carries the key.
      for (const auto& [id, session] : context->agents) {
        session->refuse(wire::RefusalCode::busy, "the fleet has a new key",
                        jittered(kRestartFirstMs, kRestartLastMs));
      }
      return;
    default:
      return;
  }
}

class AgentSessionsImpl final : public AgentSessions {
 public:
  AgentSessionsImpl(Core& core, SessionTerms terms)
      : context_(std::make_shared<SessionContext>(core, std::move(terms))) {
    core.listen([context = context_](const LogEntry& entry, FleetView& view) {
      folded(context, entry, view);
    });
    core.every_second([context = context_](FleetView& view) {
      end_silent(*context);
      context->outbox.pump(context, view);
    });
  }
  ~AgentSessionsImpl() override {
    end_threads();
    context_->agents.clear();
    context_->outbox.clear();
  }

  Status open(std::shared_ptr<WireTls> tls, WireListener::Options options) override {
    Result<std::unique_ptr<WireListener>> listener = WireListener::open(
        io_, std::move(tls), std::move(options),
        [this](std::shared_ptr<WireLink> link) { return accept(std::move(link)); });
    if (!listener) return listener.error();
    listener_ = std::move(listener).value();
    for (int i = 0; i < kWireThreads; ++i) {
      threads_.emplace_back([this] { io_.run(); });
    }
    return {};
  }

  void close() override {
    if (context_->stopping.exchange(true)) return;
    if (listener_) listener_->close();
    context_->core.ask([context = context_](FleetView&) {
      for (const auto& [id, session] : context->agents) {
        session->refuse(wire::RefusalCode::busy, "the server restarts",
                        jittered(kRestartFirstMs, kRestartLastMs));
      }
    });
    const auto end = std::chrono::steady_clock::now() + kFarewellMax;
    while (connections() > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    end_threads();
  }

  WireLink::Handlers accept(std::shared_ptr<WireLink> link) override {
    auto session = std::make_shared<Session>(context_, std::move(link));
    {
      const std::lock_guard lock(context_->introductions_mutex);
      context_->introductions.emplace_back(std::chrono::steady_clock::now(), session);
    }
    WireLink::Handlers handlers;
    handlers.on_open = [session](const WirePeer& peer) { session->opened(peer); };
    handlers.on_message = [session](const wire::Envelope& envelope) { session->heard(envelope); };
    handlers.on_end = [session](const std::string& why) { session->ended(why); };
    return handlers;
  }

  [[nodiscard]] std::uint16_t port() const override { return listener_ ? listener_->port() : 0; }
  [[nodiscard]] std::size_t connections() const override {
    return listener_ ? listener_->connections() : 0;
  }

 private:
  void end_threads() {
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  static void end_silent(SessionContext& context) {
    const auto oldest = std::chrono::steady_clock::now() - kIntroductionMax;
    for (;;) {
      std::shared_ptr<Session> session;
      {
        const std::lock_guard lock(context.introductions_mutex);
        if (context.introductions.empty()) return;
        if (context.introductions.front().first > oldest) return;
        session = context.introductions.front().second.lock();
        context.introductions.pop_front();
      }
      if (session && !session->introduced()) session->close();
    }
  }

  Context context_;
  asio::io_context io_{kWireThreads};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<WireListener> listener_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<AgentSessions> AgentSessions::make(Core& core, SessionTerms terms) {
  return std::make_unique<AgentSessionsImpl>(core, std::move(terms));
}

SessionTerms session_terms(const ServerSettings& settings) {
  SessionTerms terms;
  terms.server = settings.name;
  terms.certificate_days = settings.certificate_days;
  terms.delta_interval_s = settings.delta_interval_s;
  terms.heartbeat_s = settings.heartbeat_s;
  terms.baseline_bytes = static_cast<std::uint64_t>(settings.memory_mib) << 20U;
  return terms;
}

}  // namespace doorward
