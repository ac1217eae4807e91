#include "proto/baseline_file.h"

#include "proto/whole_file.h"

namespace doorward {

Result<Baseline> read_baseline_file(const std::string& path, const HashKey& key,
                                    std::size_t bytes_max) {
  const auto bytes = read_whole_file(path, encoded_baseline_max(bytes_max), "a baseline");
  if (!bytes) return bytes.error();
  auto baseline = decode_baseline(bytes.value(), key, bytes_max);
  if (!baseline) return Error{path, baseline.error().message()};
  return baseline;
}

Status write_baseline_file(const std::string& path, const Baseline& baseline) {
  return write_whole_file(path, encode_baseline(baseline));
}

}  // namespace doorward
