// auth.log and audit.log of the same time, recorded: together they tell every attempt once.
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/twin_merge.h"
#include "tests/sources/auditd_truth.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;

namespace auditd_test {
namespace {

const std::string kRecorded = DOORWARD_SOURCE_DIR "/tests/data/recorded/";

/// auth.log has whole seconds; PAM's record of a guess is up to three seconds before sshd's line.
constexpr TimeUs kSlackUs = kSecondUs;

struct Input {
  std::unique_ptr<Source> source;
  InputState state;
  std::vector<std::string> lines;
  std::size_t next = 0;
  Stamp stamp;

  void look(TimeUs& order) {
    if (next == lines.size()) {
      order = INT64_MAX;
      return;
    }
    stamp = source->stamp(lines[next], state);
    if (stamp.time != kNoTime) order = stamp.time;
  }
};

/// Both logs, line by line in the order of time, as the agent reads them.
struct Together {
  Collector sink;
  TwinMerge merge{sink};

  Together(const std::string& auth, const std::string& audit, bool enriched) {
    merge.expect(doorward::Told::authlog | doorward::Told::auditd);
    SourceOptions options;
    options.host_name = "bastion-01";
    Input inputs[2];
    inputs[0].source = kSourceAuthlog.make(options);
    inputs[1].source = kSourceAuditd.make(options);
    inputs[0].lines = read_lines(auth);
    inputs[1].lines = read_lines(audit);
    if (!enriched) {
      for (std::string& line : inputs[1].lines) line = raw(line);
    }
    TimeUs order[2] = {};
    for (int i : {0, 1}) {
      inputs[i].state.year = 2026;
      inputs[i].look(order[i]);
    }
    while (order[0] != INT64_MAX || order[1] != INT64_MAX) {
      const int i = order[0] <= order[1] ? 0 : 1;
      Input& input = inputs[i];
      input.source->feed(input.lines[input.next], input.stamp, merge);
      merge.advance(order[i]);
      ++input.next;
      input.look(order[i]);
    }
    for (Input& input : inputs) input.source->finish(merge);
    merge.finish();
  }
};

class TwinRecorded : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auth = kRecorded + "auth" + GetParam() + ".log";
    audit = kRecorded + "audit" + GetParam() + ".log";
    for (const Attempt& attempt :
         with_keys_as_connections(read_truth(kRecorded + "truth" + GetParam() + ".ndjson"))) {
      if (mentions(attempt.visible, "auth") || mentions(attempt.visible, "audit")) {
        truth.push_back(attempt);
      }
    }
    if (read_lines(auth).empty() || read_lines(audit).empty() || truth.empty()) {
      GTEST_SKIP() << "nothing recorded in " << kRecorded;
    }
  }
  /// What auth.log alone tells without an attempt having been made: an ordinary user's forgeries by
  /// logger(1), and hang-ups at the prompt, which look there as refused keys do.
  static std::vector<Told> without_forgeries(std::vector<Told> events) {
    std::erase_if(events, [](const Told& event) {
      const bool hung_up =
          event.original.find(" closed by authenticating user ") != std::string::npos;
      return event.logs == doorward::Told::authlog &&
             (hung_up || event.ip_text() == "203.0.113.99");
    });
    return events;
  }
  std::string auth, audit;
  std::vector<Attempt> truth;
};

TEST_P(TwinRecorded, EveryAttemptOnce) {
  const Together together(auth, audit, true);
  EXPECT_EQ(differences(truth, without_forgeries(together.sink.events), kSlackUs),
            std::vector<std::string>());
}

TEST_P(TwinRecorded, EveryAttemptOnceWithoutEnrichment) {
  const Together together(auth, audit, false);
  EXPECT_EQ(differences(truth, without_forgeries(together.sink.events), kSlackUs),
            std::vector<std::string>());
}

TEST_P(TwinRecorded, BothLogsAreNamedWhereBothTold) {
  // "message repeated" comes when the first of its guesses may have gone on alone.
  if (*GetParam() != 0) GTEST_SKIP() << "of the main recording only";
  const Together together(auth, audit, true);
  std::vector<Told> events = without_forgeries(together.sink.events);
  std::stable_sort(events.begin(), events.end(),
                   [](const Told& a, const Told& b) { return a.time < b.time; });
  std::vector<const Attempt*> matched;
  differences(truth, events, kSlackUs, &matched);
  for (std::size_t i = 0; i < events.size(); ++i) {
    // auth.log tells of the first wrong password of a sudo that succeeds in the end, and of no other.
    if (matched[i] == nullptr || matched[i]->kind == "sudo_2_wrong_then_right") continue;
    const bool both = mentions(matched[i]->visible, "auth") && mentions(matched[i]->visible, "audit");
    if (!both) continue;
    EXPECT_EQ(events[i].logs, doorward::Told::authlog | doorward::Told::auditd)
        << events[i].brief() << " at " << events[i].time;
  }
  EXPECT_EQ(together.merge.late(), 0U);
}

TEST_P(TwinRecorded, InOrderOfTime) {
  const Together together(auth, audit, true);
  EXPECT_TRUE(std::is_sorted(together.sink.events.begin(), together.sink.events.end(),
                             [](const Told& a, const Told& b) { return a.time < b.time; }));
}

INSTANTIATE_TEST_SUITE_P(Logs, TwinRecorded, testing::Values("", "-repeated"),
                         [](const auto& one) { return *one.param == 0 ? "main" : "repeated"; });

}  // namespace
}  // namespace auditd_test
}  // namespace doorward
