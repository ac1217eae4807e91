// Which rules an exception silences, for which events, and until when.
#include "plugins/exceptions/exceptions.h"

#include "plugins/limits.h"
#include "plugins/time_text.h"
#include "tests/exceptions/written.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

Event logon(const char* user, const char* ip, const char* time) {
  Event event;
  event.outcome = Outcome::success;
  event.time = *parse_time(time);
  event[Field::user_name] = user;
  event.ip = *IpAddress::parse(ip);
  return event;
}

const std::string kVpn =
    "[[exception]]\nname = \"vpn\"\nrule = [\"rare_source_ip_for_user\", \"rare_hour_for_user\"]\n"
    "source.ip = \"198.51.100.0/24\"\nuser.name = [\"svc-*\", \"!svc-root\"]\n" +
    kWhy;

TEST(Exceptions, AllConditionsMustHoldForTheRulesNamed) {
  Written written(kVpn);
  ASSERT_TRUE(written.mistakes.empty()) << written.messages()[0];
  ASSERT_EQ(written.set.size(), 1U);
  const RuleMask ip = written.bit("rare_source_ip_for_user");
  const RuleMask hour = written.bit("rare_hour_for_user");
  const RuleMask user = written.bit("rare_user");
  const char* day = "2026-11-20T08:00:00Z";
  EXPECT_EQ(written.set.silenced(logon("svc-a", "198.51.100.7", day), ip), ip);
  EXPECT_EQ(written.set.silenced(logon("svc-a", "198.51.100.7", day), ip | hour | user), ip | hour);
  EXPECT_EQ(written.set.silenced(logon("svc-a", "198.51.100.7", day), user), 0U);
  EXPECT_EQ(written.set.silenced(logon("svc-a", "198.51.101.7", day), ip), 0U);
  EXPECT_EQ(written.set.silenced(logon("alice", "198.51.100.7", day), ip), 0U);
  EXPECT_EQ(written.set.silenced(logon("svc-root", "198.51.100.7", day), ip), 0U);
  EXPECT_EQ(written.set.count(0).silenced, 2U) << "events, not rules";
  EXPECT_EQ(written.set.count(0).newest, *parse_time(day));
  EXPECT_EQ(written.set.count(0).since, *parse_time(day));
}

TEST(Exceptions, HoldToTheEndOfTheirLastDayByEventTime) {
  const std::string exact =
      "[[exception]]\nname = \"exact\"\nrule = \"*\"\nuser.name = \"bob\"\nreason = \"r\"\n"
      "owner = \"o\"\nexpires = 2026-05-01T12:00:00+02:00\n";
  Written written(kVpn + exact);
  ASSERT_TRUE(written.mistakes.empty()) << written.messages()[0];
  const RuleMask ip = written.bit("rare_source_ip_for_user");
  const auto vpn = [&](const char* time) {
    return written.set.silenced(logon("svc-a", "198.51.100.7", time), ip);
  };
  EXPECT_EQ(vpn("2027-01-31T23:59:59.999999Z"), ip);
  EXPECT_EQ(vpn("2027-02-01T00:00:00Z"), 0U);
  EXPECT_EQ(vpn("2030-01-01"), 0U);
  EXPECT_EQ(vpn("2020-01-01"), ip) << "old logs are judged by what held then";
  EXPECT_EQ(written.set.count(0).silenced, 2U);
  EXPECT_EQ(written.set.count(0).too_late, 2U);
  EXPECT_EQ(written.set.count(0).newest, *parse_time("2027-01-31T23:59:59.999999Z"));
  const auto bob = [&](const char* time) {
    return written.set.silenced(logon("bob", "192.0.2.1", time), written.all());
  };
  EXPECT_EQ(bob("2026-05-01T09:59:59Z"), written.all());
  EXPECT_EQ(bob("2026-05-01T10:00:00Z"), 0U);
}

TEST(Exceptions, SeveralAddUpAndEachCounts) {
  Written written("[[exception]]\nname = \"a\"\nrule = \"rare_user\"\nuser.name = \"bob\"\n" +
                  kWhy + "[[exception]]\nname = \"b\"\nrule = \"rare_h*\"\nuser.name = \"bob\"\n" +
                  kWhy);
  ASSERT_TRUE(written.mistakes.empty()) << written.messages()[0];
  EXPECT_EQ(written.set[1].mask,
            written.bit("rare_host_for_user") | written.bit("rare_host_for_network") |
                written.bit("rare_hour_for_user") | written.bit("rare_hour_of_day_for_user"));
  const RuleMask fired =
      written.bit("rare_user") | written.bit("rare_host_for_user") | written.bit("unusual_logon");
  EXPECT_EQ(written.set.silenced(logon("bob", "192.0.2.1", "2026-05-01"), fired),
            written.bit("rare_user") | written.bit("rare_host_for_user"));
  EXPECT_EQ(written.set.count(0).silenced, 1U);
  EXPECT_EQ(written.set.count(1).silenced, 1U);
}

TEST(Exceptions, MistakesNameTheirLineAndSilenceNothing) {
  const Written written(
      "[[exception]]\n"                                                    // 1
      "name = \"x\"\nrule = \"rare_user\"\nuser.name = \"a\"\n"            // 2
      "[[exception]]\n"                                                    // 5
      "name = \"y\"\nrule = \"no_such_rule\"\nsource.ip = \"planet\"\n" +  // 6
      kWhy +                                                               // 9
      "[[exception]]\n"                                                    // 12
      "name = \"z\"\nrule = \"rare_use\"\nuser.shoe = \"b\"\n" +           // 13
      kWhy +
      "[[exception]]\nname = \"v\"\nrule = \"rare_use\"\n" + kWhy +  // 19
      "[[exception]]\nname = \"v\"\nrule = \"*\"\nreason = \"r\"\nowner = \"o\"\n"
      "expires = \"next year\"\n");
  EXPECT_EQ(
      written.messages(),
      (std::vector<std::string>{
          "ex.toml:1: reason: expected a string that is not empty",
          "ex.toml:1: owner: expected a string that is not empty",
          "ex.toml:1: expires: expected the last day on which it holds, such as 2027-01-31, "
          "or a date-time",
          "ex.toml:8: source.ip: \"planet\": expected an address or a prefix such as "
          "10.0.0.0/8",
          "ex.toml:15: user.shoe: no such field; settings here are name, rule, reason, owner, "
          "expires",
          "ex.toml:30: expires: expected the last day on which it holds, such as 2027-01-31, "
          "or a date-time",
          "ex.toml:26: name: a second exception \"v\"", "ex.toml:19: rule: no rule \"rare_use\""}));
  ASSERT_EQ(written.set.size(), 1U);
  EXPECT_EQ(written.set[0].mask, 0U);
}

TEST(Exceptions, OtherTablesAreMistakesOnlyInTheirOwnFiles) {
  std::vector<Error> mistakes;
  ExceptionText text{"agent.toml", "timezone = \"UTC\"\n" + kVpn, true};
  EXPECT_EQ(ExceptionSet(std::span(&text, 1), nullptr, mistakes).size(), 1U);
  EXPECT_TRUE(mistakes.empty());
  text.among_others = false;
  EXPECT_EQ(ExceptionSet(std::span(&text, 1), nullptr, mistakes).size(), 1U);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes[0].message(), "agent.toml:1: timezone: no such setting here");
}

TEST(Exceptions, HaveALimitAndAskingAllocatesNothing) {
  std::string many;
  for (std::size_t i = 0; i <= kExceptionsMax; ++i) {
    many += "[[exception]]\nname = \"e" + std::to_string(i) +
            "\"\nrule = \"*\"\nsource.ip = \"10." + std::to_string(i / 250) + "." +
            std::to_string(i % 250) + ".0/24\"\n" + kWhy;
  }
  Written written(many);
  ASSERT_EQ(written.mistakes.size(), 1U);
  EXPECT_NE(written.messages()[0].find("more than 1000 exceptions"), std::string::npos);
  EXPECT_EQ(written.set.size(), kExceptionsMax);
  const Event in = logon("a", "10.3.249.9", "2026-11-20");
  const Event out = logon("a", "10.4.0.9", "2026-11-20");
  const std::uint64_t before = allocations();
  const RuleMask of_in = written.set.silenced(in, 1);
  const RuleMask of_out = written.set.silenced(out, 1);
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(of_in, 1U);
  EXPECT_EQ(of_out, 0U) << "the one beyond the limit";
  EXPECT_EQ(written.set.count(kExceptionsMax - 1).silenced, 1U);
}

}  // namespace
}  // namespace doorward
