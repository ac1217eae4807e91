// Nothing on the hot path allocates: an ordinary logon is scored and learned without a new.
#include <gtest/gtest.h>

#include "plugins/pipeline/pipeline.h"
#include "plugins/time_text.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

class Nothing final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override { ++alerts; }
  int alerts = 0;
};

TEST(PipelineAllocation, AnOrdinaryLogonAllocatesNothing) {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  Baseline baseline = std::move(Baseline::make({})).value();
  Nothing sink;
  PipelineOptions options;
  options.alerts_from = *parse_time("2026-03-20");
  Pipeline pipeline(rules, baseline, sink, options);

  const auto logon = [&](int i) {
    static constexpr std::array<std::string_view, 4> kUsers = {"alice", "bob", "carol", "deploy"};
    static constexpr std::array<std::string_view, 4> kHosts = {"web-01", "web-02", "db-01", "app"};
    Event event;
    event.time = *parse_time("2026-03-02") + i * 600 * kSecondUs;
    event.outcome = i % 5 == 0 ? Outcome::failure : Outcome::success;
    event[Field::user_name] = kUsers[static_cast<std::size_t>(i % 4)];
    event[Field::host_name] = kHosts[static_cast<std::size_t>(i / 4 % 4)];
    event[Field::event_action] = "ssh_login";
    event[Field::method] = "password";
    event[Field::source_address] = "192.0.2.7";
    event.ip = *IpAddress::parse("192.0.2.7");
    pipeline.on_event(event);
  };
  for (int i = 0; i < 3000; ++i) logon(i);
  const std::size_t before = allocations();
  const int alerts_before = sink.alerts;
  // Two weeks with an epoch's turn in them.
  for (int i = 3000; i < 5000; ++i) logon(i);
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(sink.alerts, alerts_before);
  EXPECT_GT(before, 0U) << "the counter counts";
}

}  // namespace
}  // namespace doorward
