// Any bytes as a stream of frames: however they are cut, the same envelopes and the same end; and
// every message that is given can be read to its last field.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/identity.h"
#include "proto/wire.h"

namespace {

constexpr std::size_t kLimit = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t read_text(const flatbuffers::String* text) {
  return text == nullptr ? 0 : text->str().size();
}
std::size_t read_bytes(const flatbuffers::Vector<std::uint8_t>* bytes) {
  std::size_t sum = 0;
  if (bytes != nullptr) {
    for (const std::uint8_t byte : *bytes) sum += byte;
  }
  return sum;
}

/// Touches what is in it, so that the sanitizers see a read beyond the frame.
std::size_t read_all(const doorward::wire::Envelope& envelope) {
  namespace wire = doorward::wire;
  std::size_t sum = 0;
  if (const auto* batch = envelope.message_as_DeltaBatch(); batch && batch->deltas()) {
    for (const wire::Delta* delta : *batch->deltas()) {
      sum += delta->sequence() + read_bytes(delta->additions());
      if (delta->sightings() == nullptr) continue;
      for (const wire::Sighting* sighting : *delta->sightings()) {
        sum += sighting->count() + read_text(sighting->user()) + read_text(sighting->account());
      }
    }
  }
  if (const auto* batch = envelope.message_as_AlertBatch(); batch && batch->alerts()) {
    for (const wire::AlertItem* alert : *batch->alerts()) {
      sum += alert->sequence() + read_text(alert->id()) + read_text(alert->document());
    }
  }
  if (const auto* hello = envelope.message_as_Hello()) {
    sum += hello->machine() + read_text(hello->version()) + read_text(hello->policy_reason());
  }
  if (const auto* enrol = envelope.message_as_Enrol()) {
    sum += read_text(enrol->token()) + read_bytes(enrol->request()) + read_text(enrol->host_name());
  }
  if (const auto* policy = envelope.message_as_Policy(); policy && policy->files()) {
    for (const wire::PolicyFile* file : *policy->files()) {
      sum += read_text(file->name()) + read_text(file->text());
    }
  }
  if (const auto* ack = envelope.message_as_Ack(); ack && ack->refused_deltas()) {
    for (const wire::AckItem* item : *ack->refused_deltas()) {
      sum += item->sequence() + read_text(item->reason());
    }
  }
  if (const auto* patch = envelope.message_as_BaselinePatch()) {
    sum += read_bytes(patch->additions()) + read_bytes(patch->whole());
  }
  return sum;
}

/// A line for each envelope, and one for the error.
std::vector<std::string> read(const std::uint8_t* data, std::size_t size, std::size_t step) {
  doorward::FrameReader reader(kLimit);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < size; at += step) {
    const std::vector<std::uint8_t> piece(data + at, data + std::min(size, at + step));
    reader.feed(piece);
    for (;;) {
      const auto envelope = reader.next();
      if (!envelope) {
        out.push_back(envelope.error().message());
        return out;
      }
      if (envelope.value() == nullptr) break;
      out.push_back(std::to_string(static_cast<int>(envelope.value()->message_type())) + " " +
                    std::to_string(read_all(*envelope.value())));
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<std::string> whole = read(data + 1, size - 1, size);
  require(read(data + 1, size - 1, 1) == whole);
  require(read(data + 1, size - 1, std::size_t{data[0]} + 1) == whole);
  // The same bytes as what else comes from a peer.
  const auto certificate = doorward::certificate_from({data + 1, size - 1});
  if (certificate) {
    const std::string id = doorward::agent_id_of(certificate.value().get());
    require(id.empty() || doorward::is_agent_id(id));
    (void)doorward::serial_of(certificate.value().get());
    (void)doorward::not_after(certificate.value().get());
  }
  (void)doorward::JoinToken::parse({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
