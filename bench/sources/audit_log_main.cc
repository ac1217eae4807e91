// audit-log: writes an audit.log for benchmarks to standard output, the same bytes everywhere.
//   audit-log quiet|mixed|logons LINES
//     quiet   nothing of logons: file watches and execve
//     mixed   the same, every 50th record of a logon
//     logons  nothing but records of logons
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "bench/sources/auditd_lines.h"

namespace {

constexpr std::size_t kLinesMax = 20'000'000;

/// Length of the first `lines` lines.
std::size_t length_of(std::string_view text, std::size_t lines) {
  std::size_t at = 0;
  for (; lines > 0 && at < text.size(); --lines) at = text.find('\n', at) + 1;
  return at;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  std::size_t lines = 0;
  if (argc == 3) std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), lines);
  std::string text;
  // An event has five records or more, an attempt two or more.
  if (kind == "quiet") text = doorward::bench::non_logon_lines(lines / 5 + 1);
  if (kind == "mixed") text = doorward::bench::mixed_lines(lines);
  if (kind == "logons") text = doorward::bench::logon_lines(lines / 2 + 1);
  if (text.empty() || lines == 0 || lines > kLinesMax) {
    std::fprintf(stderr, "usage: audit-log quiet|mixed|logons LINES (1 to %zu)\n", kLinesMax);
    return 1;
  }
  const std::size_t length = length_of(text, lines);
  return std::fwrite(text.data(), 1, length, stdout) == length && std::fflush(stdout) == 0 ? 0 : 2;
}
