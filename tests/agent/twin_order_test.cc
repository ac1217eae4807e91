// How the lines of two logs interleave on arrival changes neither the events nor, but where the
// logs disagree, their order.
#include <gtest/gtest.h>

#include <map>

#include "tests/agent/twin_chain.h"

namespace doorward::twin_test {
namespace {

constexpr Told kBoth = Told::authlog | Told::auditd;
using Order = std::vector<std::size_t>;  ///< which log's line is next

/// What an event is and what the order depends on.
struct Left {
  std::string whole;
  TimeUs time = 0;
  bool complete = false;
  bool missing = false;
  bool sudo_failure = false;
};

class Leaving final : public EventSink {
 public:
  void on_event(const Event& event) override {
    events.push_back({state_test::whole(event), event.time, event.told == kBoth,
                      !event[Field::twin].empty(),
                      event[Field::event_action] == "sudo" && event.outcome == Outcome::failure});
  }
  std::vector<Left> events;
};

/// Both logs in their own order: now one is ahead, now the other, by up to `ahead` lines at once.
Order any_order(std::array<std::size_t, 2> left, std::size_t ahead, std::mt19937& random) {
  Order order;
  while (left[0] + left[1] != 0) {
    const std::size_t log = random() % (left[0] + left[1]) < left[0] ? 0 : 1;
    for (auto count = 1 + random() % ahead; count != 0 && left[log] != 0; --count) {
      order.push_back(log);
      --left[log];
    }
  }
  return order;
}

std::vector<Order> orders(std::array<std::size_t, 2> lines, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Order> all;
  for (const std::size_t ahead : {1U, 3U, 10U, 100U}) {
    for (int i = 0; i < 20; ++i) all.push_back(any_order(lines, ahead, random));
  }
  for (const std::size_t first : {0U, 1U}) {  // one log whole, then the other
    Order order(lines[first], first);
    order.insert(order.end(), lines[1 - first], 1 - first);
    all.push_back(order);
  }
  return all;
}

std::vector<Left> run(const Logs& logs, const Order& order) {
  Leaving sink;
  Chain chain(sink);
  std::array<std::size_t, 2> next{};
  for (const std::size_t log : order) chain.feed(log, logs[log][next[log]++]);
  chain.finish();
  return sink.events;
}

/// The same events, all different; those whose pairing is open apart.
void expect_same_events(const std::vector<Left>& seen, const std::vector<Left>& wanted) {
  ASSERT_EQ(seen.size(), wanted.size());
  std::map<std::string, int> count;
  for (const Left& left : wanted) ++count[left.whole];
  for (const Left& left : seen) --count[left.whole];
  for (const auto* events : {&seen, &wanted}) {
    for (const Left& left : *events) {
      if (left.sudo_failure) continue;
      EXPECT_EQ(count[left.whole], 0) << left.whole;
    }
  }
}

/// How many pairs left the other way round. Both are complete and near in time; or one left alone,
/// and its end lies between the stamps of the other's lines.
int swapped(const std::vector<Left>& seen, const std::vector<Left>& wanted) {
  constexpr TimeUs kNear = 5 * kSecondUs;  // the lines of one attempt
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < wanted.size(); ++i) place[wanted[i].whole] = i;
  int pairs = 0;
  for (std::size_t a = 0; a < seen.size(); ++a) {
    for (std::size_t b = a + 1; b < seen.size(); ++b) {
      const Left& x = seen[a];
      const Left& y = seen[b];
      if (x.missing || y.missing || !place.contains(x.whole) || !place.contains(y.whole)) continue;
      if (place[x.whole] < place[y.whole]) continue;
      ++pairs;
      EXPECT_TRUE(x.complete || y.complete) << x.whole << "\n" << y.whole;
      const Left& complete = x.complete ? x : y;
      const Left& other = x.complete ? y : x;
      const TimeUs end = other.complete ? other.time : other.time + kTwinTimeMaxUs;
      EXPECT_LE(std::abs(end - complete.time), kNear) << x.whole << "\n" << y.whole;
      if (!other.complete) {
        EXPECT_GE(end, complete.time) << x.whole << "\n" << y.whole;
      }
    }
  }
  return pairs;
}

/// auth.log in whole seconds and in microseconds, read in step with audit.log or far from it.
TEST(TwinOrder, RecordedLogs) {
  for (const char* name : {"", "-rfc3339"}) {
    Logs logs = recorded_logs("");
    logs[0] = lines_of(read_file(recorded::kFolder + "auth" + name + ".log"));
    const std::vector<Left> wanted = run(logs, in_order_of_time(logs));
    ASSERT_EQ(wanted.size(), 188U);
    int most = 0;
    for (const Order& order : orders({logs[0].size(), logs[1].size()}, 5)) {
      const std::vector<Left> seen = run(logs, order);
      expect_same_events(seen, wanted);
      most = std::max(most, swapped(seen, wanted));
    }
    EXPECT_LE(most, 80) << name;  // of 17,578 pairs
    RecordProperty(std::string("pairs") + name, most);
  }
}

TEST(TwinOrder, RecordedRepeatedLines) {
  const Logs logs = recorded_logs("-repeated");
  const std::vector<Left> wanted = run(logs, in_order_of_time(logs));
  ASSERT_EQ(wanted.size(), 18U);
  for (const Order& order : orders({logs[0].size(), logs[1].size()}, 6)) {
    const std::vector<Left> seen = run(logs, order);
    expect_same_events(seen, wanted);
    EXPECT_EQ(swapped(seen, wanted), 0);
  }
}

/// Attempts of which both logs, or one, tell in the same order.
struct Made {
  struct Line {
    TimeUs stamp;
    Event event;
  };
  std::array<std::vector<Line>, 2> logs;
  std::vector<std::string> names;
};

Event event_of(Told told, TimeUs time, std::uint32_t pid, std::string_view user, Outcome outcome) {
  Event event;
  event.time = time;
  event.told = told;
  event.pid = pid;
  event.outcome = outcome;
  event[Field::user_name] = user;
  event[Field::event_action] = "ssh_login";
  event[Field::process_name] = "sshd";
  event[Field::host_name] = "web-1";
  return event;
}

Made make_logs(unsigned seed, bool whole_seconds) {
  Made made;
  std::mt19937 random(seed);
  constexpr std::size_t kAttempts = 1500;
  for (int i = 0; i < 30; ++i) made.names.push_back("user" + std::to_string(i));
  TimeUs time = 1'790'000'000 * kSecondUs;
  for (std::size_t i = 0; i < kAttempts; ++i) {
    time += static_cast<TimeUs>(random() % 1'500'000);
    const auto pid = static_cast<std::uint32_t>(1000 + i);
    const std::string& user = made.names[random() % made.names.size()];
    const Outcome outcome = random() % 3 == 0 ? Outcome::success : Outcome::failure;
    const auto where = random() % 10;  // 0: auth.log alone; 1: audit.log alone
    const TimeUs stamp = whole_seconds ? time / kSecondUs * kSecondUs : time;
    if (where != 1) {
      made.logs[0].push_back({stamp, event_of(Told::authlog, stamp, pid, user, outcome)});
    }
    if (where != 0) {
      made.logs[1].push_back({time, event_of(Told::auditd, time, pid, user, outcome)});
    }
  }
  return made;
}

std::vector<Left> run(const Made& made, const Order& order) {
  Leaving sink;
  TwinMerge merge(sink);
  merge.expect(kBoth);
  std::array<std::size_t, 2> next{};
  std::array<TimeUs, 2> newest{kNoTime, kNoTime};
  for (const std::size_t log : order) {
    const Made::Line& line = made.logs[log][next[log]++];
    newest[log] = line.stamp;
    merge.advance(std::min(newest[0], newest[1]));
    merge.on_event(line.event);
  }
  merge.finish();
  EXPECT_EQ(merge.pushed_out(), 0U);
  return sink.events;
}

std::vector<std::string> wholes(const std::vector<Left>& events, bool complete) {
  std::vector<std::string> out;
  for (const Left& left : events) {
    if (left.complete == complete) out.push_back(left.whole);
  }
  return out;
}

/// Complete ones in their order, the others in theirs, in any interleaving at all. Where stamps are
/// whole seconds, one that leaves alone can stand on either side of a complete one whose lines'
/// stamps enclose its end.
TEST(TwinOrder, LogsThatAgree) {
  for (const bool whole_seconds : {false, true}) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
      const Made made = make_logs(seed, whole_seconds);
      const std::array<std::size_t, 2> lines{made.logs[0].size(), made.logs[1].size()};
      const std::vector<Order> all = orders(lines, seed);
      const std::vector<Left> wanted = run(made, all.front());
      EXPECT_EQ(wanted.size(), 1500U);
      for (const Order& order : all) {
        const std::vector<Left> seen = run(made, order);
        ASSERT_EQ(wholes(seen, true), wholes(wanted, true));
        ASSERT_EQ(wholes(seen, false), wholes(wanted, false));
        if (whole_seconds) {
          std::map<std::string, std::size_t> place;
          for (std::size_t i = 0; i < wanted.size(); ++i) place[wanted[i].whole] = i;
          for (std::size_t a = 0; a + 1 < seen.size(); ++a) {
            if (place[seen[a].whole] < place[seen[a + 1].whole]) continue;
            const Left& alone = seen[a].complete ? seen[a + 1] : seen[a];
            const Left& complete = seen[a].complete ? seen[a] : seen[a + 1];
            // The complete one bears auth.log's time, and audit.log's is less than a second later.
            const TimeUs end = alone.time + kTwinTimeMaxUs;
            EXPECT_LE(complete.time, end);
            EXPECT_LT(end, complete.time + kSecondUs);
          }
        } else {
          for (std::size_t i = 0; i < seen.size(); ++i) {
            ASSERT_EQ(seen[i].whole, wanted[i].whole) << "seed " << seed << " at " << i;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace doorward::twin_test
