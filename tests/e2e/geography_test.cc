// Places end to end: a database given to the program, what is said without one, and a broken one.
#include <gtest/gtest.h>

#include "tests/e2e/program.h"
#include "tests/support/mmdb_writer.h"

namespace doorward {
namespace {

using V = MmdbValue;
constexpr const char* kAgent = DOORWARD_AGENT;

std::string accepted(const char* time, const char* user, const char* ip) {
  return std::string("2026-03-02T") + time +
         ".000000+00:00 web-01 sshd[4711]: Accepted password for " + user + " from " + ip +
         " port 50022 ssh2\n";
}

std::string city_file() {
  MmdbWriter writer({28, 6, "Test-City"});
  const auto place = [](const char* country, const char* city, double latitude, double longitude) {
    return V::map({{"city", V::map({{"names", V::map({{"en", V::text(city)}})}})},
                   {"country", V::map({{"iso_code", V::text(country)}})},
                   {"location",
                    V::map({{"latitude", V::real(latitude)}, {"longitude", V::real(longitude)}})}});
  };
  writer.add("81.2.69.0/24", place("DE", "Berlin", 52.5, 13.5));
  writer.add("2a00:23c0::/32", place("SE", "Stockholm", 59.25, 18));
  writer.add("10.0.0.0/8", place("ZZ", "Nowhere", 1, 1));
  return writer.file();
}

std::string asn_file() {
  MmdbWriter writer({24, 6, "Test-ASN"});
  writer.add("81.2.0.0/16", V::map({{"asn", V::text("AS64500")}, {"name", V::text("Example")}}));
  return writer.file();
}

class Geography : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string log_ =
      folder_.write("auth.log", accepted("08:00:00", "alice", "81.2.69.142") +
                                    accepted("08:20:00", "alice", "2a00:23c0::1") +
                                    accepted("08:30:00", "bob", "10.1.2.3"));
  const std::string city_ = folder_.write("city.mmdb", city_file());
  const std::string asn_ = folder_.write("asn.mmdb", asn_file());
};

TEST_F(Geography, NormalizeTellsThePlaceOfPublicAddresses) {
  const Ran ran = run(kAgent, {"normalize", "--geoip", city_, "--geoip", asn_, log_});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::vector<std::string> lines = lines_of(ran.out);
  ASSERT_EQ(lines.size(), 3U);
  const auto has = [&](std::size_t line, const std::string& text) {
    return lines[line].find(text) != std::string::npos;
  };
  EXPECT_TRUE(has(0, R"("geo":{"country_iso_code":"DE","city_name":"Berlin","location":)"
                     R"({"lat":52.5,"lon":13.5}},"as":{"number":64500,"organization":)"
                     R"({"name":"Example"}})"))
      << lines[0];
  EXPECT_TRUE(has(1, R"("geo":{"country_iso_code":"SE","city_name":"Stockholm",)")) << lines[1];
  EXPECT_FALSE(has(1, R"("as":)")) << lines[1];
  EXPECT_FALSE(has(2, R"("geo":)")) << lines[2];
  EXPECT_NE(ran.err.find("places    2 of 2 events from public addresses, 2 databases\n"),
            std::string::npos)
      << ran.err;
}

TEST_F(Geography, ReplayTellsOfAnImpossibleJourney) {
  const Ran ran = run(kAgent, {"replay", "--format", "text", "--geoip", city_, log_});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("alice logged on to web-01 from 2a00:23c0::1: in Stockholm, SE 20 minutes "
                         "after Berlin, DE, 801 km away: 2,403 km/h"),
            std::string::npos)
      << ran.out;
  EXPECT_EQ(ran.err.find("geography off"), std::string::npos) << ran.err;
}

TEST_F(Geography, WithoutADatabaseReplaySaysOnceWhatIsNotJudged) {
  const Ran ran = run(kAgent, {"replay", log_});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  const std::size_t at = ran.err.find("geography off: no --geoip database; rules ");
  ASSERT_NE(at, std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("geography off", at + 1), std::string::npos);
  const std::string line = ran.err.substr(at, ran.err.find('\n', at) - at);
  for (const char* rule : {"rare_country_for_user", "rare_city_for_user", "impossible_travel",
                           "aws_rare_command_for_city", "aws_rare_city_for_user"}) {
    EXPECT_NE(line.find(rule), std::string::npos) << rule;
  }
  for (const char* rule : {"rare_source_ip_for_user", "unusual_logon", "aws_rare_error_code"}) {
    EXPECT_EQ(line.find(rule), std::string::npos) << rule;
  }
  EXPECT_TRUE(line.ends_with(" judge only events that bring their own place")) << line;
}

TEST_F(Geography, TheConfigurationNamesDatabasesAndCheckOpensThem) {
  const std::string good =
      folder_.write("agent.toml", "[geo]\ndatabases = [\"" + city_ + "\", \"" + asn_ + "\"]\n");
  const Ran checked = run(kAgent, {"check", "--config", good});
  EXPECT_EQ(checked.status, 0) << checked.err;
  EXPECT_NE(checked.out.find("geography: " + asn_ + " (Test-ASN)\n"), std::string::npos)
      << checked.out;
  const Ran replayed = run(kAgent, {"replay", "--format", "text", "--config", good, log_});
  EXPECT_NE(replayed.out.find("after Berlin, DE"), std::string::npos) << replayed.out;

  const std::string cut = folder_.write("cut.mmdb", city_file().substr(0, 300));
  const std::string bad =
      folder_.write("bad.toml", "[geo]\ndatabases = \"" + cut + "\"\nfile = \"" + city_ + "\"\n");
  const Ran refused = run(kAgent, {"check", "--config", bad});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("error: " + cut + ": not a whole MMDB file"), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("bad.toml:3: "), std::string::npos) << refused.err;
  EXPECT_EQ(run(kAgent, {"replay", "--geoip", folder_.path("none"), log_}).status, 1);
}

TEST_F(Geography, ExplainLooksThePlaceUp) {
  const std::string baseline = folder_.path("b.dwbl");
  ASSERT_EQ(run(kAgent, {"replay", "--geoip", city_, "--baseline-out", baseline, log_}).status, 0);
  const Ran ran = run(kAgent, {"explain", "--geoip", city_, "--baseline", baseline, "--rule",
                               "rare_country_for_user", "user.name=alice", "source.ip=81.2.69.7",
                               "@timestamp=2026-03-03T08:00:00Z"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("source.geo.country_iso_code DE"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace doorward
