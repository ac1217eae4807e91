// A recorded journal with the truth beside it: each attempt once and nothing else, and of what an
// ordinary user forged nothing at all.
#include <gtest/gtest.h>

#include "tests/sources/journald_support.h"
#include "tests/sources/recorded_truth.h"

namespace doorward::testing_journald {
namespace {

telling::Outcomes tell_recorded() {
  return tell(telling::read_lines(recorded::kFolder + "journal.ndjson"));
}

/// The journal shows what auth.log shows; what was forged, it gives away.
std::vector<recorded::Attempt> truth() {
  auto attempts = recorded::read_truth("truth-journal.ndjson", recorded::Logs::authlog);
  std::erase_if(attempts, [](const recorded::Attempt& attempt) { return attempt.forged; });
  return attempts;
}

TEST(JournaldRecorded, ExactlyWhatWasDone) {
  telling::Outcomes told = tell_recorded();
  for (telling::Told& event : told.events) {
    EXPECT_EQ(event.logs, Told::journald);
    EXPECT_EQ(event.dataset, "system.auth");
    event.logs = Told::authlog;
  }
  // Times are the sender's own, to the microsecond, but a client reads its refusal a moment before
  // sshd writes of it.
  recorded::expect_exactly(truth(), told.events, {.late = 20'000});
  EXPECT_EQ(told.counters.malformed, 0U);
  EXPECT_EQ(told.counters.no_stamp, 0U);
}

TEST(JournaldRecorded, ForgedEntriesAreCounted) {
  EXPECT_EQ(tell_recorded().counters.untrusted, 21U);
}

}  // namespace
}  // namespace doorward::testing_journald
