// Any bytes given to the decoder of baselines: refused, or a baseline that encodes to itself.
#include <cstdlib>
#include <span>

#include "proto/baseline_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const Result<Baseline> decoded =
      decode_baseline(std::span(data, size), HashKey{}, std::size_t{1} << 20);
  if (decoded) {
    const std::vector<std::uint8_t> again = encode_baseline(decoded.value());
    if (!decode_baseline(again, HashKey{})) std::abort();
  }
  return 0;
}
