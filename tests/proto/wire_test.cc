// Frames: made, cut anywhere, and refused.
#include "proto/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace doorward {
namespace {

Frame ping(std::int64_t time) {
  flatbuffers::FlatBufferBuilder builder;
  return make_frame(builder, wire::Message::Ping, wire::CreatePing(builder, time).Union());
}

Frame sightings(std::size_t count, const std::string& user) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<wire::Sighting>> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(wire::CreateSightingDirect(builder, static_cast<std::int64_t>(i), 1, "ssh_login",
                                             user.c_str()));
  }
  const std::vector<flatbuffers::Offset<wire::Delta>> deltas = {
      wire::CreateDeltaDirect(builder, 7, 9, nullptr, &all)};
  return make_frame(builder, wire::Message::DeltaBatch,
                    wire::CreateDeltaBatchDirect(builder, &deltas).Union());
}

Frame framed(const std::vector<std::uint8_t>& envelope) {
  Frame out(4 + envelope.size());
  out[0] = static_cast<std::uint8_t>(envelope.size());
  std::copy(envelope.begin(), envelope.end(), out.begin() + 4);
  return out;
}

/// The times of the pings in bytes that come `step` at a time; 0 for other messages.
std::vector<std::int64_t> read_all(const Frame& bytes, std::size_t step) {
  FrameReader reader(kStrangerFrameMax);
  std::vector<std::int64_t> out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed({bytes.data() + at, std::min(step, bytes.size() - at)});
    for (;;) {
      const auto envelope = reader.next();
      if (!envelope) {
        ADD_FAILURE() << envelope.error().message();
        return out;
      }
      if (envelope.value() == nullptr) break;
      const wire::Ping* message = envelope.value()->message_as_Ping();
      out.push_back(message == nullptr ? 0 : message->time());
    }
  }
  return out;
}

std::string refusal(const Frame& bytes, std::size_t frame_max = kStrangerFrameMax) {
  FrameReader reader(frame_max);
  reader.feed(bytes);
  const auto first = reader.next();
  if (first) return first.value() == nullptr ? "more" : "taken";
  // For ever, whatever comes.
  reader.feed(ping(1));
  const auto again = reader.next();
  EXPECT_FALSE(again);
  EXPECT_EQ(again.error().message(), first.error().message());
  return first.error().message();
}

TEST(Frames, LengthThenEnvelope) {
  const Frame frame = ping(5);
  const std::size_t length = static_cast<std::size_t>(frame[0]) | frame[1] << 8U;
  EXPECT_EQ(frame.size(), 4 + length);
  EXPECT_EQ(frame[2], 0);
  EXPECT_EQ(frame[3], 0);
  EXPECT_EQ(wire::GetEnvelope(frame.data() + 4)->message_as_Ping()->time(), 5);
}

TEST(Frames, CutAnywhere) {
  Frame stream;
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 1; i <= 20; ++i) {
    const Frame one =
        i % 5 == 0 ? sightings(3, std::string(static_cast<std::size_t>(i), 'u')) : ping(i);
    stream.insert(stream.end(), one.begin(), one.end());
    expected.push_back(i % 5 == 0 ? 0 : i);
  }
  for (const std::size_t step : {1U, 2U, 3U, 5U, 7U, 8U, 63U, 64U, 1000U, 100'000U}) {
    EXPECT_EQ(read_all(stream, step), expected) << step;
  }
}

TEST(Frames, RefusedByLengthAloneBeforeTheRestCame) {
  EXPECT_EQ(refusal({0, 0, 0, 0}), "frame: it is empty");
  EXPECT_EQ(refusal({1, 0x40, 0, 0}), "frame: it has 16385 bytes; at most 16384 are taken");
  EXPECT_EQ(refusal({0, 0x40, 0, 0}), "more");
  EXPECT_EQ(refusal({0xFF, 0xFF, 0xFF, 0xFF}, kFrameMax),
            "frame: it has 4294967295 bytes; at most 16777216 are taken");
}

TEST(Frames, LongerOnesOnceThePeerIsKnown) {
  const Frame frame = sightings(1000, "alice");
  ASSERT_GT(frame.size(), kStrangerFrameMax);
  FrameReader reader(kStrangerFrameMax);
  reader.set_frame_max(kFrameMax);
  reader.feed(frame);
  const auto envelope = reader.next();
  ASSERT_TRUE(envelope);
  ASSERT_NE(envelope.value(), nullptr);
  EXPECT_EQ(envelope.value()->message_as_DeltaBatch()->deltas()->Get(0)->sightings()->size(),
            1000U);
}

TEST(Frames, TooManyTables) {
  EXPECT_EQ(refusal(sightings(kEnvelopeTablesMax - 3, "a"), kFrameMax), "taken");
  EXPECT_EQ(refusal(sightings(kEnvelopeTablesMax - 2, "a"), kFrameMax), "frame: no valid envelope");
}

TEST(Frames, Garbage) {
  EXPECT_EQ(refusal(framed({1})), "frame: no valid envelope");
  EXPECT_EQ(refusal(framed(std::vector<std::uint8_t>(64, 0xFF))), "frame: no valid envelope");
  EXPECT_EQ(refusal(framed(std::vector<std::uint8_t>(64, 0))), "frame: no valid envelope");
}

TEST(Frames, EveryByteOfAnEnvelopeChanged) {
  const Frame good = sightings(2, "bob");
  for (std::size_t i = 4; i < good.size(); ++i) {
    for (const unsigned change : {0x01U, 0x80U, 0xFFU}) {
      Frame bad = good;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ change);
      const std::string why = refusal(bad);  // must not crash; what it says depends
      EXPECT_TRUE(why == "taken" || why.starts_with("frame: ")) << i << " " << why;
    }
  }
}

TEST(Frames, NoMessage) {
  flatbuffers::FlatBufferBuilder builder;
  EXPECT_EQ(refusal(make_frame(builder, wire::Message::NONE, 0)),
            "frame: no message in the envelope");
  builder.Clear();
  EXPECT_EQ(refusal(make_frame(builder, wire::Message::Ping, 0)),
            "frame: a message without its table");
}

TEST(Frames, MissingWhatIsRequired) {
  flatbuffers::FlatBufferBuilder builder;
  const auto start = builder.StartTable();  // an Enrolled without anything
  const flatbuffers::Offset<void> empty(builder.EndTable(start));
  EXPECT_EQ(refusal(make_frame(builder, wire::Message::Enrolled, empty)),
            "frame: no valid envelope");
}

}  // namespace
}  // namespace doorward
