// What wins over what: the fleet's policy, the host's own agent.toml, and what is typed.
#include "agent/fleet_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/daemon/configuration.h"
#include "agent/fleet/policy_store.h"
#include "agent/load_exceptions.h"
#include "plugins/set_files.h"
#include "tests/policy/policy_files.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kHostTables = R"(
[inputs]
journald = "yes"
history_days = 3
[[input]]
path = "/var/log/fleet.log"
[geo]
databases = ["/fleet.mmdb"]
)";

class FleetPolicyTest : public testing::Test {
 protected:
  void send(const PolicyTexts& texts) {
    auto store = PolicyStore::open(state_.dir());
    ASSERT_TRUE(store.ok());
    const Status taken =
        store.value()->offer(++version_, texts, [](const std::string&) { return Status(); });
    ASSERT_TRUE(taken.ok()) << taken.error().message();
  }

  /// With the host's own agent.toml.
  Settings settings(const std::string& own = "") {
    options_.config = state_.write("agent.toml", "[state]\ndir = \"" + state_.dir() + "\"\n" + own);
    mistakes_.clear();
    return read_settings(options_, mistakes_);
  }

  TemporaryFolder state_;
  CommonOptions options_;
  std::uint64_t version_ = 0;
  std::vector<Error> mistakes_;
};

TEST_F(FleetPolicyTest, WithoutOneNothingChanges) {
  const Settings found = settings();
  EXPECT_FALSE(found.fleet.has_value());
  EXPECT_EQ(found.fleet_trouble, "");
  EXPECT_TRUE(found.overrides().empty());
}

TEST_F(FleetPolicyTest, WinsForTheBudgetAndRules) {
  PolicyTexts texts = office_policy();
  text_of(texts, "policy.toml") += kHostTables;
  send(texts);
  const Settings found = settings("[alerts]\nbudget_per_day = 9\n[baseline]\nmemory_mib = 4\n");
  EXPECT_THAT(words_of(mistakes_), IsEmpty());
  ASSERT_TRUE(found.fleet.has_value());
  EXPECT_EQ(found.fleet->version, 1U);
  EXPECT_EQ(found.budget_per_day, 2);
  EXPECT_EQ(found.memory_mib, 4);
  EXPECT_EQ(found.overrides().size(), 2U);
  // Where the host says nothing the fleet's inputs hold.
  EXPECT_EQ(found.daemon.journald, Wanted::yes);
  EXPECT_EQ(found.daemon.history_days, 3);
  ASSERT_EQ(found.daemon.inputs.size(), 1U);
  EXPECT_EQ(found.daemon.inputs[0].path, "/var/log/fleet.log");
  EXPECT_EQ(found.geo_databases, std::vector<std::string>{"/fleet.mmdb"});
}

TEST_F(FleetPolicyTest, LeavesTablesOfTheHostAlone) {
  send({{"policy.toml", kHostTables}});
  Settings found = settings("[inputs]\nauditd = \"no\"\n");
  EXPECT_EQ(found.daemon.journald, Wanted::automatic);
  EXPECT_EQ(found.daemon.auditd, AuditdFrom::nothing);
  EXPECT_EQ(found.daemon.history_days, 35);
  EXPECT_EQ(found.daemon.inputs.at(0).path, "/var/log/fleet.log");
  found = settings("[[input]]\npath = \"/own.log\"\n[geo]\ndatabases = []\n");
  EXPECT_EQ(found.daemon.journald, Wanted::yes);
  EXPECT_EQ(found.daemon.inputs.at(0).path, "/own.log");
  EXPECT_EQ(found.daemon.inputs.size(), 1U);
  EXPECT_THAT(found.geo_databases, IsEmpty());
}

TEST_F(FleetPolicyTest, RulesAndExceptionsAreInForceWithSetsOfThePolicy) {
  send(office_policy());
  const Settings found = settings(
      "[[exception]]\nname = \"vpn-egress\"\nrule = \"*\"\nuser.name = \"eve\"\n"
      "reason = \"r\"\nowner = \"o\"\nexpires = 2030-01-01\n"
      "[[exception]]\nname = \"own\"\nrule = \"rare_hour_for_user\"\nuser.name = \"bob\"\n"
      "reason = \"r\"\nowner = \"o\"\nexpires = 2030-01-01\n");
  const std::vector<RuleText> texts = rule_texts(options_, found, mistakes_);
  DiskLoader loader;
  SetFiles set_files(loader);
  const RuleSet rules(texts, HashKey{}, mistakes_, &set_files, found.overrides());
  ExceptionSet exceptions = load_exceptions(options_, found, rules, set_files, mistakes_);
  EXPECT_THAT(words_of(mistakes_), IsEmpty());
  EXPECT_LT(rules.find("root_on_gate"), rules.size());
  EXPECT_EQ(rules.find("rare_hour_for_user"), rules.size());
  EXPECT_EQ(rules.rule(rules.find("rare_host_for_user")).overridden_at,
            found.fleet->folder + "/policy.toml:7");
  ASSERT_EQ(exceptions.size(), 2U);  // the fleet's vpn-egress and the host's own
  EXPECT_EQ(exceptions[0].where, found.fleet->folder + "/exceptions/vpn.toml:1");
  EXPECT_EQ(set_files.size(), 1U);
}

TEST_F(FleetPolicyTest, AFolderThatIsTypedStandsInItsPlace) {
  send(office_policy());
  TemporaryFolder typed;
  typed.write("policy.toml", "[alerts]\nbudget_per_day = 5\n");
  options_.policy = typed.dir();
  EXPECT_EQ(settings().budget_per_day, 5);
  typed.write("policy.toml", "[alerts]\nbudget = 5\n");
  settings();
  EXPECT_THAT(words_of(mistakes_),
              testing::ElementsAre(typed.dir() + "/policy.toml:2: budget: no such setting here"));
  options_.policy = "";
  EXPECT_EQ(settings().budget_per_day, 0);
  EXPECT_THAT(words_of(mistakes_), IsEmpty());
}

TEST_F(FleetPolicyTest, ADamagedOneIsLeftOutAndToldAndIsNoMistake) {
  send(office_policy());
  const std::string folder = settings().fleet->folder;
  std::ofstream(folder + "/policy.toml", std::ios::app) << "x = 1\n";
  const Settings found = settings();
  EXPECT_THAT(words_of(mistakes_), IsEmpty());
  EXPECT_FALSE(found.fleet.has_value());
  EXPECT_THAT(found.fleet_trouble, HasSubstr("damaged; its files are not those that the server"));
}

}  // namespace
}  // namespace doorward
