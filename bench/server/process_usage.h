// What a process costs, from /proc.
#pragma once

#include <cstdint>

namespace doorward {

struct ProcessUsage {
  std::uint64_t rss_bytes = 0;
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;
};

/// Zeros when there is no such process.
ProcessUsage usage_of(int pid);

}  // namespace doorward
