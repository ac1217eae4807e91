#include "proto/wire.h"

#include <flatbuffers/flatbuffers.h>

#include <cassert>
#include <cstring>
#include <limits>
#include <string>

namespace doorward {
namespace {

constexpr std::size_t kLengthBytes = 4;
/// What FlatBuffers aligns to.
constexpr std::size_t kAlignment = 8;
/// Room that is kept between frames; more is given back, as most connections are idle mostly.
constexpr std::size_t kRoomKept = 4096;

std::size_t length_at(const std::uint8_t* bytes) {
  return static_cast<std::size_t>(bytes[0]) | static_cast<std::size_t>(bytes[1]) << 8U |
         static_cast<std::size_t>(bytes[2]) << 16U | static_cast<std::size_t>(bytes[3]) << 24U;
}

}  // namespace

Frame make_frame(flatbuffers::FlatBufferBuilder& builder, wire::Message type,
                 flatbuffers::Offset<void> message) {
  builder.Finish(wire::CreateEnvelope(builder, type, message));
  const std::size_t size = builder.GetSize();
  assert(size <= std::numeric_limits<std::uint32_t>::max());
  Frame frame(kLengthBytes + size);
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    frame[i] = static_cast<std::uint8_t>(size >> (8 * i));
  }
  std::memcpy(frame.data() + kLengthBytes, builder.GetBufferPointer(), size);
  return frame;
}

void FrameReader::feed(std::span<const std::uint8_t> bytes) {
  begin_ += done_;
  done_ = 0;
  if (!failed_.what.empty()) return;
  if (begin_ == buffer_.size()) {
    begin_ = 0;
    if (buffer_.capacity() > kRoomKept) {
      std::vector<std::uint8_t>().swap(buffer_);
    } else {
      buffer_.clear();
    }
  } else if (begin_ >= buffer_.size() / 2) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<const wire::Envelope*> FrameReader::next() {
  if (!failed_.what.empty()) return failed_;
  begin_ += done_;
  done_ = 0;
  const auto fail = [this](std::string what) {
    failed_ = Error{"frame", std::move(what)};
    std::vector<std::uint8_t>().swap(buffer_);
    begin_ = 0;
    return failed_;
  };
  const std::size_t there = buffer_.size() - begin_;
  if (there < kLengthBytes) return nullptr;
  const std::size_t length = length_at(buffer_.data() + begin_);
  if (length == 0) return fail("it is empty");
  if (length > frame_max_) {
    return fail("it has " + std::to_string(length) + " bytes; at most " +
                std::to_string(frame_max_) + " are taken");
  }
  if (there - kLengthBytes < length) return nullptr;
  done_ = kLengthBytes + length;

  // Its numbers are read where they lie: the envelope moves down to an aligned place, over its
  // length and what was read before.
  const std::size_t from = begin_ + kLengthBytes;
  const std::size_t place = from / kAlignment * kAlignment;
  std::uint8_t* bytes = buffer_.data() + place;
  if (place != from) std::memmove(bytes, buffer_.data() + from, length);

  flatbuffers::Verifier verifier(bytes, length, kEnvelopeDepthMax, kEnvelopeTablesMax);
  if (!wire::VerifyEnvelopeBuffer(verifier)) return fail("no valid envelope");
  const wire::Envelope* envelope = wire::GetEnvelope(bytes);
  if (envelope->message_type() == wire::Message::NONE) return fail("no message in the envelope");
  if (envelope->message() == nullptr) return fail("a message without its table");
  return envelope;
}

}  // namespace doorward
