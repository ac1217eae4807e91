#include "plugins/rule_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "plugins/example_event.h"

namespace doorward {
namespace {

/// The filter of a [when] table.
std::unique_ptr<Filter> filter_of(const std::string& toml) {
  std::vector<Error> mistakes;
  Result<Params> table = Params::open(toml, "test.toml", &mistakes);
  EXPECT_TRUE(table.ok());
  auto filter = std::make_unique<Filter>(Filter::read(table.value()));
  EXPECT_TRUE(mistakes.empty()) << toml << ": " << mistakes[0].message();
  return filter;
}

const std::vector<std::string> kTables = {
    "",
    "event.outcome = \"success\"",
    "event.outcome = \"failure\"",
    "event.action = \"ssh_login\"",
    "event.action = [\"ssh_login\", \"sudo\"]\nevent.outcome = \"failure\"",
    "event.action = \"!sudo\"",
    "event.action = [\"\", \"su\"]",
    "event.action = [\"ssh_login\", \"!ssh_login\"]",
    "user.name = [\"alice\", \"x\", \"=*odd*\"]\nevent.action = \"sudo\"",
    "user.name = \"svc-*\"",
    "user.name = \"!svc-*\"\nevent.action = [\"su\", \"sudo\"]",
    "source.ip = \"10.0.0.0/8\"",
    "source.ip = [\"10.0.0.0/8\", \"!10.1.0.0/16\"]\nuser.name = \"alice\"",
    "\"source.ip/scope\" = \"public\"\nevent.outcome = \"success\"",
    "user.name = \"\"",
    "host.name = \"!web\"\nuser.name = \"!\"",
};

// Whatever a filter says of an event by itself, the gate says of it among all.
TEST(RuleGate, SaysOfEachFilterWhatItSaysItself) {
  std::vector<std::unique_ptr<Filter>> filters;
  std::vector<const Filter*> asked;
  for (const std::string& table : kTables) filters.push_back(filter_of(table));
  for (const auto& filter : filters) asked.push_back(filter.get());
  asked.insert(asked.begin() + 3, nullptr);
  const RuleGate gate(asked);
  const std::vector<std::string> actions = {"ssh_login", "sudo",      "su",
                                            "",          "ssh_logim", "xxxxxxxxxx"};
  const std::vector<std::string> users = {"alice", "x", "*odd*", "svc-a", "", "xxxxxx", "alicf"};
  const std::vector<std::string> hosts = {"web", "", "db-01"};
  const std::vector<std::string> addresses = {"", "10.1.2.3", "10.2.2.3", "198.51.100.7",
                                              "2600::1"};
  std::uint64_t seen = 0;
  for (const std::string& action : actions) {
    for (const std::string& user : users) {
      for (const std::string& host : hosts) {
        for (const std::string& address : addresses) {
          for (const Outcome outcome : {Outcome::unknown, Outcome::success, Outcome::failure}) {
            Event event;
            event[Field::event_action] = action;
            event[Field::user_name] = user;
            event[Field::host_name] = host;
            if (!address.empty()) event.ip = *IpAddress::parse(address);
            event.outcome = outcome;
            std::uint64_t expected = 0;
            for (std::size_t i = 0; i < asked.size(); ++i) {
              if (asked[i] != nullptr && asked[i]->matches(event))
                expected |= std::uint64_t{1} << i;
            }
            ASSERT_EQ(gate.matching(event), expected)
                << action << " " << user << " " << host << " " << address;
            seen |= expected;
          }
        }
      }
    }
  }
  // Every filter but the one that contradicts itself, and the one that is not there, matched once.
  EXPECT_EQ(seen, (std::uint64_t{1} << asked.size()) - 1 - (1U << 3) - (1U << 8));
}

TEST(RuleGate, OfNoFiltersMatchesNothing) {
  EXPECT_EQ(RuleGate().matching(Event{}), 0U);
}

}  // namespace
}  // namespace doorward
