// The merging of twins, saved and loaded, goes on as if nothing had been.
#include <gtest/gtest.h>

#include "tests/agent/twin_chain.h"

namespace doorward::twin_test {
namespace {

using state_test::Bytes;
using state_test::garbled;
using state_test::load;
using state_test::save;
using state_test::split_points;
using state_test::Wholes;

constexpr Told kBoth = Told::authlog | Told::auditd;

std::vector<std::string> from(const std::vector<std::string>& all, std::size_t begin) {
  return {all.begin() + static_cast<std::ptrdiff_t>(begin), all.end()};
}

/// Sources and merging together, split between any two lines of the recorded logs.
TEST(TwinState, RecordedLogsSplitAnywhere) {
  for (const char* name : {"", "-repeated"}) {
    const Logs logs = recorded_logs(name);
    const std::vector<std::size_t> order = in_order_of_time(logs);
    ASSERT_FALSE(order.empty());
    const auto feed = [&](Chain& chain, std::size_t begin, std::size_t end) {
      std::array<std::size_t, 2> next{};
      for (std::size_t i = 0; i < end; ++i) {
        const std::string& line = logs[order[i]][next[order[i]]++];
        if (i >= begin) chain.feed(order[i], line);
      }
    };
    const std::vector<std::size_t> points = split_points(order.size(), 500);
    for (const std::size_t point : points) {
      Wholes first;
      Chain chain(first);
      feed(chain, 0, point);
      const std::size_t told = first.events.size();
      const Bytes state = chain.save();
      Wholes second;
      Chain loaded(second);
      ASSERT_TRUE(loaded.load(state, chain)) << name << " at " << point;
      ASSERT_EQ(loaded.save(), state) << name << " at " << point;
      feed(chain, point, order.size());
      feed(loaded, point, order.size());
      ASSERT_EQ(loaded.save(), chain.save()) << name << " at " << point;
      chain.finish();
      loaded.finish();
      ASSERT_EQ(second.events, from(first.events, told)) << name << " at " << point;
      ASSERT_EQ(loaded.merge.merged(), chain.merge.merged());
      ASSERT_EQ(loaded.merge.late(), chain.merge.late());
      ASSERT_EQ(loaded.merge.missing(), chain.merge.missing());
    }
  }
}

/// What came to a merging: an event, a record of the audit log, or a time.
struct Call {
  enum class Kind : std::uint8_t { event, heard, time } kind = Kind::time;
  Event event;
  TimeUs time = 0;
};

/// Twins, lone events, late ones, doubles, sudo without a pid, forged logons, and gaps in the audit
/// log. More lone events than are remembered, more held ones than there is room for.
struct Traffic {
  std::vector<std::string> names;
  std::vector<Call> calls;
  std::string line = "node=web-1 type=USER_START msg=audit(1790000000.000:1): ...";

  explicit Traffic(unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 50; ++i) {
      names.push_back(i % 7 == 0 ? std::string(60, 'n') + std::to_string(i)
                                 : "user" + std::to_string(i));
    }
    TimeUs now = 1'790'000'000 * kSecondUs;
    std::vector<Call> late;
    for (int i = 0; i < 9'000; ++i) {
      const bool flood = i > 5'000 && i < 7'500;
      now += static_cast<TimeUs>(random() % (flood ? 2'000 : 900'000));
      if (!flood && random() % 500 == 0) now += 40 * kSecondUs;
      const bool success = random() % 3 == 0;
      const std::string& user = names[random() % names.size()];
      const bool sudo = random() % 5 == 0;
      const auto pid = static_cast<std::uint32_t>(1000 + i % 3000);
      const auto make = [&](Told told, TimeUs time) {
        Call call;
        call.kind = Call::Kind::event;
        Event& event = call.event;
        event.time = time;
        event.told = told;
        event.outcome = success ? Outcome::success : Outcome::failure;
        event.pid = sudo && told == Told::authlog ? 0 : pid;
        event[Field::user_name] = user;
        event[Field::event_action] = sudo ? "sudo" : "ssh_login";
        event[Field::process_name] = sudo ? "sudo" : "sshd";
        event[Field::host_name] = i % 2 == 0 ? "web-1" : "web-2";
        event[Field::method] = told == Told::authlog ? "password" : "";
        event[Field::original] = told == Told::authlog ? std::string_view("COMMAND=/bin/sh") : line;
        if (!sudo) {
          event[Field::source_address] = "192.0.2.7";
          event.ip = *IpAddress::parse("192.0.2.7");
        }
        return call;
      };
      const auto which = random() % 10;
      if (which != 0) calls.push_back(make(Told::authlog, now));
      if (which == 1) calls.push_back(make(Told::authlog, now));  // "repeated 2 times"
      if ((which > 2 || which == 0) && !flood) {
        const Call call = make(Told::auditd, now + 300'000);
        if (random() % 20 == 0) {
          late.push_back(call);
        } else {
          calls.push_back(call);
        }
      }
      if (!late.empty() && now - late.front().event.time > 40 * kSecondUs) {
        calls.push_back(late.front());
        late.erase(late.begin());
      }
      calls.push_back({Call::Kind::heard, {}, now});
      calls.push_back({Call::Kind::time, {}, now});
    }
  }

  void feed(TwinMerge& merge, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) {
      const Call& call = calls[i];
      if (call.kind == Call::Kind::event) merge.on_event(call.event);
      if (call.kind == Call::Kind::heard) merge.heard_audit(line, call.time);
      if (call.kind == Call::Kind::time) merge.advance(call.time);
    }
  }
};

TEST(TwinState, TrafficSplitAnywhere) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const Traffic traffic(seed);
    const std::vector<std::size_t> points = split_points(traffic.calls.size(), 40);
    Wholes wanted;
    TwinMerge merge(wanted);
    merge.expect(kBoth);
    std::vector<Bytes> states;
    std::vector<std::size_t> told;
    std::size_t at = 0;
    std::size_t most = 0;
    for (const std::size_t point : points) {
      traffic.feed(merge, at, point);
      at = point;
      states.push_back(save(merge));
      told.push_back(wanted.events.size());
      most = std::max(most, states.back().size());
    }
    traffic.feed(merge, at, traffic.calls.size());
    const Bytes end = save(merge);
    merge.finish();
    EXPECT_GT(merge.late(), 10U);
    EXPECT_GT(merge.missing(), 10U);
    EXPECT_GT(merge.pushed_out(), 0U);
    EXPECT_LE(most, 4U * 1024 * 1024);
    RecordProperty("bytes" + std::to_string(seed), static_cast<int>(most));
    for (std::size_t i = 0; i < points.size(); ++i) {
      Wholes seen;
      TwinMerge loaded(seen);
      ASSERT_TRUE(load(loaded, states[i]));
      ASSERT_EQ(save(loaded), states[i]) << "seed " << seed << " at " << points[i];
      loaded.expect(kBoth);
      traffic.feed(loaded, points[i], traffic.calls.size());
      ASSERT_EQ(save(loaded), end) << "seed " << seed << " at " << points[i];
      loaded.finish();
      ASSERT_EQ(seen.events, from(wanted.events, told[i]))
          << "seed " << seed << " at " << points[i];
      ASSERT_EQ(loaded.merged(), merge.merged());
      ASSERT_EQ(loaded.late(), merge.late());
      ASSERT_EQ(loaded.missing(), merge.missing());
      ASSERT_EQ(loaded.pushed_out(), merge.pushed_out());
    }
  }
}

TEST(TwinState, IdleIsSmall) {
  Wholes sink;
  TwinMerge merge(sink);
  EXPECT_LE(save(merge).size(), 80U);
  merge.expect(kBoth);
  EXPECT_LE(save(merge).size(), 100U);
}

/// A log that is no longer read when the agent comes back: what waited for it goes on.
TEST(TwinState, ExpectationsCanHaveChanged) {
  Wholes sink;
  TwinMerge merge(sink);
  merge.expect(kBoth);
  const Traffic traffic(1);
  traffic.feed(merge, 0, 600);
  merge.on_event(traffic.calls.front().event);
  const Bytes state = save(merge);
  const std::size_t told = sink.events.size();
  merge.finish();
  Wholes seen;
  TwinMerge loaded(seen);
  ASSERT_TRUE(load(loaded, state));
  loaded.expect(Told::authlog);
  EXPECT_GT(seen.events.size(), 0U);
  EXPECT_EQ(seen.events.size(), sink.events.size() - told);
}

TEST(TwinState, DamagedBytes) {
  const Traffic traffic(2);
  Wholes sink;
  TwinMerge merge(sink);
  merge.expect(kBoth);
  traffic.feed(merge, 0, 3'000);
  const Bytes state = save(merge);
  Wholes ignored;
  TwinMerge fresh(ignored);
  fresh.expect(kBoth);
  const Bytes nothing = save(fresh);
  const auto expect_nothing = [&](const TwinMerge& loaded) {
    EXPECT_EQ(save(loaded), nothing);  // and both logs are expected, as before
  };
  for (const std::size_t size : split_points(state.size() - 1, 300)) {
    TwinMerge loaded(ignored);
    loaded.expect(kBoth);
    EXPECT_FALSE(load(loaded, Bytes(state.begin(), state.begin() + static_cast<long>(size))));
    expect_nothing(loaded);
  }
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 1'000; ++i) {
    TwinMerge loaded(ignored);
    loaded.expect(kBoth);
    if (!load(loaded, garbled(state, random))) {
      ++refused;
      expect_nothing(loaded);
    }
    traffic.feed(loaded, 3'000, 3'100);
    loaded.finish();
    ignored.events.clear();
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace doorward::twin_test
