// The auditd source allocates nothing in steady state, and its memory has a bound.
#include <gtest/gtest.h>

#include "bench/sources/auditd_lines.h"
#include "plugins/sources/source.h"
#include "tests/support/allocations.h"

namespace doorward {
extern const SourcePlugin kSourceAuditd;

namespace {

class Counter final : public EventSink {
 public:
  void on_event(const Event& /*event*/) override { ++events; }
  std::uint64_t events = 0;
};

std::uint64_t allocations_in(Source& source, std::string_view text, EventSink& sink) {
  InputState input;
  const std::uint64_t before = allocations();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    source.feed(line, source.stamp(line, input), sink);
    text.remove_prefix(end + 1);
  }
  return allocations() - before;
}

TEST(AuditdAllocation, NoneForLinesWithoutLogons) {
  const std::string text = bench::non_logon_lines(1'000);
  const auto source = kSourceAuditd.make({});
  Counter sink;
  EXPECT_EQ(allocations_in(*source, text, sink), 0U);
}

TEST(AuditdAllocation, NoneForLogonsInSteadyState) {
  const std::string text = bench::logon_lines(60'000);
  const std::size_t half = text.find('\n', text.size() / 2) + 1;
  const auto source = kSourceAuditd.make({});
  Counter sink;
  allocations_in(*source, std::string_view(text).substr(0, half), sink);
  EXPECT_EQ(allocations_in(*source, std::string_view(text).substr(half), sink), 0U);
  source->finish(sink);
  EXPECT_EQ(sink.events, 60'000U);
}

}  // namespace
}  // namespace doorward
