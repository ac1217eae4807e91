// Recorded logs with the truth beside them: what auth.log shows of what was done comes out, each
// attempt once and nothing else, in every format.
#include <gtest/gtest.h>

#include "tests/sources/recorded_truth.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;

namespace testing_authlog {
namespace {

using recorded::Clock;
using telling::Outcomes;

Outcomes tell(const std::string& log) {
  return telling::run(kSourceAuthlog, telling::read_lines(recorded::kFolder + log), {},
                      recorded::kYear);
}

void compare(const std::string& log, const std::string& truth, const Clock& clock) {
  const Outcomes told = tell(log);
  recorded::expect_exactly(recorded::read_truth(truth, recorded::Logs::authlog), told.events,
                           clock);
  EXPECT_EQ(told.counters.malformed, 0U);
  EXPECT_EQ(told.counters.no_stamp, 0U);
}

/// A client reads its refusal some milliseconds before sshd writes of it.
constexpr TimeUs kLateUs = 20'000;

/// Stamps of whole seconds are cut, not rounded.
TEST(AuthlogRecorded, Traditional) {
  compare("auth.log", "truth.ndjson", {.early = kSecondUs, .late = kLateUs});
}
TEST(AuthlogRecorded, Rfc3339) {
  compare("auth-rfc3339.log", "truth.ndjson", {.late = kLateUs});
}
TEST(AuthlogRecorded, Rfc5424) {
  compare("auth-rfc5424.log", "truth.ndjson", {.late = kLateUs});
}
TEST(AuthlogRecorded, Repeated) {
  compare("auth-repeated.log", "truth-repeated.ndjson",
          {.early = kSecondUs, .late = kLateUs, .repeated = true});
}

TEST(AuthlogRecorded, FormatsTellTheSame) {
  EXPECT_EQ(tell("auth.log").briefs(), tell("auth-rfc3339.log").briefs());
  EXPECT_EQ(tell("auth.log").briefs(), tell("auth-rfc5424.log").briefs());
}

}  // namespace
}  // namespace testing_authlog
}  // namespace doorward
