// What the tests of the auditd source share: running lines through it.
#pragma once

#include <string>
#include <vector>

#include "tests/sources/told.h"

namespace doorward {
extern const SourcePlugin kSourceAuditd;

namespace auditd_test {

using telling::Collector;

using telling::Outcomes;
using telling::raw;
using telling::read_lines;
using telling::Told;

inline Outcomes run(const std::vector<std::string>& lines, const std::string& host = "") {
  return telling::run(kSourceAuditd, lines, host);
}
inline Outcomes run(const std::string& text, const std::string& host = "") {
  return run(lines_of(text), host);
}

}  // namespace auditd_test
}  // namespace doorward
