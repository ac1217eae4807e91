// Links under strain: garbage, limits, the end of a connection in all its forms.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "tests/proto/link_world.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A plain TCP connection.
class Raw {
 public:
  explicit Raw(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Raw() { ::close(socket_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  void write(const std::string& bytes) const {
    (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

 private:
  int socket_;
};

/// The agent of a world that is connected.
std::shared_ptr<Heard> opened(LinkWorld& world, WireLink::Limits limits = {}) {
  auto agent = world.connect(world.agent_tls(kAlice), limits);
  EXPECT_TRUE(wait_until([&] { return agent->opened() || !agent->why().empty(); }));
  EXPECT_EQ(agent->why(), "");
  return agent;
}

TEST(Link, BytesThatAreNoTls) {
  LinkWorld world;
  world.listen();
  const Raw raw(world.listener->port());
  raw.write("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(has(world.accepted(0)->end(), "TLS handshake failed: ")) << world.accepted(0)->why();
  { const Raw gone(world.listener->port()); }
  EXPECT_EQ(world.accepted(1)->end(), "TLS handshake failed: cut off by the other end");
  EXPECT_EQ(world.listener->connections(), 0U);
  opened(world);
}

TEST(Link, BytesThatAreNoFrame) {
  LinkWorld world;
  world.listen();
  const auto agent = opened(world);
  agent->link->send({3, 0, 0, 0, 1, 2, 3});
  EXPECT_EQ(world.accepted(0)->end(), "frame: no valid envelope");
  EXPECT_FALSE(agent->end().empty());
}

TEST(Link, FrameTooLongForTheLimit) {
  LinkWorld world;
  WireListener::Options options;
  options.limits.frame_max = 100'000;
  world.listen(options);
  const auto agent = opened(world);
  agent->link->send(big_frame(50'000));
  ASSERT_TRUE(wait_until([&] { return world.accepted(0)->messages().size() == 1; }));
  agent->link->send(big_frame(100'000));
  EXPECT_TRUE(has(world.accepted(0)->end(), "at most 100000 are taken"));
}

TEST(Link, ManyFramesOfAllSizesArriveInOrder) {
  LinkWorld world;
  world.listen();
  const auto agent = opened(world);
  std::vector<wire::Message> expected;
  for (std::size_t i = 0; i < 200; ++i) {
    const bool big = i % 7 == 0;
    agent->link->send(big ? big_frame(i * 1000) : ping_frame(1));
    expected.push_back(big ? wire::Message::Policy : wire::Message::Ping);
  }
  ASSERT_TRUE(wait_until([&] { return world.accepted(0)->messages().size() == expected.size(); }));
  EXPECT_EQ(world.accepted(0)->messages(), expected);
  EXPECT_EQ(agent->link->queued(), 0U);
}

TEST(Link, SaysWhenAllIsSent) {
  LinkWorld world;
  world.listen();
  const auto agent = opened(world);
  std::promise<std::size_t> sent;
  agent->link->send(big_frame(3'000'000));
  agent->link->when_sent([&] { sent.set_value(agent->link->queued()); });
  EXPECT_EQ(sent.get_future().get(), 0U);
}

TEST(Link, OneThatDoesNotReadIsLeft) {
  LinkWorld world;
  std::promise<void> go_on;
  auto ready = go_on.get_future().share();
  WireListener::Options options;
  options.limits.queue_bytes = 1'000'000;
  world.listen(options);
  auto slow = std::make_shared<Heard>();
  slow->also = [ready](WireLink&, const wire::Envelope&) { ready.wait(); };
  world.connect(world.agent_tls(kAlice), {}, slow);
  const auto server = world.accepted(0);
  ASSERT_TRUE(wait_until([&] { return server->opened(); }));
  ASSERT_TRUE(wait_until([&] {
    if (server->why().empty()) server->link->send(big_frame(300'000));
    return !server->why().empty();
  }));
  EXPECT_TRUE(has(server->why(), "the other end does not read: ")) << server->why();
  EXPECT_EQ(server->link->queued(), 0U);
  server->link->send(ping_frame(1));
  EXPECT_TRUE(wait_until([&] { return server->link->queued() == 0; }));
  go_on.set_value();
}

TEST(Link, FrameThatIsNotTakenInTime) {
  LinkWorld world;
  std::promise<void> go_on;
  auto ready = go_on.get_future().share();
  WireListener::Options options;
  options.limits.write = milliseconds(150);
  world.listen(options);
  auto slow = std::make_shared<Heard>();
  slow->also = [ready](WireLink&, const wire::Envelope&) { ready.wait(); };
  world.connect(world.agent_tls(kAlice), {}, slow);
  const auto server = world.accepted(0);
  ASSERT_TRUE(wait_until([&] { return server->opened(); }));
  for (int i = 0; i < 30; ++i) server->link->send(big_frame(1'000'000));
  EXPECT_EQ(server->end(), "the other end did not take a frame within 0.2 s");
  go_on.set_value();
}

TEST(Link, Silence) {
  LinkWorld world;
  WireListener::Options options;
  options.limits.silence = milliseconds(200);
  world.listen(options);
  const auto agent = opened(world);
  EXPECT_EQ(world.accepted(0)->end(), "nothing heard for 0.2 s");
  EXPECT_FALSE(agent->end().empty());
}

TEST(Link, HandshakeThatDoesNotCome) {
  LinkWorld world;
  WireListener::Options options;
  options.limits.handshake = milliseconds(100);
  world.listen(options);
  const Raw raw(world.listener->port());
  EXPECT_EQ(world.accepted(0)->end(), "no TLS handshake within 0.1 s");
  // And the other way round: a port behind which nobody speaks.
  const int mute = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(mute, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(mute, 5), 0);
  ASSERT_EQ(::getsockname(mute, reinterpret_cast<sockaddr*>(&address), &size), 0);
  WireLink::Limits limits;
  limits.handshake = milliseconds(100);
  const auto agent = world.connect_to("127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                                      world.agent_tls(kAlice), limits);
  EXPECT_EQ(agent->end(), "no TLS handshake within 0.1 s");
  ::close(mute);
}

TEST(Link, ConnectionsBeyondTheLimitWaitTheirTurn) {
  LinkWorld world;
  WireListener::Options options;
  options.connections_max = 2;
  world.listen(options);
  const auto first = opened(world);
  const auto second = opened(world);
  const auto third = world.connect(world.agent_tls(kBob));
  EXPECT_EQ(world.accepted().size(), 2U);
  EXPECT_FALSE(third->opened());
  first->link->close();
  EXPECT_TRUE(wait_until([&] { return third->opened(); })) << third->why();
  EXPECT_EQ(world.accepted().size(), 3U);
  EXPECT_TRUE(wait_until([&] { return world.listener->connections() == 2; }));
}

TEST(Link, HandshakesBeyondTheLimitWaitTheirTurn) {
  LinkWorld world;
  WireListener::Options options;
  options.handshakes_max = 1;
  options.limits.handshake = milliseconds(300);
  world.listen(options);
  const Raw mute(world.listener->port());
  EXPECT_EQ(world.accepted(0)->why(), "");
  std::vector<std::shared_ptr<Heard>> agents;
  for (int i = 0; i < 5; ++i) agents.push_back(world.connect(world.agent_tls(kBob)));
  for (const auto& agent : agents) {
    EXPECT_TRUE(wait_until([&] { return agent->opened(); })) << agent->why();
  }
  EXPECT_EQ(world.accepted(0)->why(), "no TLS handshake within 0.3 s");
}

TEST(Link, ManyAtOnce) {
  LinkWorld world;
  WireListener::Options options;
  options.handshakes_max = 4;
  world.listen(options);
  const auto tls = world.agent_tls(kAlice);
  std::vector<std::shared_ptr<Heard>> agents;
  for (int i = 0; i < 100; ++i) agents.push_back(world.connect(tls));
  for (const auto& agent : agents) agent->link->send(ping_frame(1));  // before it is open, too
  for (const auto& agent : agents) {
    ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; })) << agent->why();
  }
  EXPECT_EQ(world.listener->connections(), 100U);
  world.listener->close();
  for (const auto& agent : agents) agent->link->finish();
  for (const auto& agent : agents) EXPECT_EQ(agent->end(), "finished");
  EXPECT_TRUE(wait_until([&] { return world.listener->connections() == 0; }));
}

TEST(Link, FinishWritesAllBefore) {
  LinkWorld world;
  world.listen();
  const auto agent = opened(world);
  for (int i = 0; i < 5; ++i) agent->link->send(big_frame(2'000'000));
  agent->link->finish();
  agent->link->send(ping_frame(1));  // too late
  EXPECT_EQ(agent->end(), "finished");
  EXPECT_EQ(world.accepted(0)->end(), "closed");
  EXPECT_EQ(world.accepted(0)->messages(), std::vector<wire::Message>(5, wire::Message::Policy));
}

TEST(Link, LastWordArrivesThoughTheOtherEndIsSpeaking) {
  LinkWorld world;
  world.also = [](WireLink& link, const wire::Envelope&) {
    flatbuffers::FlatBufferBuilder builder;
    link.send(
        make_frame(builder, wire::Message::Refused,
                   wire::CreateRefusedDirect(builder, wire::RefusalCode::revoked, "gone").Union()));
    link.finish();
  };
  world.listen();
  for (int i = 0; i < 20; ++i) {
    const auto agent = world.connect(world.agent_tls(kAlice));
    for (int k = 0; k < 10; ++k) agent->link->send(big_frame(100'000));
    EXPECT_FALSE(agent->end().empty());
    ASSERT_EQ(agent->messages(), std::vector<wire::Message>{wire::Message::Refused}) << i;
    EXPECT_EQ(world.accepted(static_cast<std::size_t>(i))->messages().size(), 1U);
  }
}

TEST(Link, NothingIsCalledAfterClose) {
  LinkWorld world;
  world.at_open = [](WireLink& link) { link.close(); };
  world.listen();
  const auto agent = world.connect(world.agent_tls(kAlice));
  EXPECT_EQ(agent->end(), "closed");
  EXPECT_EQ(world.accepted(0)->calls(), 1);
  EXPECT_EQ(world.accepted(0)->why(), "");
}

TEST(Link, ConnectingFails) {
  LinkWorld world;
  world.listen();
  const std::string port = std::to_string(world.listener->port());
  world.listener->close();
  const auto tls = world.agent_tls(kAlice);
  EXPECT_TRUE(wait_until([&] {
    const auto agent = world.connect_to("127.0.0.1:" + port, tls);
    return agent->end() == "cannot connect to 127.0.0.1:" + port + ": Connection refused";
  }));
  EXPECT_EQ(world.connect_to("nowhere", tls)->end(), "server: \"nowhere\" is not HOST:PORT");
  EXPECT_EQ(world.connect_to("::1:7443", tls)->end(), "server: \"::1:7443\" is not HOST:PORT");
  EXPECT_EQ(world.connect_to("h:99999", tls)->end(), "server: \"h:99999\" is not HOST:PORT");
}

TEST(Link, ListeningFails) {
  LinkWorld world;
  world.listen();
  WireListener::Options options;
  options.listen = "127.0.0.1:" + std::to_string(world.listener->port());
  const auto second = WireListener::open(world.io, world.server_tls(), options, nullptr);
  EXPECT_EQ(second.error().message(), options.listen + ": cannot listen: Address already in use");
  options.listen = "here";
  EXPECT_EQ(WireListener::open(world.io, world.server_tls(), options, nullptr).error().message(),
            "here: cannot listen: it is not ADDRESS:PORT");
}

TEST(Link, ComesFromTheAddressThatWasAsked) {
  LinkWorld world;
  world.listen();
  const auto agent =
      world.connect(world.agent_tls(kAlice), {}, std::make_shared<Heard>(), "127.0.0.9");
  ASSERT_TRUE(wait_until([&] { return agent->opened(); })) << agent->why();
  agent->link->send(ping_frame(1));
  ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; }));
  EXPECT_EQ(world.accepted(0)->peer()->address, "127.0.0.9");
}

TEST(Link, EndsThatAreOrphanedGo) {
  LinkWorld world;
  world.listen();
  const auto agent = opened(world);
  ASSERT_TRUE(wait_until([&] { return world.accepted(0)->opened(); }));
  world.stop();  // with the io_context still there; what was posted is done
  EXPECT_EQ(agent->link, nullptr);
}

}  // namespace
}  // namespace doorward
