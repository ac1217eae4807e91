// A baseline as a file on disk.
#pragma once

#include <string>

#include "proto/baseline_codec.h"

namespace doorward {

/// Reads and decodes a file; errors name the path. Refuses what is not a regular file or longer
/// than encoded_baseline_max(bytes_max) before reading it.
Result<Baseline> read_baseline_file(const std::string& path, const HashKey& key,
                                    std::size_t bytes_max = kBaselineBytesMax);

/// Encodes and writes, as write_whole_file() does.
Status write_baseline_file(const std::string& path, const Baseline& baseline);

}  // namespace doorward
