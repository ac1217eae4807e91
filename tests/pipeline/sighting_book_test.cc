// What an agent tells the fleet of events: once, bounded, the most telling first.
#include <algorithm>
#include <set>

#include "plugins/pipeline/sightings.h"
#include "tests/agent/office.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

class SightingBookTest : public testing::Test {
 protected:
  SightingBookTest() : rules_(builtin_rules(), HashKey{}, mistakes_), book_(rules_) {}

  Event& logon(std::string_view user, std::string_view ip, std::string_view host, TimeUs time,
               Outcome outcome = Outcome::success) {
    event_ = {};
    event_.time = time;
    event_.outcome = outcome;
    event_[Field::user_name] = user;
    event_[Field::host_name] = host;
    event_[Field::source_address] = ip;
    event_[Field::event_action] = "ssh_login";
    event_[Field::event_dataset] = "system.auth";
    event_.ip = IpAddress::parse(ip).value_or(IpAddress{});
    return event_;
  }
  void note(const Event& event) { book_.note(event, rules_.prepare(event, keys_)); }

  std::vector<Error> mistakes_;
  RuleSet rules_;
  SightingBook book_;
  EventKeys keys_;
  Event event_;
  TimeUs start_ = *parse_time("2026-03-02");
};

TEST_F(SightingBookTest, WhichRulesAreTheFleets) {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_.rule(i).fleet) ids.insert(rules_.rule(i).id);
    EXPECT_EQ(rules_.rule(i).fleet, (rules_.fleet_rules() >> i & 1U) != 0);
  }
  EXPECT_EQ(ids, (std::set<std::string>{"lateral_fan_out", "password_spraying", "account_spraying",
                                        "distributed_guessing", "signin_from_suspicious_source",
                                        "multiple_rules_for_entity", "slow_guessing"}));
}

TEST_F(SightingBookTest, ALogonOnceForEachUserSourceAndHost) {
  for (int i = 0; i < 4; ++i) note(logon("alice", "192.0.2.1", "web-01", start_ + i * kSecondUs));
  note(logon("alice", "192.0.2.1", "web-02", start_ + 2 * kSecondUs));
  note(logon("bob", "192.0.2.1", "web-01", start_ + kSecondUs));
  const std::vector<SightingRecord> told = book_.take();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0], (SightingRecord{start_, 1, "ssh_login", "alice", "192.0.2.1", "web-01",
                                     "system.auth", "", "", 4}));
  EXPECT_EQ(told[1].user, "bob");
  EXPECT_EQ(told[2].host, "web-02");
  EXPECT_EQ(book_.size(), 0U);
  EXPECT_TRUE(book_.take().empty());
  EXPECT_EQ(book_.counts().noted, 6U);
  EXPECT_EQ(book_.counts().sightings, 3U);
  EXPECT_EQ(book_.counts().lost, 0U);
}

TEST_F(SightingBookTest, WhatWasToldIsToldAgainAfterAnHour) {
  int told = 0;
  for (int minute = 0; minute < 180; ++minute) {
    note(logon("deploy", "10.0.0.9", "web-01", start_ + minute * 60 * kSecondUs));
    told += static_cast<int>(book_.take().size());
  }
  EXPECT_EQ(told, 3);
}

TEST_F(SightingBookTest, FailuresOnceForEachSourceAndUser) {
  note(logon("alice", "203.0.113.9", "web-01", start_, Outcome::failure));
  note(logon("alice", "203.0.113.9", "web-02", start_ + kSecondUs, Outcome::failure));
  note(logon("bob", "203.0.113.9", "web-01", start_ + 2 * kSecondUs, Outcome::failure));
  Event& invalid = logon("alice", "203.0.113.9", "web-01", start_, Outcome::failure);
  invalid[Field::account] = kInvalidAccount;
  note(invalid);
  const std::vector<SightingRecord> told = book_.take();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].count + told[1].count + told[2].count, 4U);
  EXPECT_EQ(told[2].user, "bob");
  EXPECT_EQ(told[2].outcome, 2);
}

TEST_F(SightingBookTest, WhatNoFleetRuleLooksAtIsNotNoted) {
  Event& sudo = logon("alice", "", "web-01", start_);
  sudo[Field::event_action] = "sudo";
  note(sudo);
  Event& call = logon("alice", "8.8.8.8", "", start_);
  call[Field::event_action] = "ListBuckets";
  note(call);
  EXPECT_EQ(book_.counts().noted, 0U);
  EXPECT_EQ(book_.size(), 0U);
}

TEST_F(SightingBookTest, OfASensorsAlertTheEndThatIsNotOurs) {
  Event& alert = logon("", "10.0.0.5", "", start_, Outcome::unknown);
  alert[Field::event_category] = "intrusion_detection";
  alert[Field::event_action] = "alert";
  alert[Field::event_dataset] = "suricata.eve";
  alert[Field::rule_name] = "TROJAN beacon";
  alert[Field::destination_address] = "2a00:1:2::9";
  note(alert);
  alert[Field::destination_address] = "10.0.0.6";  // both ends are ours
  note(alert);
  const std::vector<SightingRecord> told = book_.take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].source, "2a00:1:2::9");
  EXPECT_EQ(told[0].rule, "TROJAN beacon");
  EXPECT_EQ(told[0].outcome, 0);
}

TEST_F(SightingBookTest, AFloodLeavesRoomForWhatTellsMore) {
  // Guesses, each of another name from another address.
  for (int i = 0; i < 20'000; ++i) {
    const std::string user = "u" + std::to_string(i);
    const std::string ip = "31." + std::to_string(i / 250 % 250) + "." + std::to_string(i % 250) +
                           "." + std::to_string(1 + i / 62'500);
    note(logon(user, ip, "gate", start_ + i * 1000, Outcome::failure));
  }
  EXPECT_EQ(book_.size(), kSightingFailuresMax);
  EXPECT_EQ(book_.counts().lost, 20'000U - kSightingFailuresMax);
  // Then one address that tries sixty names, and logons that succeed.
  for (int i = 0; i < 60; ++i) {
    note(logon("staff" + std::to_string(i), "203.0.113.66", "gate", start_ + 30 * kSecondUs,
               Outcome::failure));
  }
  for (int i = 0; i < 200; ++i) {
    note(logon("staff" + std::to_string(i), "10.1.2.3", "gate", start_ + 31 * kSecondUs));
  }
  const std::vector<SightingRecord> told = book_.take();
  EXPECT_EQ(told.size(), kSightingFailuresMax + 200);
  const auto of = [&](std::string_view source) {
    return std::count_if(told.begin(), told.end(),
                         [&](const SightingRecord& one) { return one.source == source; });
  };
  EXPECT_GE(of("203.0.113.66"), 55);
  EXPECT_EQ(of("10.1.2.3"), 200);
}

TEST_F(SightingBookTest, OneAddressDoesNotFillTheBook) {
  for (int i = 0; i < 10'000; ++i) {
    note(logon("u" + std::to_string(i), "203.0.113.66", "gate", start_, Outcome::failure));
  }
  EXPECT_EQ(book_.size(), kSightingAlikeMax);
  EXPECT_EQ(book_.counts().lost, 10'000U - kSightingAlikeMax);
  // Nor do successes that somebody makes up take more than there is.
  for (int i = 0; i < 5'000; ++i) {
    note(logon("u" + std::to_string(i), "203.0.113.66", "gate", start_));
  }
  EXPECT_EQ(book_.size(), kSightingsMax);
  EXPECT_EQ(book_.take().size(), kSightingsMax);
}

TEST_F(SightingBookTest, LongTextsAreCutAndStayText) {
  const std::string name = std::string(kSightingTextBytes - 1, 'x') + "\xC3\xA4" + "zzz";
  note(logon(name, "192.0.2.1", std::string(100'000, 'h'), start_));
  const std::vector<SightingRecord> told = book_.take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].user, std::string(kSightingTextBytes - 1, 'x'));
  EXPECT_EQ(told[0].host, std::string(kSightingTextBytes, 'h'));
}

TEST_F(SightingBookTest, NotingDoesNotAllocate) {
  std::vector<std::string> names;
  for (int i = 0; i < 3'000; ++i) names.push_back("u" + std::to_string(i));
  const std::size_t before = allocations();
  for (int i = 0; i < 3'000; ++i) {
    const Outcome outcome = i % 3 == 0 ? Outcome::success : Outcome::failure;
    note(logon(names[static_cast<std::size_t>(i)], "203.0.113.66", "gate", start_ + i, outcome));
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_GT(before, 0U);
}

TEST_F(SightingBookTest, IsSavedAndReadBack) {
  for (int i = 0; i < 400; ++i) {
    note(logon("u" + std::to_string(i), "203.0.113." + std::to_string(i % 7), "gate", start_ + i,
               i % 2 == 0 ? Outcome::success : Outcome::failure));
  }
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  book_.save(out);
  SightingBook back(rules_);
  StateReader in(bytes);
  back.load(in);
  EXPECT_TRUE(in.done());
  EXPECT_EQ(back.take(), book_.take());

  for (std::size_t size = 0; size < bytes.size(); size += 13) {
    SightingBook none(rules_);
    StateReader part(std::span<const std::uint8_t>(bytes).first(size));
    none.load(part);
    EXPECT_FALSE(part.ok());
    EXPECT_EQ(none.size(), 0U);
  }
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::vector<std::uint8_t> bad = bytes;
    bad[at] ^= 0xFFU;
    SightingBook some(rules_);
    StateReader damaged(bad);
    some.load(damaged);
    EXPECT_LE(some.size(), kSightingsMax);
    some.take();
  }
}

class SightingsOfAPipeline : public PipelineTest {};

TEST_F(SightingsOfAPipeline, AreThoseOfScoredEventsFromWhichOnItAlerts) {
  PipelineOptions options;
  options.alerts_from = start_ + 14 * kDay;
  start(options);
  SightingBook book(rules_);
  ordinary_weeks();
  EXPECT_EQ(book.size(), 0U);
  pipeline_->note_sightings(&book);
  logon("alice", "10.1.4.20", "web-01", start_ + 29 * kDay);
  logon("alice", "10.1.4.20", "web-01", start_ + 29 * kDay + kSecondUs);
  logon("alice", "203.0.113.9", "web-01", start_ + 29 * kDay, Outcome::failure);
  logon("bob", "10.1.5.7", "db-01", start_ + 13 * kDay);
  EXPECT_EQ(book.size(), 2U);
  pipeline_->note_sightings(nullptr);
  logon("bob", "10.1.5.7", "db-01", start_ + 30 * kDay);
  EXPECT_EQ(book.size(), 2U);
}

}  // namespace
}  // namespace doorward
