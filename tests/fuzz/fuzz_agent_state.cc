// Any bytes given to the decoder of state files: refused, or sections that can be written again.
// Once as they are, once with the checksum made right, so that what is behind it is reached.
#include <agent_state_generated.h>

#include <cstdlib>
#include <span>

#include "proto/agent_state_file.h"
#include "proto/checksum.h"

namespace {

void decode(std::span<const std::uint8_t> bytes) {
  using namespace doorward;
  const auto state = decode_agent_state(bytes, std::size_t{1} << 20);
  if (!state) return;
  std::vector<StatePiece> pieces;
  for (const StateSection& section : state.value().sections) {
    pieces.push_back({section.name, section.bytes});
  }
  const auto again = encode_agent_state(pieces, state.value().saved_at_us);
  if (!again) std::abort();
  const auto back = decode_agent_state(again.value());
  if (!back || back.value().sections.size() != pieces.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  decode({data, size});
  std::vector<std::uint8_t> bytes(data, data + size);
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 4, 100);
  if (!looks_like_agent_state(bytes) || !fb::VerifyAgentStateFileBuffer(verifier)) return 0;
  write_checksum(bytes, place_in(bytes, fb::GetAgentStateFile(bytes.data())->checksum()));
  decode(bytes);
  return 0;
}
