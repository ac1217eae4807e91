// The answers to the questions of the guides.
#include "server/triage/triage.h"

#include <gtest/gtest.h>

#include "plugins/pipeline/pipeline.h"
#include "plugins/sources/json_record.h"
#include "plugins/time_text.h"
#include "tests/server/small_core.h"

namespace doorward {
namespace {

constexpr TimeUs kDayUs = 24 * 3600 * kSecondUs;

class Silence final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override {}
};

class TriageTest : public testing::Test {
 protected:
  TriageTest()
      : rules_(builtin_rules(), HashKey{}, mistakes_),
        baseline_(std::move(Baseline::make({})).value()),
        pipeline_(rules_, baseline_, silence_, {}) {
    alert_.id = std::string(32, 'a');
    alert_.rule = "unusual_logon";
    alert_.user = "alice";
    alert_.address = "203.0.113.9";
    alert_.host = "db-04";
    alert_.time = start_ + 20 * kDayUs;
  }
  void logon(std::string_view user, std::string_view ip, std::string_view host, TimeUs time) {
    Event event;
    event.time = time;
    event.outcome = Outcome::success;
    event[Field::user_name] = user;
    event[Field::host_name] = host;
    event[Field::source_address] = ip;
    event[Field::event_action] = "ssh_login";
    event.ip = *IpAddress::parse(ip);
    pipeline_.on_event(event);
  }
  [[nodiscard]] JsonValue fleet() {
    EXPECT_TRUE(record_.read(fleet_knowledge_json("office", baseline_, rules_, alert_)));
    return record_.root();
  }

  std::vector<Error> mistakes_;
  RuleSet rules_;
  Baseline baseline_;
  Silence silence_;
  Pipeline pipeline_;
  AlertRow alert_;
  JsonRecord record_;
  TimeUs start_ = *parse_time("2026-03-05T00:00:00Z");  // an epoch begins on a Thursday
};

TEST_F(TriageTest, WhatTheFleetKnowsOfTheUser) {
  for (int day = 0; day < 14; ++day) {
    logon("alice", "10.1.4.20", day < 7 ? "web-01" : "web-02", start_ + day * kDayUs);
  }
  // Somebody else was in the alert's network in the first week.
  logon("bob", "203.0.113.77", "db-01", start_ + kDayUs);
  const JsonValue known = fleet();
  EXPECT_EQ(known["group"].text(), "office");
  EXPECT_EQ(known["epoch_days"].integer(), 7);
  EXPECT_EQ(known["user"]["name"].text(), "alice");
  EXPECT_TRUE(known.at("user.known").exists());
  EXPECT_EQ(known.at("user.logons").integer(), 14);
  EXPECT_EQ(known.at("user.addresses").integer(), 1);
  EXPECT_EQ(known.at("user.hosts").integer(), 2);
  EXPECT_EQ(known.at("user.first").text(), "2026-03-05T00:00:00.000000Z");
  EXPECT_EQ(known.at("user.last").text(), "2026-03-19T00:00:00.000000Z");
  const JsonValue address = known["seen"].where("what", "source.ip");
  EXPECT_EQ(address["value"].text(), "203.0.113.9");
  EXPECT_EQ(address["of"].text(), "alice");
  EXPECT_EQ(address["count"].integer(), 0);
  EXPECT_EQ(address["different"].integer(), 1);
  EXPECT_FALSE(address["first"].exists());
  const JsonValue host = known["seen"].where("what", "host.name");
  EXPECT_EQ(host["count"].integer(), 0);
  EXPECT_EQ(host["different"].integer(), 2);
  // The fleet has seen the network, in its older epoch alone.
  const JsonValue net = known["seen"].where("of", "fleet");
  EXPECT_EQ(net["what"].text(), "source.ip/net");
  EXPECT_EQ(net["value"].text(), "203.0.113.0/24");
  EXPECT_EQ(net["count"].integer(), 1);
  EXPECT_EQ(net["first"].text(), "2026-03-05T00:00:00.000000Z");
  EXPECT_EQ(net["last"].text(), "2026-03-12T00:00:00.000000Z");
  EXPECT_EQ(net["by_epoch"].first().integer(), 0);
}

TEST_F(TriageTest, AnEmptyBaselineKnowsNobody) {
  const JsonValue known = fleet();
  EXPECT_EQ(known.at("user.logons").integer(), 0);
  EXPECT_FALSE(known.at("from").exists());
  alert_.user.clear();
  alert_.address = "no address";
  alert_.host.clear();
  EXPECT_FALSE(fleet()["user"].exists());
}

TEST_F(TriageTest, WhatStoredAlertsTell) {
  SmallLog log;
  SmallCore core(log);
  EntityHistory& address = core.alerts.histories[{AlertIndex::Entity::address, "203.0.113.9"}];
  address.alerts = 3;
  address.first = start_;
  address.last = start_ + kDayUs;
  address.users = {{"alice", 2, start_, start_ + kDayUs}, {"bob", 1, start_, start_}};
  const Result<std::string> told = triage_json(core.view(), alert_);
  ASSERT_TRUE(told.ok());
  ASSERT_TRUE(record_.read(told.value())) << told.value();
  const JsonValue root = record_.root();
  EXPECT_EQ(root["alert"].text(), alert_.id);
  EXPECT_EQ(root.at("address.alerts").integer(), 3);
  EXPECT_EQ(root.at("address.first").text(), "2026-03-05T00:00:00.000000Z");
  EXPECT_EQ(root["address"]["users"].where("name", "bob")["alerts"].integer(), 1);
  EXPECT_EQ(root.at("user.name").text(), "alice");
  EXPECT_EQ(root.at("user.alerts").integer(), 0);
  EXPECT_EQ(root.at("host.name").text(), "db-04");
  core.alerts.broken = true;
  EXPECT_FALSE(triage_json(core.view(), alert_).ok());
}

}  // namespace
}  // namespace doorward
