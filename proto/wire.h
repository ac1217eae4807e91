// Frames of the protocol between agent and server (protocol.fbs, docs/protocol.md): a 4-byte
// little-endian length, then one Envelope. Pure: bytes in, bytes out; the connection is
// wire_link.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol_generated.h"
#include "sketch/result.h"

namespace doorward {

/// Versions of the protocol that this build speaks.
inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::uint16_t kProtocolMin = 1;

/// Longest envelope in bytes: of a peer that has shown no certificate, and of one that has. A
/// longer one is refused by its length alone, before it is read.
inline constexpr std::size_t kStrangerFrameMax = std::size_t{16} << 10;
inline constexpr std::size_t kFrameMax = std::size_t{16} << 20;
/// Deepest nesting and most tables in one envelope.
inline constexpr unsigned kEnvelopeDepthMax = 8;
inline constexpr unsigned kEnvelopeTablesMax = 70'000;

/// Bytes of one frame, length included.
using Frame = std::vector<std::uint8_t>;

/// Finishes the builder with an Envelope around the message and gives its frame.
///
///     flatbuffers::FlatBufferBuilder builder;
///     const auto hello = wire::CreateHelloDirect(builder, ...);
///     Frame frame = make_frame(builder, wire::Message::Hello, hello.Union());
Frame make_frame(flatbuffers::FlatBufferBuilder& builder, wire::Message type,
                 flatbuffers::Offset<void> message);

/// Splits a stream into envelopes. Memory: the longest frame that is allowed, and only as it comes.
class FrameReader {
 public:
  explicit FrameReader(std::size_t frame_max) : frame_max_(frame_max) {}

  /// The peer has shown who it is: longer frames from now on.
  void set_frame_max(std::size_t frame_max) { frame_max_ = frame_max; }

  /// Takes bytes as they came.
  void feed(std::span<const std::uint8_t> bytes);

  /// The next whole and verified envelope, null when more bytes are needed. Lives until the next
  /// call of feed() or next(). An Error (too long, empty, no valid FlatBuffers) ends the
  /// connection; the reader then gives the same Error for ever. Messages of unknown type come as
  /// envelopes whose message_type() is beyond MAX; a NONE is an Error.
  Result<const wire::Envelope*> next();

 private:
  std::size_t frame_max_;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;
  std::size_t done_ = 0;  // bytes of the envelope given last, its length included
  Error failed_;
};

}  // namespace doorward
