// The core: groups of changes, numbers that two want, a full disk, restarts, and others' entries.
#include "server/core/core.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/server/core_world.h"
#include "tests/support/wait.h"

namespace doorward {
namespace {

Core::Done ignore() {
  return [](const Result<std::vector<Committed>>&, FleetView&) {};
}

Core::Propose audit(const std::string& action) {
  return [action](FleetView& view) -> Result<std::vector<LogEntry>> {
    log::AuditT table;
    table.action = action;
    return std::vector<LogEntry>{entry_of(EntryKind::audit, "", view.state.audits() + 1, table)};
  };
}

TEST(Core, FirstOpenMakesAKeyAndAGroupThatStay) {
  CoreWorld world;
  world.open();
  const HashKey key = world.fleet_key();
  EXPECT_NE(key, HashKey{});
  world.look([](FleetView& view) {
    EXPECT_EQ(view.state.key_number(), 1U);
    ASSERT_NE(view.state.group("default"), nullptr);
    EXPECT_EQ(view.state.groups().size(), 1U);
  });
  world.close();
  world.open();
  EXPECT_EQ(world.fleet_key(), key);
  EXPECT_EQ(world.all(EntryKind::group).size(), 1U);
}

TEST(Core, ManyChangesAreOneTransaction) {
  CoreWorld world;
  world.open();
  world.enrol(kAgentA);
  const int before = world.disk.appends;
  std::vector<std::uint64_t> places;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    world.core->change(
        [i](FleetView&) -> Result<std::vector<LogEntry>> {
          log::DeltaT table;
          table.group = "default";
          return std::vector<LogEntry>{entry_of(EntryKind::delta, kAgentA, i, table)};
        },
        [&](const Result<std::vector<Committed>>& result, FleetView& view) {
          ASSERT_TRUE(result);
          EXPECT_EQ(view.state.agent(kAgentA)->last_delta, 1000U);
          places.push_back(result.value().front().place.value_or(0));
        });
  }
  EXPECT_EQ(world.core->waiting(), 1000U);
  world.core->run_pending();
  EXPECT_EQ(world.core->waiting(), 0U);
  EXPECT_EQ(world.disk.appends, before + 1);
  ASSERT_EQ(places.size(), 1000U);
  for (std::size_t i = 1; i < places.size(); ++i) EXPECT_EQ(places[i], places[i - 1] + 1);
}

TEST(Core, ADeltaThatIsThereAlreadyIsNotFoldedAgain) {
  CoreWorld world;
  world.open();
  world.enrol(kAgentA);
  int heard = 0;
  world.core->listen([&](const LogEntry& entry, FleetView&) {
    if (entry.kind == EntryKind::delta) ++heard;
  });
  EXPECT_GT(world.append(world.delta(kAgentA, 1)), 0U);
  EXPECT_EQ(world.append(world.delta(kAgentA, 1)), 0U);
  EXPECT_EQ(heard, 1);
}

TEST(Core, TwoWhoWantTheSameNumberGetTwo) {
  CoreWorld world;
  world.open();
  for (const char* action : {"one", "two", "three"}) {
    world.core->change(audit(action), [](const Result<std::vector<Committed>>& result, FleetView&) {
      ASSERT_TRUE(result);
      EXPECT_TRUE(result.value().front().place.has_value());
    });
  }
  world.core->run_pending();
  const std::vector<LogEntry> entries = world.all(EntryKind::audit);
  ASSERT_EQ(entries.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(entries[i].number, i + 1);
  EXPECT_EQ(text_of(entry_table<log::Audit>(entries[1])->action()), "two");
}

TEST(Core, WhatIsAskedAfterAChangeSeesIt) {
  CoreWorld world;
  world.open();
  std::vector<std::string> order;
  std::uint64_t before = 99, after = 99;
  world.core->ask([&](FleetView& view) { before = view.state.audits(); });
  world.core->change(audit("x"), [&](const Result<std::vector<Committed>>&, FleetView&) {
    order.push_back("done");
  });
  world.core->ask([&](FleetView& view) {
    after = view.state.audits();
    order.push_back("asked");
  });
  world.core->run_pending();
  EXPECT_EQ(before, 0U);
  EXPECT_EQ(after, 1U);
  EXPECT_EQ(order, (std::vector<std::string>{"done", "asked"}));
}

TEST(Core, AProposalThatIsRefusedChangesNothing) {
  CoreWorld world;
  world.open();
  std::string error;
  world.core->change(
      [](FleetView&) -> Result<std::vector<LogEntry>> {
        return Error{"", "no"};
      },
      [&](const Result<std::vector<Committed>>& result, FleetView&) {
        error = result.ok() ? "" : result.error().what;
      });
  world.core->run_pending();
  EXPECT_EQ(error, "no");
  EXPECT_EQ(world.core->trouble(), "");
}

TEST(Core, AFullDiskChangesNothingAndIsSaidUntilItHasRoom) {
  CoreWorld world;
  world.open();
  int heard = 0;
  world.core->listen([&](const LogEntry&, FleetView&) { ++heard; });
  world.disk.full = true;
  std::vector<std::string> errors;
  for (int i = 0; i < 2; ++i) {
    world.core->change(audit("x"), [&](const Result<std::vector<Committed>>& result, FleetView&) {
      errors.push_back(result.ok() ? "" : result.error().message());
    });
  }
  world.core->run_pending();
  EXPECT_EQ(errors, (std::vector<std::string>(2, "server.db: the disk is full")));
  EXPECT_EQ(world.core->trouble(), "server.db: the disk is full");
  EXPECT_EQ(heard, 0);
  world.look([](FleetView& view) { EXPECT_EQ(view.state.audits(), 0U); });
  world.disk.full = false;
  world.core->change(audit("x"), ignore());
  world.core->run_pending();
  EXPECT_EQ(world.core->trouble(), "");
  EXPECT_EQ(heard, 1);
}

TEST(Core, HearsOfWhatAnotherProcessAppends) {
  CoreWorld world;
  world.open();
  std::vector<std::string> heard;
  world.core->listen([&](const LogEntry& entry, FleetView& view) {
    EXPECT_GE(view.state.folded(), entry.place);
    heard.push_back(entry.subject);
  });
  {
    Result<Store> other = open_store(world.folder.dir(), true);
    ASSERT_TRUE(other) << other.error().message();
    const std::vector<LogEntry> entries = {
        entry_of(EntryKind::group, "elsewhere", 1, log::GroupT())};
    ASSERT_TRUE(other.value().log->append(entries));
  }
  // Its place is before that of what is appended here next.
  world.append(entry_of(EntryKind::group, "here", 1, log::GroupT()));
  EXPECT_EQ(heard, (std::vector<std::string>{"elsewhere", "here"}));
}

TEST(Core, ARunningCoreHearsOfOthersWithinSeconds) {
  CoreWorld world;
  world.open();
  std::atomic<bool> heard{false};
  world.core->listen([&](const LogEntry& entry, FleetView&) {
    if (entry.subject == "elsewhere") heard = true;
  });
  world.core->start();
  Result<Store> other = open_store(world.folder.dir(), true);
  ASSERT_TRUE(other) << other.error().message();
  const std::vector<LogEntry> entries = {entry_of(EntryKind::group, "elsewhere", 1, log::GroupT())};
  ASSERT_TRUE(other.value().log->append(entries));
  EXPECT_TRUE(wait_until([&] { return heard.load(); }));
  world.core->stop();
}

TEST(Core, ClosesARoundWhenDeltasCame) {
  CoreWorld world;
  world.settings.round_interval_s = 1;
  world.open();
  world.enrol(kAgentA);
  std::atomic<std::uint64_t> generation{0};
  world.core->listen([&](const LogEntry& entry, FleetView&) {
    if (entry.kind == EntryKind::round) generation = entry.number;
  });
  EXPECT_GT(world.append(world.delta(kAgentA, 1)), 0U);
  world.core->start();
  EXPECT_TRUE(wait_until([&] { return generation.load() == 1; }));
  world.core->stop();
  EXPECT_EQ(generation.load(), 1U);
}

TEST(Core, FinishesWhatWasAskedBeforeItStops) {
  CoreWorld world;
  world.open();
  world.core->start();
  std::atomic<int> done{0};
  for (int i = 0; i < 500; ++i) {
    world.core->change(audit("x"), [&](const Result<std::vector<Committed>>& result, FleetView&) {
      EXPECT_TRUE(result);
      ++done;
    });
  }
  world.core->stop();
  EXPECT_EQ(done.load(), 500);
  world.close();
  world.open();
  world.look([](FleetView& view) { EXPECT_EQ(view.state.audits(), 500U); });
}

TEST(Core, OldAlertsGo) {
  CoreWorld world;
  world.settings.alerts_days = 1;
  world.open();
  log::AlertT table;
  table.agent = kAgentA;
  table.kind = 1;
  table.document = R"({"event":{"id":"x"}})";
  LogEntry old = entry_of(EntryKind::alert, "old", 0, table);
  old.at = clock_now() - 2 * 24 * 3600 * kSecondUs;
  world.append(old);
  world.append(entry_of(EntryKind::alert, "new", 0, table));
  world.core->start();
  EXPECT_TRUE(wait_until([&] {
    std::atomic<int> found{-1};
    world.core->ask([&](FleetView& view) {
      const auto row = view.alerts.get("old");
      found = row.ok() && row.value() ? 1 : 0;
    });
    return wait_until([&] { return found != -1; }) && found == 0;
  }));
  world.core->stop();
  world.close();
  world.open();
  const std::vector<LogEntry> left = world.all(EntryKind::alert);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().subject, "new");
}

TEST(Core, FoldsAHundredThousandEntriesAtTheStart) {
  CoreWorld world;
  world.open();
  static constexpr std::uint64_t kAgents = 1000;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    std::string agent = std::to_string(i % kAgents);
    agent.insert(0, 32 - agent.size(), '0');
    world.core->change(
        [agent, i](FleetView&) -> Result<std::vector<LogEntry>> {
          if (i < kAgents) {
            log::EnrolmentT table;
            table.group = "default";
            return std::vector<LogEntry>{entry_of(EntryKind::enrolment, agent, 1, table)};
          }
          log::DeltaT table;
          table.group = "default";
          return std::vector<LogEntry>{entry_of(EntryKind::delta, agent, i / kAgents, table)};
        },
        ignore());
  }
  const auto begin = std::chrono::steady_clock::now();
  world.core->run_pending();
  const auto appended = std::chrono::steady_clock::now();
  world.close();
  const auto closed = std::chrono::steady_clock::now();
  world.open();
  const auto opened = std::chrono::steady_clock::now();
  world.look([](FleetView& view) {
    EXPECT_EQ(view.state.agents().size(), kAgents);
    EXPECT_EQ(view.state.agents().begin()->second.last_delta, 99U);
  });
  const auto ms = [](auto from, auto to) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
  };
  std::printf("100,000 entries: %ld ms to append and fold, %ld ms to open\n",
              static_cast<long>(ms(begin, appended)), static_cast<long>(ms(closed, opened)));
}

}  // namespace
}  // namespace doorward
