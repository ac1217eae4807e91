// [[output]] tables: every mistake with its line, secrets only from files that others cannot read.
#include "plugins/delivery/settings.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plugins/delivery/net/address.h"
#include "plugins/delivery/net/secret.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

std::vector<OutputSettings> read(const std::string& toml, std::vector<std::string>& mistakes) {
  std::vector<Error> errors;
  Result<Params> document = Params::open(toml, "a.toml", &errors);
  std::vector<OutputSettings> out;
  if (document) {
    out = read_outputs(document.value(), errors);
    document.value().refuse_unknown();
  } else {
    errors.push_back(document.error());
  }
  for (const Error& error : errors) mistakes.push_back(error.message());
  return out;
}

std::vector<std::string> mistakes_of(const std::string& toml) {
  std::vector<std::string> mistakes;
  const std::size_t outputs = read("[[output]]\n" + toml, mistakes).size();
  EXPECT_EQ(outputs == 0, !mistakes.empty()) << toml;
  return mistakes;
}

using Lines = std::vector<std::string>;

TEST(OutputSettings, AllKindsTogether) {
  std::vector<std::string> mistakes;
  const std::vector<OutputSettings> outputs = read(R"(
[[output]]
type = "file"
path = "/var/log/doorward/alerts.ndjson"
[[output]]
type = "stdout"
min_score = 40
[[output]]
type = "syslog"
address = "tls://log.example"
[[output]]
type = "syslog"
name = "local"
[[output]]
type = "http"
kind = "elasticsearch"
url = "https://siem.example:9200"
)",
                                                   mistakes);
  EXPECT_EQ(mistakes, Lines());
  ASSERT_EQ(outputs.size(), 5U);
  EXPECT_EQ(outputs[0].name, "file");
  EXPECT_EQ(outputs[0].sink.target, "/var/log/doorward/alerts.ndjson");
  EXPECT_EQ(outputs[1].min_score, 40);
  EXPECT_EQ(outputs[2].sink.target, "tls://log.example:6514");
  EXPECT_EQ(outputs[3].sink.target, "unix:///dev/log");
  EXPECT_EQ(outputs[3].name, "local");
  EXPECT_EQ(outputs[4].sink.target, "https://siem.example:9200");
  for (const OutputSettings& output : outputs) EXPECT_TRUE(output.sink.warnings.empty());
}

TEST(OutputSettings, EveryMistakeHasItsLine) {
  EXPECT_EQ(mistakes_of("type = \"pigeon\""),
            Lines({"a.toml:2: type: no such output: \"pigeon\"; there are file, http, stdout, "
                   "syslog"}));
  EXPECT_EQ(mistakes_of("name = \"x\""),
            Lines({"a.toml:1: type: expected a string that is not empty"}));
  EXPECT_EQ(mistakes_of("type = \"file\""),
            Lines({"a.toml:1: path: expected a string that is not empty"}));
  EXPECT_EQ(mistakes_of("type = \"file\"\npath = \"a\"\nmax_mib = 0\ncolour = 1\nmin_score = 101"),
            Lines({"a.toml:6: min_score: expected a number from 0 to 100",
                   "a.toml:4: max_mib: expected a whole number from 1 to 1048576",
                   "a.toml:3: path: expected an absolute path",
                   "a.toml:5: colour: no such setting here"}));
  EXPECT_EQ(mistakes_of("type = \"file\"\npath = \"/a\"\nrotate = false\nkeep = 3"),
            Lines({"a.toml:5: keep: has no meaning with rotate = false"}));
  EXPECT_EQ(mistakes_of("type = \"stdout\"\nname = \"a b\""),
            Lines({"a.toml:3: name: expected 1 to 64 letters, digits, \".\", \"-\" and \"_\""}));
  EXPECT_EQ(mistakes_of("type = \"syslog\"\naddress = \"udp://x\"\nfacility = \"kern\""),
            Lines({"a.toml:4: facility: no such facility: \"kern\"",
                   "a.toml:3: address: expected tls://HOST[:PORT], tcp://HOST[:PORT] or "
                   "unix:///PATH"}));
  EXPECT_EQ(
      mistakes_of("type = \"syslog\"\naddress = \"tls://x\"\nca_file = \"/no/such/ca.pem\"").size(),
      1U);
  EXPECT_EQ(mistakes_of("type = \"http\"\nkind = \"pager\"\nurl = \"https://x\""),
            Lines({"a.toml:3: kind: no such kind: \"pager\"; there are elasticsearch, opensearch, "
                   "splunk and webhook"}));
  EXPECT_EQ(mistakes_of("type = \"http\"\nkind = \"webhook\"\nurl = \"https://u:p@x\""),
            Lines({"a.toml:4: url: expected no user or password here: they belong into a file of "
                   "their own"}));
  EXPECT_EQ(mistakes_of("type = \"http\"\nkind = \"webhook\"\nurl = \"https://x\"\n"
                        "headers = { Authorization = \"Bearer x\" }"),
            Lines({"a.toml:5: Authorization: a secret belongs into token_file"}));
  EXPECT_EQ(mistakes_of("type = \"http\"\nkind = \"webhook\"\nurl = \"https://x\"\n"
                        "headers = { content-LENGTH = \"0\" }"),
            Lines({"a.toml:5: content-LENGTH: is set by the program"}));
  EXPECT_EQ(mistakes_of("type = \"http\"\nkind = \"elasticsearch\"\nurl = \"https://x\"\n"
                        "index = \"Big\"")
                .size(),
            1U);
}

TEST(OutputSettings, NamesAreUnique) {
  std::vector<std::string> mistakes;
  const auto outputs =
      read("[[output]]\ntype = \"stdout\"\n[[output]]\ntype = \"stdout\"", mistakes);
  EXPECT_EQ(outputs.size(), 1U);
  EXPECT_EQ(mistakes,
            Lines({"a.toml:4: type: there is an output \"stdout\" already; give each a name"}));
}

TEST(OutputSettings, SecretsComeFromFilesThatOthersCannotRead) {
  TemporaryFolder folder;
  const std::string token = folder.write("token", "hunter2\n");
  const std::string toml =
      "type = \"http\"\nkind = \"splunk\"\ntoken_file = \"" + token + "\"\nurl = ";
  ::chmod(token.c_str(), 0644);
  EXPECT_EQ(mistakes_of(toml + "\"https://x\""),
            Lines({"a.toml:4: token_file: " + token +
                   ": others may read this secret; chmod 0640 or 0600"}));
  ::chmod(token.c_str(), 0640);
  EXPECT_EQ(mistakes_of(toml + "\"https://x\""), Lines());
  EXPECT_EQ(mistakes_of(toml + "\"http://127.0.0.1:8088\""), Lines());
  EXPECT_EQ(mistakes_of(toml + "\"http://splunk.example:8088\""),
            Lines({"a.toml:5: url: a token or password goes over https:// only"}));
  EXPECT_EQ(read_secret(token).value(), "hunter2");
  for (const char* bad : {"", "\n", "a\nb", "\x01"}) {
    folder.write("token", bad);
    EXPECT_FALSE(read_secret(token).ok()) << bad;
  }
  folder.write("token", std::string(5000, 'x'));
  EXPECT_FALSE(read_secret(token).ok());
  EXPECT_EQ(mistakes_of("type = \"http\"\nkind = \"webhook\"\nurl = \"https://x\"\nuser = \"u\""),
            Lines({"a.toml:5: user: user and password_file go together"}));
}

TEST(OutputSettings, TheSpool) {
  std::vector<Error> mistakes;
  Result<Params> document = Params::open("[spool]\nmax_mib = 8\n", "a.toml", &mistakes);
  const SpoolSettings small = read_spool(document.value(), "/var/lib/doorward/spool");
  EXPECT_EQ(small.dir, "/var/lib/doorward/spool");
  EXPECT_EQ(small.bytes_max, 8U * 1024 * 1024);
  Result<Params> bad = Params::open("[spool]\ndir = \"here\"\nmax_mib = 0\n", "a.toml", &mistakes);
  EXPECT_EQ(read_spool(bad.value(), "/x").bytes_max, 64U * 1024 * 1024);
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(mistakes[0].message(), "a.toml:3: max_mib: expected a whole number from 1 to 16384");
  EXPECT_EQ(mistakes[1].message(), "a.toml:2: dir: expected an absolute path");
}

TEST(AddressTest, Parses) {
  const Address address = parse_address("HTTPS://siem.example:9200/a/b").value();
  EXPECT_EQ(address.scheme, "https");
  EXPECT_EQ(address.host, "siem.example");
  EXPECT_EQ(address.port, "9200");
  EXPECT_EQ(address.path, "/a/b");
  EXPECT_EQ(parse_address("tls://[2001:db8::1]:6514").value().authority(), "[2001:db8::1]:6514");
  for (const char* bad :
       {"", "x", "://x", "https://", "https://:1", "https://x:0", "https://x:65536", "https://x:y",
        "https://x y", "https://[::1", "https://[x]", "https://[::1]9", "https://a,b",
        "https://u@x", "https://x/#a", "https://x\r\nHost: y"}) {
    EXPECT_FALSE(parse_address(bad).ok()) << bad;
  }
}

TEST(Base64, KnownPairs) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob\xFF"), "Zm9vYv8=");
}

}  // namespace
}  // namespace doorward
