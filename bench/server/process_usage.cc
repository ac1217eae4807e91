#include "bench/server/process_usage.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace doorward {

ProcessUsage usage_of(int pid) {
  ProcessUsage out;
  if (pid <= 0) return out;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t kib = 0;
    words >> name >> kib;
    if (name == "VmRSS:") out.rss_bytes = kib * 1024;
    if (name == "VmHWM:") out.rss_peak_bytes = kib * 1024;
  }
  std::ifstream stat(folder + "/stat");
  std::string text;
  std::getline(stat, text);
  // The name in brackets may hold spaces; user and system time are fields 14 and 15.
  std::istringstream fields(
      text.substr(text.rfind(')') == std::string::npos ? 0 : text.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  out.cpu_s = static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return out;
}

}  // namespace doorward
