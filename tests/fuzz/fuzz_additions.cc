// Any bytes given to the decoder of additions: refused, or additions that encode to their own
// bytes.
#include <cstdlib>
#include <span>

#include "proto/additions_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const Result<Additions> decoded = decode_additions(std::span(data, size), {.entries = 4096});
  if (!decoded) return 0;
  const std::vector<std::uint8_t> again = encode_additions(decoded.value());
  const Result<Additions> twice = decode_additions(again);
  if (!twice || encode_additions(twice.value()) != again) std::abort();
  return 0;
}
