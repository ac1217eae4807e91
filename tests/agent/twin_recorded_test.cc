// auth.log and audit.log of the same time, recorded: together they tell every attempt once.
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/twin_merge.h"
#include "tests/sources/auditd_support.h"
#include "tests/sources/recorded_truth.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;

namespace auditd_test {
namespace {

/// auth.log has whole seconds, cut; a client reads its refusal some milliseconds before sshd writes
/// of it, and the kernel's audit clock ticks as slowly.
constexpr recorded::Clock kClock{.early = kSecondUs, .late = 20'000};

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

std::vector<std::string> lines_as(const std::string& file, bool enriched) {
  std::vector<std::string> lines = read_lines(file);
  if (!enriched) {
    for (std::string& line : lines) line = raw(line);
  }
  return lines;
}

/// Both logs, line by line in the order of time, as the agent reads them.
struct Together {
  Collector sink;
  TwinMerge merge{sink};

  Together(const std::string& auth, const std::string& audit, bool enriched,
           bool keep_order = false)
      : Together(read_lines(auth), lines_as(audit, enriched), keep_order) {}
  Together(std::vector<std::string> auth, std::vector<std::string> audit, bool keep_order = false) {
    merge.keep_order(keep_order);
    merge.expect(doorward::Told::authlog | doorward::Told::auditd);
    SourceOptions options;
    options.host_name = recorded::kHost;
    Input inputs[2];
    inputs[0].source = kSourceAuthlog.make(options);
    inputs[1].source = kSourceAuditd.make(options);
    inputs[0].lines = std::move(auth);
    inputs[1].lines = std::move(audit);
    TimeUs order[2] = {};
    for (int i : {0, 1}) {
      inputs[i].state.year = recorded::kYear;
      inputs[i].look(order[i]);
    }
    while (order[0] != INT64_MAX || order[1] != INT64_MAX) {
      const int i = order[0] <= order[1] ? 0 : 1;
      Input& input = inputs[i];
      if (!keep_order) merge.advance(order[i]);
      input.source->feed(input.lines[input.next], input.stamp, merge);
      if (i == 1) merge.heard_audit(input.lines[input.next], input.stamp.time);
      if (keep_order) merge.advance(order[i]);
      ++input.next;
      input.look(order[i]);
    }
    for (Input& input : inputs) input.source->finish(merge);
    merge.finish();
  }
};

/// "USER ADDRESS" of what the audit log should have told of.
std::vector<std::string> missing_in(const Together& together) {
  std::vector<std::string> out;
  for (const Told& told : together.sink.events) {
    if (told.twin.empty()) continue;
    EXPECT_EQ(told.twin, kMissingTwin);
    EXPECT_EQ(told.outcome, Outcome::success);
    out.push_back(told.user + " " + told.ip_text());
  }
  EXPECT_EQ(together.merge.missing(), out.size());
  return out;
}

class TwinRecorded : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auth = recorded::kFolder + "auth" + GetParam() + ".log";
    audit = recorded::kFolder + "audit" + GetParam() + ".log";
    truth =
        recorded::read_truth(std::string("truth") + GetParam() + ".ndjson", recorded::kBothLogs);
    clock.repeated = *GetParam() != 0;
  }
  std::string auth, audit;
  std::vector<recorded::Attempt> truth;
  recorded::Clock clock = kClock;
};

/// Once, and named after each log that shows it.
TEST_P(TwinRecorded, EveryAttemptOnce) {
  const Together together(auth, audit, true);
  recorded::expect_exactly(truth, together.sink.events, clock);
  if (!clock.repeated) {
    EXPECT_EQ(together.merge.late(), 0U);
  }
}

TEST_P(TwinRecorded, EveryAttemptOnceWithoutEnrichment) {
  recorded::expect_exactly(truth, Together(auth, audit, false).sink.events, clock);
}

/// What is forged is known later, when the audit log has shown that it was being written.
TEST_P(TwinRecorded, InOrderOfTimeWhereThatIsKept) {
  Together together(auth, audit, true, true);
  recorded::expect_exactly(truth, together.sink.events, clock);
  std::erase_if(together.sink.events, [](const Told& told) { return !told.twin.empty(); });
  EXPECT_TRUE(std::is_sorted(together.sink.events.begin(), together.sink.events.end(),
                             [](const Told& a, const Told& b) { return a.time < b.time; }));
}

/// What was told by both leaves at once, and what was not in the order of time.
TEST_P(TwinRecorded, ThoseOfOneLogInOrderOfTime) {
  const Together together(auth, audit, true);
  TimeUs newest = 0;
  TimeUs newest_alone = 0;
  for (const Told& told : together.sink.events) {
    if (!told.twin.empty()) continue;
    EXPECT_GE(told.time, newest - kTwinTimeMaxUs) << told.original;
    newest = std::max(newest, told.time);
    if (told.logs == (doorward::Told::authlog | doorward::Told::auditd)) continue;
    EXPECT_GE(told.time, newest_alone) << told.original;
    newest_alone = told.time;
  }
}

/// Of what never was, the success; and of all that was, nothing.
TEST_P(TwinRecorded, ForgedSuccessesLackTheirTwin) {
  std::vector<std::string> forged;
  for (const recorded::Attempt& attempt : truth) {
    if (!attempt.forged || attempt.outcome != "success") continue;
    forged.push_back(attempt.account + " " + attempt.ip);
  }
  EXPECT_EQ(forged.size(), clock.repeated ? 0U : 1U);
  EXPECT_EQ(missing_in(Together(auth, audit, true)), forged);
  EXPECT_EQ(missing_in(Together(auth, audit, false)), forged);
}

/// An audit log that begins later, ends earlier or has a gap anywhere accuses nobody who is honest.
TEST_P(TwinRecorded, WhatTheAuditLogDoesNotCoverIsNotForged) {
  const std::vector<std::string> all = read_lines(audit);
  std::vector<TimeUs> times;
  InputState state;
  const auto source = kSourceAuditd.make({});
  for (const std::string& line : all) times.push_back(source->stamp(line, state).time);
  const auto expect_honest = [&](TimeUs from, TimeUs to, bool inside) {
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((times[i] >= from && times[i] < to) == inside) kept.push_back(all[i]);
    }
    for (const std::string& name : missing_in(Together(read_lines(auth), std::move(kept)))) {
      EXPECT_EQ(name, "root 203.0.113.99") << from << " to " << to << (inside ? " kept" : " gone");
    }
  };
  const TimeUs first = times.front();
  const TimeUs last = times.back();
  for (TimeUs at = first; at < last; at += 1'700'000) {
    expect_honest(first, at, true);
    expect_honest(at, last + 1, true);
    for (const int seconds : {13, 30, 70}) expect_honest(at, at + seconds * kSecondUs, false);
  }
}

INSTANTIATE_TEST_SUITE_P(Logs, TwinRecorded, testing::Values("", "-repeated"),
                         [](const auto& one) { return *one.param == 0 ? "main" : "repeated"; });

}  // namespace
}  // namespace auditd_test
}  // namespace doorward
