// Feeding lines allocates nothing once the source has seen as many open attempts as it will see.
#include <gtest/gtest.h>

#include "tests/sources/authlog_feeder.h"
#include "tests/support/allocations.h"

namespace doorward::testing_authlog {
namespace {

class Counter : public EventSink {
 public:
  void on_event(const Event&) override { ++events; }
  std::size_t events = 0;
};

TEST(AuthlogAllocation, NoneInSteadyState) {
  std::vector<std::string> lines;
  for (int pid = 1; pid <= 500; ++pid) {
    const std::string head = "Feb  9 21:19:40 web-1 sshd[" + std::to_string(pid) + "]: ";
    const std::string from = " from 203.0.113.9 port " + std::to_string(pid);
    lines.push_back(head + "Invalid user bob" + from);
    lines.push_back(head + "Failed password for invalid user bob" + from + " ssh2");
    lines.push_back(head + "message repeated 2 times: [ Failed password for root" + from +
                    " ssh2]");
    lines.push_back(head + "error: PAM: Authentication failure for root from 203.0.113.9");
    lines.push_back(head + "Connection closed by authenticating user bob 203.0.113.9 port 7");
    lines.push_back(head + "pam_unix(sshd:auth): check pass; user unknown");
    lines.push_back(
        "Feb  9 21:19:40 web-1 sudo: pam_unix(sudo:auth): authentication failure; a=b "
        "ruser=u" +
        std::to_string(pid) + " rhost= user=x");
    lines.push_back("Feb  9 21:19:40 web-1 CRON[1]: session");
    lines.push_back("2026-02-09T21:19:40Z web-1 su[" + std::to_string(pid) + "]: (to root) a on b");
    lines.push_back("garbage");
  }
  const std::unique_ptr<Source> source = kSourceAuthlog.make({});
  InputState input;
  input.year = 2026;
  Counter counter;
  const auto feed_all = [&] {
    for (const std::string& line : lines) source->feed(line, source->stamp(line, input), counter);
  };
  for (int i = 0; i < 3; ++i) feed_all();
  const std::uint64_t before = allocations();
  for (int i = 0; i < 20; ++i) feed_all();
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_GT(counter.events, 1000U);
}

}  // namespace
}  // namespace doorward::testing_authlog
