// Logs that grow: the same events come out however they grow, and wherever the agent is restarted.
#include "agent/live/live_inputs.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "plugins/time_text.h"
#include "tests/live/memory_stream.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

const std::string kRecorded = std::string(DOORWARD_SOURCE_DIR) + "/tests/data/recorded/";
/// 2026-06-01: after the recording, whose lines name no year.
constexpr TimeUs kNow = 1'780'272'000 * kSecondUs;

class Collector final : public EventSink {
 public:
  void on_event(const Event& event) override {
    events.push_back(format_time(event.time) + " " + std::string(event[Field::user_name]) + " " +
                     std::string(event[Field::source_address]) + " " +
                     std::string(outcome_name(event.outcome)) + " " + std::to_string(event.pid) +
                     " told " + std::to_string(static_cast<int>(event.told)));
  }
  std::vector<std::string> events;
};

/// A host with two logs.
struct Host {
  std::vector<std::string> auth;
  std::vector<std::string> audit;
  std::array<std::size_t, 2> there{};
  LiveClock clock = LiveClock::log;

  [[nodiscard]] LiveInputOptions options() const {
    LiveInputOptions out;
    out.clock = clock;
    out.source_options.host_name = "bastion-01";
    return out;
  }
  void add_to(LiveInputs& inputs) const {
    inputs.add("auth", std::make_unique<MemoryStream>(auth, there[0]), "authlog");
    inputs.add("audit", std::make_unique<MemoryStream>(audit, there[1]), "auditd");
  }
  [[nodiscard]] bool all_there() const {
    return there[0] == auth.size() && there[1] == audit.size();
  }
};

Host recorded() {
  return {lines_of(read_file(kRecorded + "auth-rfc3339.log")),
          lines_of(read_file(kRecorded + "audit.log"))};
}

void read_all(LiveInputs& inputs) {
  inputs.look();
  while (inputs.read(100, kNow)) {
  }
}

/// Both logs are there from the start.
std::vector<std::string> at_once(Host host) {
  Collector sink;
  LiveInputs inputs(host.options(), sink);
  host.there = {host.auth.size(), host.audit.size()};
  host.add_to(inputs);
  read_all(inputs);
  return sink.events;
}

TEST(LiveInputs, GivesTheRecordedAttempts) {
  const std::vector<std::string> events = at_once(recorded());
  EXPECT_GT(events.size(), 30U);
}

TEST(LiveInputs, TheSameHoweverTheLogsGrow) {
  const std::vector<std::string> expected = at_once(recorded());
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    Host host = recorded();
    Collector sink;
    LiveInputs inputs(host.options(), sink);
    host.add_to(inputs);
    while (!host.all_there()) {
      const std::size_t log = random() % 2;
      const std::size_t size = log == 0 ? host.auth.size() : host.audit.size();
      host.there[log] = std::min(size, host.there[log] + 1 + random() % (log == 0 ? 3 : 9));
      read_all(inputs);
    }
    ASSERT_EQ(sink.events, expected) << "seed " << seed;
  }
}

TEST(LiveInputs, ARestartAnywhereChangesNothing) {
  const Host whole = recorded();
  std::mt19937 random(7);
  Collector expected;
  // One order of growth, without and with restarts.
  std::vector<std::size_t> growth;
  for (std::size_t i = 0; i < whole.auth.size() + whole.audit.size(); ++i) {
    growth.push_back(random() % 2);
  }
  const auto run = [&](bool restarts, Collector& sink) {
    Host host = whole;
    auto inputs = std::make_unique<LiveInputs>(host.options(), sink);
    host.add_to(*inputs);
    std::mt19937 dice(11);
    std::size_t restarted = 0;
    for (const std::size_t log : growth) {
      const std::size_t size = log == 0 ? host.auth.size() : host.audit.size();
      host.there[log] = std::min(size, host.there[log] + 5);
      inputs->look();
      // Not to the end, so that a line may be read and not fed.
      inputs->read(1 + dice() % 4, kNow);
      if (restarts && dice() % 7 == 0) {
        std::vector<std::uint8_t> bytes;
        StateWriter out(bytes);
        inputs->save(out);
        inputs = std::make_unique<LiveInputs>(host.options(), sink);
        StateReader in(bytes);
        inputs->load(in);
        ASSERT_TRUE(in.done());
        host.add_to(*inputs);
        ++restarted;
      }
    }
    host.there = {host.auth.size(), host.audit.size()};
    read_all(*inputs);
    EXPECT_EQ(restarted > 50, restarts);
  };
  run(false, expected);
  Collector restarted;
  run(true, restarted);
  EXPECT_GT(expected.events.size(), 30U);
  EXPECT_EQ(restarted.events, expected.events);
}

TEST(LiveInputs, AnAttemptThatNobodyClosesIsToldByTheClock) {
  Host host;
  host.clock = LiveClock::system;
  host.auth = {"2026-05-31T23:59:50Z db sshd[9]: Invalid user ghost from 192.0.2.7 port 4711"};
  Collector sink;
  LiveInputs inputs(host.options(), sink);
  inputs.add("auth", std::make_unique<MemoryStream>(host.auth, host.there[0]), "authlog");
  host.there[0] = 1;
  inputs.look();
  EXPECT_FALSE(inputs.read(100, kNow));
  inputs.look();
  EXPECT_FALSE(inputs.read(100, kNow + 60 * kSecondUs));
  inputs.tick(kNow + 60 * kSecondUs);
  EXPECT_TRUE(sink.events.empty());
  inputs.look();
  inputs.read(100, kNow + 120 * kSecondUs);
  inputs.tick(kNow + 120 * kSecondUs);
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_NE(sink.events[0].find(" ghost "), std::string::npos);
}

TEST(LiveInputs, ALogThatIsReadToItsEndDoesNotHoldUpTheOther) {
  Host host;
  host.clock = LiveClock::system;
  host.auth = {
      "2026-05-31T23:59:50Z db sshd[9]: Accepted password for ann from 192.0.2.7 port 4711 ssh2"};
  host.audit = {"type=DAEMON_START msg=audit(1780000000.000:1): op=start"};
  host.there = {1, 1};
  Collector sink;
  LiveInputs inputs(host.options(), sink);
  host.add_to(inputs);
  inputs.look();
  EXPECT_FALSE(inputs.read(100, kNow));
  // Its twin may still come for ten seconds after its time, which are over.
  inputs.look();
  EXPECT_FALSE(inputs.read(100, kNow + kSecondUs));
  inputs.tick(kNow + kSecondUs);
  EXPECT_EQ(sink.events.size(), 1U);
}

TEST(LiveInputs, DamagedStateIsRefusedWhole) {
  Host host = recorded();
  host.there = {host.auth.size(), host.audit.size() / 2};
  Collector sink;
  LiveInputs inputs(host.options(), sink);
  host.add_to(inputs);
  inputs.look();
  inputs.read(500, kNow);
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  inputs.save(out);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 200) {
    LiveInputs other(host.options(), sink);
    StateReader in({bytes.data(), size});
    other.load(in);
    EXPECT_FALSE(in.ok()) << size;
    EXPECT_EQ(other.lines(), 0U);
  }
}

}  // namespace
}  // namespace doorward
