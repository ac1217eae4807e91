// Who gets in: certificates of every kind over real TLS on loopback.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "proto/openssl_parts.h"
#include "tests/proto/link_world.h"

namespace doorward {
namespace {

constexpr TimeUs kDay = TimeUs{24} * 3600 * 1'000'000;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(LinkTrust, BothEndsKnowTheOther) {
  LinkWorld world;
  world.listen();
  const Identity alice = world.identity(kAlice);
  const auto agent = world.connect(world.agent_tls(alice));
  ASSERT_TRUE(wait_until([&] { return agent->opened(); })) << agent->why();
  agent->link->send(ping_frame(42));
  ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; }));
  EXPECT_EQ(agent->messages()[0], wire::Message::Pong);
  const WirePeer seen = *world.accepted(0)->peer();
  EXPECT_EQ(seen.agent, kAlice);
  EXPECT_EQ(seen.address, "127.0.0.1");
  EXPECT_EQ(seen.serial, serial_of(alice.certificate.get()));
  EXPECT_EQ(seen.ends_us, not_after(alice.certificate.get()).value());
  EXPECT_FALSE(seen.resumed);
  EXPECT_EQ(agent->peer()->agent, "");
  EXPECT_EQ(agent->peer()->serial, serial_of(world.authority.certificate().get()));
  EXPECT_EQ(agent->link->sent(), world.accepted(0)->link->received());
  EXPECT_GT(agent->link->sent(), 500U);
}

TEST(LinkTrust, StrangerKnowsTheServerByTheFingerprint) {
  LinkWorld world;
  world.listen();
  const auto stranger = world.connect(world.stranger_tls());
  ASSERT_TRUE(wait_until([&] { return stranger->opened(); })) << stranger->why();
  stranger->link->send(ping_frame(1));
  ASSERT_TRUE(wait_until([&] { return stranger->messages().size() == 1; }));
  EXPECT_EQ(world.accepted(0)->peer()->agent, "");
  EXPECT_EQ(world.accepted(0)->peer()->serial, "");
  // It may not send much.
  stranger->link->send(big_frame(kStrangerFrameMax));
  EXPECT_TRUE(has(world.accepted(0)->end(), "at most 16384 are taken"));
}

TEST(LinkTrust, StrangerOfAnotherFleetGoesAway) {
  LinkWorld world;
  LinkWorld other;
  world.listen();
  const auto stranger = world.connect(other.stranger_tls());
  EXPECT_EQ(stranger->end(),
            "TLS handshake failed: certificate verify failed: certificate not trusted");
  EXPECT_FALSE(stranger->opened());
  EXPECT_TRUE(has(world.accepted(0)->end(), "TLS handshake failed"));
  EXPECT_FALSE(world.accepted(0)->opened());
}

TEST(LinkTrust, AgentOfAnotherFleetIsToldSo) {
  LinkWorld world;
  LinkWorld other;
  world.listen();
  // It trusts this server, but its own certificate is of the other authority.
  const Identity bob = other.identity(kBob);
  const auto agent = world.connect(
      std::move(WireTls::agent(world.authority.authority(), bob.certificate, bob.key)).value());
  EXPECT_TRUE(has(agent->end(), "unknown ca")) << agent->why();
  EXPECT_TRUE(has(world.accepted(0)->end(), "certificate verify failed"));
  EXPECT_FALSE(world.accepted(0)->opened());
}

TEST(LinkTrust, AgentGoesAwayFromAServerOfAnotherFleet) {
  LinkWorld world;
  LinkWorld other;
  world.listen();
  const auto agent = world.connect(other.agent_tls(kBob));
  EXPECT_TRUE(has(agent->end(), "certificate verify failed")) << agent->why();
  EXPECT_FALSE(agent->opened());
}

TEST(LinkTrust, AgentCannotPassForAServer) {
  LinkWorld world;
  const Identity mallory = world.identity(kBob);
  world.listen(
      {}, std::move(WireTls::server(world.authority.authority(), mallory.certificate, mallory.key))
              .value());
  EXPECT_TRUE(has(world.connect(world.agent_tls(kAlice))->end(), "certificate verify failed"));
  EXPECT_TRUE(has(world.connect(world.stranger_tls())->end(), "certificate verify failed"));
}

TEST(LinkTrust, ServerCannotPassForAnAgent) {
  LinkWorld world;
  world.listen();
  const auto agent =
      world.connect(std::move(WireTls::agent(world.authority.authority(),
                                             world.authority.certificate(), world.authority.key()))
                        .value());
  EXPECT_FALSE(agent->end().empty());
  EXPECT_TRUE(has(world.accepted(0)->end(), "unsuitable certificate purpose"))
      << world.accepted(0)->why();
  EXPECT_FALSE(world.accepted(0)->opened());
}

TEST(LinkTrust, ExpiredAgentIsLetInToBeTold) {
  LinkWorld world;
  world.listen();
  const TimeUs then = clock_now() - kDay - 60'000'000;
  // The authority was not there yet, so it must be by its own time.
  const auto agent = world.connect(world.agent_tls(world.identity(kAlice, 1, then)));
  ASSERT_TRUE(wait_until([&] { return !world.accepted().empty(); }));
  ASSERT_TRUE(wait_until([&] { return world.accepted(0)->opened(); })) << world.accepted(0)->why();
  EXPECT_EQ(world.accepted(0)->peer()->agent, kAlice);
  EXPECT_LT(world.accepted(0)->peer()->ends_us, clock_now());
}

TEST(LinkTrust, CertificateOfTheFutureIsRefused) {
  LinkWorld world;
  world.listen();
  const auto agent = world.connect(world.agent_tls(world.identity(kAlice, 1, clock_now() + kDay)));
  EXPECT_TRUE(has(world.accepted(0)->end(), "certificate is not yet valid"))
      << world.accepted(0)->why();
}

TEST(LinkTrust, Tls12IsRefused) {
  LinkWorld world;
  world.listen();
  const OpensslPtr<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(world.listener->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const OpensslPtr<SSL, SSL_free> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket);
  EXPECT_NE(SSL_connect(ssl.get()), 1);
  EXPECT_TRUE(has(openssl_words(), "protocol version"));
  ::close(socket);
  EXPECT_EQ(world.accepted(0)->end(), "TLS handshake failed: unsupported protocol");
}

TEST(LinkTrust, SessionsAreResumed) {
  LinkWorld world;
  world.listen();
  const auto tls = world.agent_tls(kAlice);
  for (int i = 0; i < 4; ++i) {
    const auto agent = world.connect(tls);
    ASSERT_TRUE(wait_until([&] { return agent->opened(); })) << agent->why();
    // The ticket comes before the first answer.
    agent->link->send(ping_frame(1));
    ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; })) << agent->why();
    const WirePeer seen = *world.accepted(static_cast<std::size_t>(i))->peer();
    EXPECT_EQ(agent->peer()->resumed, i > 0) << i;
    EXPECT_EQ(seen.resumed, i > 0) << i;
    EXPECT_EQ(seen.agent, kAlice);
    EXPECT_NE(seen.serial, "");
    // However it ended.
    if (i == 0) {
      agent->link->close();
    } else if (i == 1) {
      world.accepted(1)->link->close();
      EXPECT_EQ(agent->end(), "closed");
    } else {
      world.accepted(static_cast<std::size_t>(i))->link->finish();
      EXPECT_EQ(agent->end(), "closed");
    }
  }
}

TEST(LinkTrust, ServerThatStartedAnewGreetsByTheWholeHandshake) {
  LinkWorld world;
  world.listen();
  const auto tls = world.agent_tls(kAlice);
  for (int i = 0; i < 2; ++i) {
    const auto agent = world.connect(tls);
    ASSERT_TRUE(wait_until([&] { return agent->opened(); }));
    agent->link->send(ping_frame(1));
    ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; }));
    EXPECT_FALSE(agent->peer()->resumed);
    agent->link->close();
    if (i == 0) world.listen();
  }
}

TEST(LinkTrust, SessionOfOneAgentIsNotAnothers) {
  LinkWorld world;
  world.listen();
  // Even of two that share a context.
  const auto alice = world.agent_tls(kAlice);
  const Identity bob = world.identity(kBob);
  const auto beside = std::move(WireTls::agent_beside(*alice, bob.certificate, bob.key)).value();
  for (const auto& tls : {alice, beside}) {
    const auto agent = world.connect(tls);
    agent->link->send(ping_frame(1));
    ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; })) << agent->why();
    EXPECT_FALSE(agent->peer()->resumed);
  }
  ASSERT_TRUE(wait_until([&] { return world.accepted(1)->opened(); }));
  EXPECT_EQ(world.accepted(0)->peer()->agent, kAlice);
  EXPECT_EQ(world.accepted(1)->peer()->agent, kBob);
  const auto again = world.connect(beside);
  ASSERT_TRUE(wait_until([&] { return world.accepted(2)->opened(); })) << again->why();
  EXPECT_TRUE(world.accepted(2)->peer()->resumed);
  EXPECT_EQ(world.accepted(2)->peer()->agent, kBob);
}

}  // namespace
}  // namespace doorward
