// The whole way over TLS: a stranger enrols, comes back as an agent, teaches and alerts.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/authority/authority.h"
#include "server/daemon/issue.h"
#include "tests/server/session_world.h"
#include "tests/support/wait.h"

namespace doorward {
namespace {

/// A client's end: notes what it hears.
struct Client {
  std::mutex mutex;
  bool open = false;
  std::string why;
  std::vector<Frame> frames;
  std::shared_ptr<WireLink> link;

  /// The frames are taken apart and put together again, so that they outlive the call.
  void note(const wire::Envelope& envelope) {
    flatbuffers::FlatBufferBuilder builder;
    using wire::Message;
    const std::lock_guard lock(mutex);
    if (const auto* enrolled = envelope.message_as_Enrolled()) {
      agent = enrolled->agent()->str();
      certificate.assign(enrolled->certificate()->begin(), enrolled->certificate()->end());
      authority.assign(enrolled->authority()->begin(), enrolled->authority()->end());
    } else if (const auto* refused = envelope.message_as_Refused()) {
      refusal = refused->code();
      retry_ms = refused->retry_after_ms();
    } else if (envelope.message_as_Welcome() != nullptr) {
      ++welcomes;
    } else if (const auto* ack = envelope.message_as_Ack()) {
      deltas = std::max(deltas, ack->deltas());
      alerts = std::max(alerts, ack->alerts());
    } else if (envelope.message_as_BaselinePatch() != nullptr) {
      ++patches;
    }
  }
  template <class Look>
  [[nodiscard]] bool eventually(Look look) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return look();
    });
  }

  std::string agent;
  Der certificate, authority;
  wire::RefusalCode refusal = wire::RefusalCode::none;
  std::uint32_t retry_ms = 0;
  int welcomes = 0, patches = 0;
  std::uint64_t deltas = 0, alerts = 0;
};

class LinkedWorld : public CoreWorld {
 public:
  LinkedWorld() {
    settings.round_interval_s = 1;
    Result<Authority> made = Authority::make(folder.dir(), {});
    EXPECT_TRUE(made) << made.error().message();
    authority = std::make_shared<const Authority>(std::move(made).value());
    open();
    SessionTerms terms = session_terms(settings);
    terms.authority = der_of(authority->authority()).value();
    terms.issue = issue_with(authority, 30);
    sessions = AgentSessions::make(*core, std::move(terms));
    threads.emplace_back([this] { io.run(); });
  }
  ~LinkedWorld() {
    for (const auto& client : clients) {
      if (client->link) client->link->close();
    }
    sessions->close();
    core->stop();
    guard.reset();
    io.stop();
    for (std::thread& thread : threads) thread.join();
    for (const auto& client : clients) client->link.reset();
    sessions.reset();
  }

  void listen() {
    core->start();
    WireListener::Options options;
    options.listen = "127.0.0.1:0";
    const Status opened = sessions->open(
        WireTls::server(authority->authority(), authority->certificate(), authority->key()).value(),
        options);
    ASSERT_TRUE(opened) << opened.error().message();
  }

  std::shared_ptr<Client> connect(std::shared_ptr<WireTls> tls) {
    auto client = std::make_shared<Client>();
    clients.push_back(client);
    WireLink::Handlers handlers;
    handlers.on_open = [client](const WirePeer&) {
      const std::lock_guard lock(client->mutex);
      client->open = true;
    };
    handlers.on_message = [client](const wire::Envelope& envelope) { client->note(envelope); };
    handlers.on_end = [client](const std::string& why) {
      const std::lock_guard lock(client->mutex);
      client->why = why;
    };
    client->link = WireLink::connect(io, "127.0.0.1:" + std::to_string(sessions->port()),
                                     std::move(tls), std::move(handlers), {});
    EXPECT_TRUE(client->eventually([&] { return client->open || !client->why.empty(); }));
    return client;
  }
  std::string make_token() {
    JoinToken token;
    token.secret.fill(5);
    token.authority = fingerprint_of(authority->authority());
    log::TokenT table;
    table.group = "default";
    table.ends = clock_now() + 3600 * kSecondUs;
    table.uses = 3;
    append(entry_of(EntryKind::token, hex_of(token_digest(token)), 0, table));
    return token.text();
  }

  std::shared_ptr<const Authority> authority;
  std::unique_ptr<AgentSessions> sessions;
  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{io.get_executor()};
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<Client>> clients;
};

TEST(SessionLink, FromStrangerToAgentOverTls) {
  LinkedWorld world;
  const std::string token = world.make_token();
  const std::uint64_t key = key_name(world.fleet_key());
  world.listen();

  PrivateKey own = make_key().value();
  const auto stranger =
      world.connect(WireTls::stranger(fingerprint_of(world.authority->authority())).value());
  stranger->link->send(enrol_frame(token, 7, make_request(own).value()));
  ASSERT_TRUE(stranger->eventually([&] { return !stranger->agent.empty(); }));
  EXPECT_EQ(stranger->agent.size(), 32U);

  const Certificate certificate = certificate_from(stranger->certificate).value();
  EXPECT_EQ(agent_id_of(certificate.get()), stranger->agent);
  const auto tls = WireTls::agent(world.authority->authority(), certificate, own).value();
  const auto agent = world.connect(tls);
  agent->link->send(hello_frame());
  ASSERT_TRUE(agent->eventually([&] { return agent->welcomes == 1; }));
  agent->link->send(deltas_frame({{1, CoreWorld::additions(1), key}}));
  agent->link->send(alerts_frame({{}}));
  EXPECT_TRUE(agent->eventually([&] { return agent->deltas == 1 && agent->alerts == 1; }));
  // The round that closes after a second comes by itself.
  EXPECT_TRUE(agent->eventually([&] { return agent->patches >= 1; }));

  // A restart: everybody is told to come back at a time of their own.
  world.sessions->close();
  EXPECT_TRUE(agent->eventually([&] { return agent->refusal == wire::RefusalCode::busy; }));
  EXPECT_GE(agent->retry_ms, 1000U);
  EXPECT_LE(agent->retry_ms, 15'000U);
  EXPECT_TRUE(agent->eventually([&] { return !agent->why.empty(); }));
}

TEST(SessionLink, HundredsOfAgentsAtATime) {
  LinkedWorld world;
  constexpr std::size_t kAgents = 200;
  const std::uint64_t key = key_name(world.fleet_key());
  std::vector<std::shared_ptr<WireTls>> tls;
  for (std::size_t i = 0; i < kAgents; ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 32 - id.size(), '0');
    world.enrol(id);
    PrivateKey own = make_key().value();
    const Certificate certificate =
        world.authority->issue(make_request(own).value(), id, 30, clock_now()).value();
    tls.push_back(WireTls::agent(world.authority->authority(), certificate, own).value());
  }
  world.listen();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Client>> agents;
  for (const auto& one : tls) {
    agents.push_back(world.connect(one));
    agents.back()->link->send(hello_frame());
  }
  for (const auto& agent : agents) {
    ASSERT_TRUE(agent->eventually([&] { return agent->welcomes == 1; }));
  }
  const auto greeted = std::chrono::steady_clock::now();
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
    for (const auto& agent : agents) {
      agent->link->send(deltas_frame({{sequence, CoreWorld::additions(sequence), key}}));
    }
  }
  for (const auto& agent : agents) {
    ASSERT_TRUE(agent->eventually([&] { return agent->deltas == 20; }));
  }
  const auto taught = std::chrono::steady_clock::now();
  for (const auto& agent : agents) {
    EXPECT_TRUE(agent->eventually([&] { return agent->patches >= 1; }));
  }
  const auto ms = [](auto from, auto to) {
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count());
  };
  std::printf("%zu agents: all greeted in %ld ms, 20 deltas of each in %ld ms\n", kAgents,
              ms(begin, greeted), ms(greeted, taught));
}

}  // namespace
}  // namespace doorward
