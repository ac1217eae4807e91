// A session and an enrolment against a server that says what the test wants.
#include "agent/fleet/session.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "agent/fleet/enrolment.h"
#include "agent/fleet/messages.h"
#include "plugins/clock.h"
#include "proto/wire_link.h"
#include "server/authority/authority.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

constexpr const char* kAgent = "0123456789abcdef0123456789abcdef";

template <class T>
T good(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return std::move(result).value();
}

Frame welcome_frame_of(std::uint64_t sequence, std::uint32_t heartbeat_ms = 60'000) {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::uint8_t> key(16, 7);
  const auto welcome = wire::CreateWelcomeDirect(builder, 1, "test", "web", 0, &key, sequence, 1000,
                                                 heartbeat_ms, 30, 1 << 20);
  return make_frame(builder, wire::Message::Welcome, welcome.Union());
}

Frame ack_frame_of(std::uint64_t deltas, std::uint64_t alerts, std::uint64_t refused_alert = 0) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<wire::AckItem>> refused;
  if (refused_alert != 0) {
    refused.push_back(wire::CreateAckItemDirect(builder, refused_alert, "too strange"));
  }
  const auto ack = wire::CreateAckDirect(builder, deltas, alerts, nullptr, &refused);
  return make_frame(builder, wire::Message::Ack, ack.Union());
}

Frame refused_frame_of(const char* reason, std::uint32_t retry_ms) {
  flatbuffers::FlatBufferBuilder builder;
  const auto refused =
      wire::CreateRefusedDirect(builder, wire::RefusalCode::revoked, reason, retry_ms);
  return make_frame(builder, wire::Message::Refused, refused.Union());
}

class FleetSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_.emplace(good(Authority::make(authority_folder_.dir(), {})));
    key_ = good(make_key());
    certificate_ =
        good(authority_->issue(good(make_request(key_)), kAgent, certificate_days_, clock_now()));
    auto tls = good(
        WireTls::server(authority_->authority(), authority_->certificate(), authority_->key()));
    WireListener::Options options;
    options.listen = "127.0.0.1:0";
    listener_ = good(WireListener::open(io_, tls, options, [this](std::shared_ptr<WireLink> link) {
      link_ = link;
      ++links_;
      WireLink::Handlers handlers;
      handlers.on_open = [](const WirePeer&) {};
      handlers.on_message = [this, link](const wire::Envelope& envelope) {
        types_.push_back(envelope.message_type());
        answer_(*link, envelope);
      };
      handlers.on_end = [](const std::string&) {};
      return handlers;
    }));
  }
  void TearDown() override {
    if (session_) session_->stop();
    io_.restart();
    io_.run_for(std::chrono::milliseconds(50));
    session_.reset();
    if (link_) link_->close();
    listener_->close();
    io_.run_for(std::chrono::milliseconds(50));
    link_.reset();
  }

  [[nodiscard]] std::string server() const {
    return "127.0.0.1:" + std::to_string(listener_->port());
  }

  /// A session with the server; hooks that a test does not set do nothing.
  void start_session() {
    FleetIdentity identity;
    identity.server = server();
    identity.agent = kAgent;
    identity.key = std::move(key_);
    identity.certificate = std::move(certificate_);
    identity.authority = good(certificate_from(good(der_of(authority_->authority()))));
    ASSERT_TRUE(write_fleet_identity(state_.dir(), identity));
    FleetSession::Options options;
    options.state_dir = state_.dir();
    options.version = "test";
    options.host_name = "host";
    options.reconnect_first = std::chrono::milliseconds(20);
    options.reconnect_max = std::chrono::milliseconds(50);
    options.refused_wait = std::chrono::milliseconds(50);
    FleetSession::Hooks hooks;
    hooks.facts = [this] { return facts_; };
    hooks.on_welcome = [](const FleetTerms&) { return true; };
    hooks.on_lost = [this] { ++lost_; };
    hooks.on_refused_delta = [](std::uint64_t, const std::string&) {};
    hooks.on_patch = [this](const FleetPatch& patch) { patches_.push_back(patch); };
    hooks.on_policy = [](std::uint64_t, const FleetPolicyFiles&) {};
    hooks.on_verdicts = [](const std::vector<FleetVerdict>&) {};
    hooks.on_beat = [this] { session_->heartbeat({}); };
    hooks.say = [this](Loudness, const std::string& text) { said_ += text + "\n"; };
    session_ = std::make_unique<FleetSession>(io_, std::move(identity), options, std::move(hooks));
    session_->start();
  }

  bool until(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  static SealedDeltas deltas(std::uint64_t first, std::uint64_t last) {
    SealedDeltas out;
    for (std::uint64_t i = first; i <= last; ++i) {
      SealedDelta delta;
      delta.sequence = i;
      delta.additions = {1, 2, 3};
      out.push_back(std::make_shared<const SealedDelta>(delta));
    }
    return out;
  }

  TemporaryFolder authority_folder_, state_;
  int certificate_days_ = 30;
  boost::asio::io_context io_{1};
  std::optional<Authority> authority_;
  PrivateKey key_;
  Certificate certificate_;
  std::unique_ptr<WireListener> listener_;
  std::shared_ptr<WireLink> link_;
  int links_ = 0;
  std::vector<wire::Message> types_;
  std::function<void(WireLink&, const wire::Envelope&)> answer_;
  HelloFacts facts_;
  int lost_ = 0;
  std::vector<FleetPatch> patches_;
  std::string said_;
  std::unique_ptr<FleetSession> session_;
};

TEST_F(FleetSessionTest, DeltasAreSentBehindWhatTheServerHasAndOnceAConnection) {
  std::vector<std::uint64_t> got;
  answer_ = [&](WireLink& link, const wire::Envelope& envelope) {
    if (envelope.message_type() == wire::Message::Hello) link.send(welcome_frame_of(2));
    if (const auto* batch = envelope.message_as_DeltaBatch()) {
      for (const wire::Delta* delta : *batch->deltas()) got.push_back(delta->sequence());
    }
  };
  start_session();
  session_->offer(deltas(1, 4));
  ASSERT_TRUE(until([&] { return got.size() == 2; }));
  EXPECT_EQ(got, (std::vector<std::uint64_t>{3, 4}));
  session_->offer(deltas(3, 30));
  ASSERT_TRUE(until([&] { return got.size() == 28; }));
  EXPECT_EQ(got.back(), 30U);
  // Another connection: all that the server does not have.
  got.clear();
  link_->close();
  ASSERT_TRUE(until([&] { return got.size() == 28; }));
  EXPECT_EQ(lost_, 1);
  EXPECT_EQ(session_->status().connects, 2U);
}

TEST_F(FleetSessionTest, AlertsWaitForAConnectionAndAnAnswer) {
  int batches = 0;
  answer_ = [&](WireLink& link, const wire::Envelope& envelope) {
    if (envelope.message_type() == wire::Message::Hello) link.send(welcome_frame_of(0));
    if (envelope.message_type() != wire::Message::AlertBatch) return;
    if (++batches == 1) return link.close();  // it may have them, or not
    link.send(ack_frame_of(0, 8, 7));
  };
  start_session();
  const DeliveryEnv env = system_delivery_env();
  const auto sink = session_->alerts()({io_, env});
  std::vector<Document> documents(2);
  documents[0].sequence = 7;
  documents[0].id = "a";
  documents[0].text = "{}";
  documents[1].sequence = 8;
  documents[1].id = "b";
  documents[1].text = "{}";
  std::optional<DeliveryResult> result;
  sink->deliver(documents, [&](DeliveryResult one) { result = std::move(one); });
  EXPECT_FALSE(result.has_value());
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_EQ(batches, 2);
  EXPECT_EQ(result->verdicts, (std::vector<Verdict>{Verdict::refused, Verdict::accepted}));
  EXPECT_EQ(result->refusal, "too strange");
  // One that ends is given back.
  result.reset();
  answer_ = [](WireLink&, const wire::Envelope&) {};
  sink->deliver(documents, [&](DeliveryResult one) { result = std::move(one); });
  session_->stop();
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_TRUE(result->verdicts.empty());
}

TEST_F(FleetSessionTest, ARefusalIsSaidAndTriedAgain) {
  answer_ = [&](WireLink& link, const wire::Envelope&) {
    if (links_ < 3) {
      link.send(refused_frame_of("this agent was revoked", 0));
    } else {
      link.send(welcome_frame_of(0));
    }
  };
  start_session();
  ASSERT_TRUE(until([&] { return session_->status().connected; }));
  EXPECT_EQ(links_, 3);
  EXPECT_NE(said_.find("this agent was revoked"), std::string::npos);
  EXPECT_EQ(session_->status().last_error, "");
}

TEST_F(FleetSessionTest, PatchesComeWhole) {
  answer_ = [&](WireLink& link, const wire::Envelope& envelope) {
    if (envelope.message_type() != wire::Message::Hello) return;
    link.send(welcome_frame_of(0));
    flatbuffers::FlatBufferBuilder builder;
    const std::vector<std::uint8_t> bytes(100'000, 9);
    const auto patch = wire::CreateBaselinePatchDirect(builder, 5, 4, &bytes, nullptr, 3);
    link.send(make_frame(builder, wire::Message::BaselinePatch, patch.Union()));
  };
  start_session();
  ASSERT_TRUE(until([&] { return patches_.size() == 1; }));
  EXPECT_EQ(patches_[0].generation, 5U);
  EXPECT_EQ(patches_[0].previous, 4U);
  EXPECT_EQ(patches_[0].includes, 3U);
  EXPECT_EQ(patches_[0].additions.size(), 100'000U);
}

TEST_F(FleetSessionTest, TheCertificateIsRenewedAtTwoThirdsOfItsLife) {
  // Issued 25 of 30 days ago.
  certificate_ = good(authority_->issue(good(make_request(key_)), kAgent, 30,
                                        clock_now() - TimeUs{25} * 86'400 * kSecondUs));
  const std::string before = serial_of(certificate_.get());
  answer_ = [&](WireLink& link, const wire::Envelope& envelope) {
    if (envelope.message_type() == wire::Message::Hello) link.send(welcome_frame_of(0));
    const auto* renew = envelope.message_as_Renew();
    if (renew == nullptr) return;
    const std::span request(renew->request()->data(), renew->request()->size());
    const Der der = good(der_of(good(authority_->issue(request, kAgent, 30, clock_now()))));
    flatbuffers::FlatBufferBuilder builder;
    const auto renewed = wire::CreateRenewedDirect(builder, &der);
    link.send(make_frame(builder, wire::Message::Renewed, renewed.Union()));
  };
  start_session();
  ASSERT_TRUE(until([&] { return session_->status().renewals == 1; }));
  const auto identity = good(read_fleet_identity(state_.dir()));
  ASSERT_TRUE(identity.has_value());
  EXPECT_NE(serial_of(identity->certificate.get()), before);
  // The next connection is made with it.
  const auto connects = session_->status().connects;
  link_->close();
  ASSERT_TRUE(until([&] { return session_->status().connects > connects; }));
}

TEST_F(FleetSessionTest, ATokenBecomesAnIdentity) {
  JoinToken token;
  token.secret.fill(3);
  token.authority = fingerprint_of(authority_->authority());
  std::string shown;
  bool refuse = true;
  answer_ = [&](WireLink& link, const wire::Envelope& envelope) {
    const auto* enrol = envelope.message_as_Enrol();
    if (enrol == nullptr) return;
    shown = enrol->token()->str();
    if (refuse) return link.send(refused_frame_of("the token was used", 0));
    const std::span request(enrol->request()->data(), enrol->request()->size());
    const Der der = good(der_of(good(authority_->issue(request, kAgent, 30, clock_now()))));
    const Der authority = good(der_of(authority_->authority()));
    flatbuffers::FlatBufferBuilder builder;
    const auto enrolled = wire::CreateEnrolledDirect(builder, kAgent, &der, &authority, "web");
    link.send(make_frame(builder, wire::Message::Enrolled, enrolled.Union()));
  };
  std::thread serving([&] { io_.run_for(std::chrono::seconds(5)); });
  const auto refused = enrol({server(), token.text(), "host", "test"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("the token was used"), std::string::npos);
  refuse = false;
  auto enrolled = enrol({server(), token.text(), "host", "test"});
  // Who is not the token's authority never sees the token.
  shown.clear();
  token.authority.fill(1);
  const auto other = enrol({server(), token.text(), "host", "test"});
  io_.stop();
  serving.join();
  ASSERT_TRUE(enrolled) << enrolled.error().message();
  EXPECT_EQ(enrolled.value().identity.agent, kAgent);
  EXPECT_EQ(enrolled.value().group, "web");
  EXPECT_FALSE(other);
  EXPECT_EQ(shown, "");
  EXPECT_FALSE(is_enrolled(state_.dir()));
  ASSERT_TRUE(write_fleet_identity(state_.dir(), enrolled.value().identity));
  const auto read = good(read_fleet_identity(state_.dir()));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->server, server());
  EXPECT_EQ(read->agent, kAgent);
}

TEST_F(FleetSessionTest, ATakeoverSetsTheStateAsideAndKeepsThree) {
  std::filesystem::create_directories(state_.path("fleet"));
  for (int i = 0; i < 5; ++i) {
    state_.write("agent.state", std::to_string(i));
    FleetTakeover takeover;
    takeover.key.bytes.fill(static_cast<std::uint8_t>(i));
    takeover.baseline_bytes = std::uint64_t{1} << 20;
    takeover.anew = true;
    ASSERT_TRUE(take_over(state_.dir(), takeover, TimeUs{1'800'000'000 + i} * kSecondUs));
  }
  EXPECT_FALSE(std::filesystem::exists(state_.path("agent.state")));
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(state_.dir())) {
    kept += entry.path().filename().string().starts_with("agent.state.before-fleet-") ? 1 : 0;
  }
  EXPECT_EQ(kept, 3);
  EXPECT_EQ(read_file(state_.path("hash.key")), std::string(16, 4));
  EXPECT_EQ(read_file(state_.path("fleet/size")), "1048576\n");
}

}  // namespace
}  // namespace doorward
