// Old agents with a new server and the reverse: three generations of one protocol speak with each
// other, over TLS too.
#include <string>
#include <vector>

#include "protocol_newer_generated.h"
#include "protocol_older_generated.h"
#include "tests/proto/link_world.h"

namespace doorward {
namespace {

/// A frame around whatever envelope the builder has.
template <class Envelope>
Frame frame_of(flatbuffers::FlatBufferBuilder& builder, flatbuffers::Offset<Envelope> envelope) {
  builder.Finish(envelope);
  Frame out(4 + builder.GetSize());
  for (unsigned i = 0; i < 4; ++i) {
    out[i] = static_cast<std::uint8_t>(builder.GetSize() >> (8 * i));
  }
  std::copy_n(builder.GetBufferPointer(), builder.GetSize(), out.begin() + 4);
  return out;
}

/// What a program built with another schema sees of our frame; null when its verifier refuses it.
template <class Envelope>
const Envelope* seen_as(const Frame& frame, bool (*verify)(flatbuffers::Verifier&)) {
  flatbuffers::Verifier verifier(frame.data() + 4, frame.size() - 4, kEnvelopeDepthMax,
                                 kEnvelopeTablesMax);
  if (!verify(verifier)) return nullptr;
  return flatbuffers::GetRoot<Envelope>(frame.data() + 4);
}

const wire_older::Envelope* as_older(const Frame& frame) {
  return seen_as<wire_older::Envelope>(frame, [](flatbuffers::Verifier& verifier) {
    return wire_older::VerifyEnvelopeBuffer(verifier);
  });
}
const wire_newer::Envelope* as_newer(const Frame& frame) {
  return seen_as<wire_newer::Envelope>(frame, [](flatbuffers::Verifier& verifier) {
    return wire_newer::VerifyEnvelopeBuffer(verifier);
  });
}

Frame older_hello() {
  flatbuffers::FlatBufferBuilder builder;
  const auto hello =
      wire_older::CreateHelloDirect(builder, 1, 1, "doorward-agent 0.0.1", "web1", 11, 12, 13, 14);
  return frame_of(builder,
                  wire_older::CreateEnvelope(builder, wire_older::Message::Hello, hello.Union()));
}

Frame newer_hello() {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<flatbuffers::Offset<wire_newer::Mood>> moods = {
      wire_newer::CreateMoodDirect(builder, "calm"), wire_newer::CreateMoodDirect(builder, "gay")};
  const auto version = builder.CreateString("doorward-agent 9.0.0");
  const auto name = builder.CreateString("web9");
  const auto many = builder.CreateVector(moods);
  wire_newer::HelloBuilder hello(builder);
  hello.add_protocol(9);
  hello.add_protocol_min(1);
  hello.add_version(version);
  hello.add_host_name(name);
  hello.add_machine(91);
  hello.add_verdicts(94);
  hello.add_mood(moods[0]);
  hello.add_moods(many);
  hello.add_shade(99);
  const auto made = hello.Finish();
  return frame_of(builder,
                  wire_newer::CreateEnvelope(builder, wire_newer::Message::Hello, made.Union()));
}

Frame newer_farewell() {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<flatbuffers::Offset<wire_newer::Mood>> moods = {
      wire_newer::CreateMoodDirect(builder, "calm")};
  const auto farewell = wire_newer::CreateFarewellDirect(builder, "so long", &moods);
  return frame_of(builder, wire_newer::CreateEnvelope(builder, wire_newer::Message::Farewell,
                                                      farewell.Union()));
}

Frame welcome() {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::uint8_t> key(16, 5);
  const std::vector<flatbuffers::Offset<flatbuffers::String>> rules = {
      builder.CreateString("lateral_fan_out")};
  const auto made = wire::CreateWelcomeDirect(builder, 1, "soc", "web", 77, &key, 42, 60'000,
                                              30'000, 30, 8U << 20U, &rules);
  return make_frame(builder, wire::Message::Welcome, made.Union());
}

TEST(Evolution, OldAgentToThisServer) {
  FrameReader reader(kFrameMax);
  reader.feed(older_hello());
  const auto envelope = reader.next();
  ASSERT_TRUE(envelope) << envelope.error().message();
  const wire::Hello* hello = envelope.value()->message_as_Hello();
  ASSERT_NE(hello, nullptr);
  EXPECT_EQ(hello->version()->str(), "doorward-agent 0.0.1");
  EXPECT_EQ(hello->generation(), 14U);
  // What it does not know is as if it had said nothing.
  EXPECT_EQ(hello->next_sequence(), 0U);
  EXPECT_EQ(hello->policy_reason(), nullptr);
  EXPECT_EQ(hello->verdicts(), 0U);
}

TEST(Evolution, ThisServerToOldAgent) {
  const Frame frame = welcome();
  const wire_older::Envelope* envelope = as_older(frame);
  ASSERT_NE(envelope, nullptr);
  ASSERT_NE(envelope->message_as_Welcome(), nullptr);
  EXPECT_EQ(envelope->message_as_Welcome()->group()->str(), "web");
  EXPECT_EQ(envelope->message_as_Welcome()->sequence(), 42U);
  EXPECT_EQ(envelope->message_as_Welcome()->key()->size(), 16U);

  // A refusal by a code that it does not know keeps its reason.
  flatbuffers::FlatBufferBuilder builder;
  const Frame refused =
      make_frame(builder, wire::Message::Refused,
                 wire::CreateRefusedDirect(builder, wire::RefusalCode::busy, "later", 500).Union());
  ASSERT_NE(as_older(refused), nullptr);
  EXPECT_EQ(static_cast<int>(as_older(refused)->message_as_Refused()->code()), 8);
  EXPECT_EQ(as_older(refused)->message_as_Refused()->reason()->str(), "later");

  // A message that it does not know is one that it can pass over.
  const Frame pong = ping_frame(1);
  ASSERT_NE(as_older(pong), nullptr);
  EXPECT_GT(as_older(pong)->message_type(), wire_older::Message::MAX);
}

TEST(Evolution, NewAgentToThisServer) {
  FrameReader reader(kFrameMax);
  for (const Frame& frame : {newer_hello(), newer_farewell(), ping_frame(5)}) reader.feed(frame);
  auto envelope = reader.next();
  ASSERT_TRUE(envelope) << envelope.error().message();
  const wire::Hello* hello = envelope.value()->message_as_Hello();
  ASSERT_NE(hello, nullptr);
  EXPECT_EQ(hello->protocol(), 9);
  EXPECT_EQ(hello->host_name()->str(), "web9");
  EXPECT_EQ(hello->verdicts(), 94U);
  envelope = reader.next();
  ASSERT_TRUE(envelope) << envelope.error().message();
  EXPECT_GT(envelope.value()->message_type(), wire::Message::MAX);
  envelope = reader.next();
  ASSERT_TRUE(envelope) << envelope.error().message();
  EXPECT_EQ(envelope.value()->message_as_Ping()->time(), 5);
}

TEST(Evolution, ThisServerToNewAgent) {
  const Frame frame = welcome();
  const wire_newer::Envelope* envelope = as_newer(frame);
  ASSERT_NE(envelope, nullptr);
  const wire_newer::Welcome* seen = envelope->message_as_Welcome();
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->fleet_rules()->Get(0)->str(), "lateral_fan_out");
  EXPECT_EQ(seen->mood(), nullptr);
  EXPECT_EQ(seen->shade(), 7U);
}

TEST(Evolution, MessageThatOnlyLooksNewIsNotRead) {
  // The table of an unknown message is not verified, so nobody may look into it; garbage in the
  // place of a known one is refused.
  Frame frame = newer_farewell();
  FrameReader reader(kFrameMax);
  reader.feed(frame);
  const auto envelope = reader.next();
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope.value()->message_as_Pong(), nullptr);
}

/// A session in which each end speaks its own version, over TLS.
TEST(Evolution, OverTls) {
  LinkWorld world;
  world.also = [](WireLink& link, const wire::Envelope& envelope) {
    if (envelope.message_as_Hello() != nullptr) link.send(welcome());
  };
  world.listen();
  for (const Frame& hello : {older_hello(), newer_hello()}) {
    const auto agent = world.connect(world.agent_tls(kAlice));
    agent->link->send(newer_farewell());
    agent->link->send(hello);
    ASSERT_TRUE(wait_until([&] { return agent->messages().size() == 1; })) << agent->why();
    EXPECT_EQ(agent->messages()[0], wire::Message::Welcome);
  }
}

}  // namespace
}  // namespace doorward
