// What `check` says of exceptions, and the file that keeps their counts.
#include "plugins/exceptions/exception_review.h"

#include "plugins/time_text.h"
#include "tests/exceptions/written.h"

namespace doorward {
namespace {

using Texts = std::vector<std::string>;

std::string one(const std::string& name, const std::string& rule, const std::string& conditions,
                const std::string& expires = "2027-01-31") {
  return "[[exception]]\nname = \"" + name + "\"\nrule = " + rule + "\n" + conditions +
         "\nreason = \"r\"\nowner = \"o\"\nexpires = " + expires + "\n";
}

Texts warnings_of(const Written& written, const char* now = "2026-11-20") {
  Texts out;
  for (const Error& warning : review_exceptions(written.set, written.rules, *parse_time(now))) {
    out.push_back(warning.message());
  }
  return out;
}
Texts warnings_of(const std::string& toml, const char* now = "2026-11-20") {
  const Written written(toml);
  EXPECT_TRUE(written.mistakes.empty()) << written.messages()[0];
  return warnings_of(written, now);
}

TEST(Review, ExpiredOnesAreNamed) {
  const std::string toml = one("x", "\"rare_user\"", "user.name = \"a\"");
  EXPECT_EQ(warnings_of(toml, "2027-01-31T23:59:59Z"), Texts{});
  EXPECT_EQ(warnings_of(toml, "2027-02-01"),
            Texts{"ex.toml:1: exception x (o) expired at 2027-02-01T00:00:00Z and silences nothing "
                  "since; renew or remove it"});
}

TEST(Review, UnmatchedForThirtyDaysByTheReport) {
  Written written(one("x", "\"rare_user\"", "user.name = \"a\"") +
                  one("y", "\"rare_user\"", "user.name = \"b\"") +
                  one("z", "\"rare_user\"", "user.name = \"c\""));
  EXPECT_EQ(warnings_of(written), Texts{}) << "nothing is known without counts";
  std::vector<Error> mistakes;
  read_exception_report(
      "{\"exception\":\"x\",\"silenced\":3,\"since\":\"2026-01-01\",\"newest\":\"2026-10-21\"}\n"
      "{\"exception\":\"y\",\"silenced\":0,\"since\":\"2026-10-21\"}\n"
      "{\"exception\":\"z\",\"silenced\":0,\"since\":\"2026-10-22\"}\n"
      "{\"exception\":\"gone\",\"silenced\":9}\n",
      "r", written.set, mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(warnings_of(written),
            (Texts{"ex.toml:1: exception x (o) has not matched since 2026-10-21; is it still "
                   "needed?",
                   "ex.toml:8: exception y (o) has not matched since counting began on 2026-10-21; "
                   "is it still needed?"}));
  EXPECT_EQ(warnings_of(written, "2026-11-19T23:59:59Z"), Texts{});
}

TEST(Review, TheReportGoesThereAndBack) {
  Written first(one("x", "\"rare_user\"", "user.name = \"a\"") +
                one("\\\"y\\\"", "\"*\"", "user.name = \"b\""));
  Event event;
  event.time = *parse_time("2026-11-20T08:00:00.5Z");
  event[Field::user_name] = "b";
  first.set.silenced(event, first.all());
  event.time = *parse_time("2026-11-21");
  first.set.silenced(event, first.all());
  std::string report;
  append_exception_report(first.set, report);
  EXPECT_EQ(report,
            "{\"exception\":\"x\",\"silenced\":0,\"too_late\":0,"
            "\"since\":\"2026-11-20T08:00:00.500000Z\"}\n"
            "{\"exception\":\"\\\"y\\\"\",\"silenced\":2,\"too_late\":0,"
            "\"since\":\"2026-11-20T08:00:00.500000Z\",\"newest\":\"2026-11-21T00:00:00.000000Z\"}"
            "\n");
  std::vector<Error> mistakes;
  read_exception_report(report, "r", first.set, mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(first.set.count(1).silenced, 4U) << "counts of runs add";
  EXPECT_EQ(first.set.count(1).newest, *parse_time("2026-11-21"));
  read_exception_report("{}\n\nnonsense\n{\"exception\":\"x\",\"silenced\":-1}\n[", "r", first.set,
                        mistakes);
  Texts said;
  for (const Error& mistake : mistakes) said.push_back(mistake.where);
  EXPECT_EQ(said, (Texts{"r:1", "r:3", "r:4", "r:5"}));
}

TEST(Review, WhollyCoveredOnes) {
  const std::string wide = one("wide", "\"*\"", "source.ip = \"10.1.0.0/17\"");
  const std::string narrow =
      one("narrow", "\"rare_user\"", "source.ip = \"10.1.2.0/24\"\nuser.name = \"a\"");
  EXPECT_EQ(warnings_of(wide + narrow),
            Texts{"ex.toml:8: exception narrow (o) is wholly covered by wide (ex.toml:1)"});
  EXPECT_EQ(warnings_of(narrow + wide),
            Texts{"ex.toml:1: exception narrow (o) is wholly covered by wide (ex.toml:9)"});
  EXPECT_EQ(warnings_of(one("a", "\"rare_user\"", "user.name = \"svc-*\"") +
                        one("b", "\"rare_user\"", "user.name = \"svc-x\"")),
            Texts{"ex.toml:8: exception b (o) is wholly covered by a (ex.toml:1)"});
  // Of two alike, one.
  EXPECT_EQ(warnings_of(one("a", "\"rare_user\"", "user.name = \"x\"") +
                        one("b", "\"rare_user\"", "user.name = \"x\"")),
            Texts{"ex.toml:8: exception b (o) is wholly covered by a (ex.toml:1)"});
  // Another rule, another value, or a longer life: not covered.
  EXPECT_EQ(warnings_of(one("a", "\"rare_user\"", "user.name = \"svc-*\"") +
                        one("b", "\"rare_host_for_user\"", "user.name = \"svc-x\"") +
                        one("c", "\"rare_user\"", "user.name = \"x\"") +
                        one("d", "\"rare_user\"", "user.name = \"svc-x\"", "2027-02-01")),
            Texts{});
}

TEST(Review, TooBroadOnes) {
  EXPECT_EQ(warnings_of(one("x", "\"rare_user\"", "")),
            Texts{"ex.toml:1: exception x (o) has no condition: it silences its rules altogether"});
  for (const char* value :
       {"\"0.0.0.0/0\"", "\"::/0\"", "\"*\"", "[\"0.0.0.0/1\", \"128.0.0.0/1\"]"}) {
    EXPECT_EQ(warnings_of(one("x", "\"rare_user\"", std::string("source.ip = ") + value)),
              Texts{"ex.toml:1: exception x (o) is too broad: source.ip matches any value"})
        << value;
  }
  const Texts every = {
      "ex.toml:1: exception x (o) is too broad: it silences every rule, with no condition that "
      "names single values or a small network"};
  EXPECT_EQ(warnings_of(one("x", "\"*\"", "source.ip = \"10.0.0.0/16\"")), every);
  EXPECT_EQ(warnings_of(one("x", "\"*\"", "user.name = \"svc-*\"")), every);
  EXPECT_EQ(warnings_of(one("x", "\"*\"", "user.name = \"!root\"")), every);
  EXPECT_EQ(warnings_of(one("x", "\"*\"", "event.action = \"sudo\"")), every);
  EXPECT_EQ(warnings_of(one("x", "\"*\"", "source.ip = \"10.0.0.0/17\"")), Texts{});
  EXPECT_EQ(warnings_of(one("x", "\"*\"", "user.name = \"svc-*\"\nsource.ip = \"10.0.0.7\"")),
            Texts{});
  EXPECT_EQ(warnings_of(one("x", "\"rare_user\"", "user.name = \"svc-*\"")), Texts{});
}

}  // namespace
}  // namespace doorward
